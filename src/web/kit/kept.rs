//! A form that waits for a fresh proof of the second factor: kept in the session, which is on our side, and sent again by a
//! button afterwards. What is secret is not kept.

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tower_sessions::Session;

use super::again;
use super::error::{WantsFresh, WebError};
use super::paths;

const KEY: &str = "kept";
/// As long as somebody may need for the proof.
const LIFETIME: Duration = Duration::minutes(15);

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Path and query.
    pub action: String,
    pub fields: Vec<(String, String)>,
    /// Something secret was among them, so none are kept: the form has to be filled in again.
    #[serde(default)]
    pub lost: bool,
    /// Seconds since 1970.
    until: i64,
}

/// Layer: keep the form of a change that was answered by asking for a fresh proof.
pub async fn keep(
    axum::extract::State(app): axum::extract::State<crate::app::App>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    if !again::is_form(&request) {
        if leaves(&request) {
            drop_kept(&session).await;
        }
        return next.run(request).await;
    }
    let action = request.uri().path_and_query().map(ToString::to_string);
    let (request, body) = match again::read(request).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let response = next.run(request).await;
    if response.extensions().get::<WantsFresh>().is_none() {
        // Sent again, or another one was: the former is over.
        if !is_on_the_way(action.as_deref()) {
            drop_kept(&session).await;
        }
        return response;
    }
    let fields = again::fields(&body);
    let kept = Kept {
        action: action.unwrap_or_default(),
        lost: fields.is_none(),
        fields: fields.unwrap_or_default(),
        until: (app.clock.now() + LIFETIME).unix_timestamp(),
    };
    // A session that cannot be written loses the form and nothing else.
    if let Err(error) = session.insert(KEY, kept).await {
        tracing::warn!(%error, "a form was lost");
    }
    response
}

/// Somebody goes to another page by hand, so that what waited is not wanted any more.
fn leaves(request: &Request) -> bool {
    let by_hand = request.headers().get("sec-fetch-mode");
    let by_hand = by_hand.is_none_or(|mode| mode.as_bytes() == b"navigate");
    request.method() == Method::GET && by_hand && !is_on_the_way(Some(request.uri().path()))
}

/// On the way to a proof and back from it.
fn is_on_the_way(path: Option<&str>) -> bool {
    path.is_some_and(|path| path.starts_with(paths::LOGIN))
}

async fn drop_kept(session: &Session) {
    if let Err(error) = forget(session).await {
        tracing::warn!(%error, "a form that waited could not be forgotten");
    }
}

/// What waits in this session.
pub async fn waiting(session: &Session, now: OffsetDateTime) -> Result<Option<Kept>, WebError> {
    let kept = session.get::<Kept>(KEY).await?;
    Ok(kept.filter(|kept| kept.until > now.unix_timestamp()))
}

/// Nothing waits any more.
pub async fn forget(session: &Session) -> Result<(), WebError> {
    if session.get::<Kept>(KEY).await?.is_some() {
        session.remove::<Kept>(KEY).await?;
    }
    Ok(())
}
