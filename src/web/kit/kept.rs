//! A form that waits for a fresh proof of the second factor: kept in the session, which is on our side, and sent again by a
//! button afterwards. What is secret is not kept.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tower_sessions::Session;

use super::again;
use super::error::{WantsFresh, WebError};

const KEY: &str = "kept";
/// As long as somebody may need for the proof.
const LIFETIME: Duration = Duration::minutes(15);

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Path and query.
    pub action: String,
    pub fields: Vec<(String, String)>,
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
        return next.run(request).await;
    }
    let action = request.uri().path_and_query().map(ToString::to_string);
    let (request, body) = match again::read(request).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let response = next.run(request).await;
    if response.extensions().get::<WantsFresh>().is_none() {
        return response;
    }
    let kept = action
        .zip(again::fields(&body))
        .map(|(action, fields)| Kept {
            action,
            fields,
            until: (app.clock.now() + LIFETIME).unix_timestamp(),
        });
    // A session that cannot be written loses the form and nothing else.
    let done = match kept {
        Some(kept) => session.insert(KEY, kept).await,
        None => session.remove::<Kept>(KEY).await.map(drop),
    };
    if let Err(error) = done {
        tracing::warn!(%error, "a form was lost");
    }
    response
}

/// What waits in this session.
pub async fn waiting(session: &Session, now: OffsetDateTime) -> Result<Option<Kept>, WebError> {
    let kept = session.get::<Kept>(KEY).await?;
    Ok(kept.filter(|kept| kept.until > now.unix_timestamp()))
}

/// Nothing waits any more: somebody asks for a page instead.
pub async fn forget(session: &Session) -> Result<(), WebError> {
    if session.get::<Kept>(KEY).await?.is_some() {
        session.remove::<Kept>(KEY).await?;
    }
    Ok(())
}
