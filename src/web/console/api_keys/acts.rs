//! What is done with a key: another secret, stop, go on, the end.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::Duration;
use tower_sessions::Session;

use super::show::with_rotation;
use super::{SecretPage, find, find_to_change};
use crate::app::App;
use crate::domain::api_key::{self, ChangeError, OVERLAPS};
use crate::domain::op::Op;
use crate::storage::ApiKeyId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rotation {
    /// Of the key as it was shown.
    version: Option<i64>,
    days: String,
    overlap: i64,
}

/// "Rotate": shows the new secret. Only its owner does, who alone is to know it.
pub async fn rotate(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
    Form(sent): Form<Rotation>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let key = find_to_change(&mut op, &viewer, &id).await?;
    // Sent twice, the second would end at once the secret that the first one kept.
    if sent.version.is_some_and(|seen| seen != key.version) {
        return Err(WebError::Conflict(
            "The key was changed or rotated in the meantime. Go back to it, see how it stands, and rotate it then if you still want to.",
        ));
    }
    if !OVERLAPS.contains(&sent.overlap) {
        return Err(WebError::BadRequest(
            "The former secret works on for 0, 1, 3 or 7 days. Go back and choose one of them.",
        ));
    }
    let overlap = Duration::days(sent.overlap);
    let life = match api_key::rotated_life(&sent.days, overlap) {
        Ok(life) => life,
        Err(wrong) => {
            let typed = (sent.days, sent.overlap, wrong.message);
            return with_rotation(&mut op, &app, &viewer, chrome, &key, typed).await;
        }
    };
    let secret = api_key::rotate(&mut op, &key, life, overlap)
        .await
        .map_err(refused)?;
    let key = find(&mut op, &viewer, &id).await?;
    let now = op.now();
    op.commit().await?;
    Ok(SecretPage::new(chrome, &key, &secret, now).into_response())
}

/// "Suspend".
pub async fn suspend(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let key = find(&mut op, &viewer, &id).await?;
    let done = api_key::suspend(&mut op, &key, &viewer.email).await;
    finish(
        op,
        &session,
        key.id,
        done,
        "The key is suspended. It works no more until it is resumed.",
    )
    .await
}

/// "Resume".
pub async fn resume(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let key = find(&mut op, &viewer, &id).await?;
    let done = api_key::resume(&mut op, &key).await;
    finish(op, &session, key.id, done, "The key works again.").await
}

/// "Revoke".
pub async fn revoke(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let key = find(&mut op, &viewer, &id).await?;
    let done = api_key::revoke(&mut op, &key).await;
    finish(op, &session, key.id, done, "The key is revoked for good.").await
}

async fn finish(
    op: Op,
    session: &Session,
    id: ApiKeyId,
    done: Result<(), ChangeError>,
    text: &'static str,
) -> WebResult {
    done.map_err(refused)?;
    op.commit().await?;
    notice::leave(session, Tone::Ok, text).await;
    Ok(Redirect::to(&paths::api_key(id, "")).into_response())
}

/// What no field can be blamed for.
pub fn refused(error: ChangeError) -> WebError {
    match error {
        ChangeError::Changed | ChangeError::Beyond(_) => WebError::Conflict(
            "This has changed in the meantime. Go back, reload the page and look again.",
        ),
        ChangeError::Database(error) => error.into(),
    }
}
