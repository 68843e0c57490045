//! Every message: where it went, how it ended, and sending it again.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::OffsetDateTime;
use tower_sessions::Session;

use super::id_of;
use super::view::DeliveryView;
use crate::app::App;
use crate::domain::alert::{self, ChannelState};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// Messages on a page.
const PAGE: usize = 50;
/// One more is read, to know whether there is another page.
const READ: i64 = 51;

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/deliveries.html")]
pub struct Page {
    chrome: Chrome,
    messages: Vec<DeliveryView>,
    /// Empty when there are no more.
    more: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Microseconds since 1970 and id of the last one before.
    after: String,
}

fn place(text: &str) -> Option<(OffsetDateTime, uuid::Uuid)> {
    let (micros, id) = text.split_once('.')?;
    let micros: i128 = micros.parse().ok()?;
    let at = OffsetDateTime::from_unix_timestamp_nanos(micros.checked_mul(1_000)?).ok()?;
    Some((at, id.parse().ok()?))
}

/// GET: the newest first.
pub async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Page> {
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let before = place(&params.after);
    let found = alert::deliveries(&mut op, viewer.scope, (None, None), before, READ).await?;
    let more = match found.get(PAGE - 1) {
        Some(last) if found.len() > PAGE => {
            let micros = last.created_at.unix_timestamp_nanos() / 1_000;
            format!("{}?after={micros}.{}", paths::ALERT_DELIVERIES, last.id)
        }
        _ => String::new(),
    };
    let shown = found.iter().take(PAGE);
    Ok(Page {
        chrome,
        messages: shown.map(|one| DeliveryView::new(one, now)).collect(),
        more,
    })
}

/// "Send again".
pub async fn replay(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path((channel, delivery)): Path<(String, String)>,
) -> WebResult {
    let channel = id_of(&channel)?;
    let mut op = viewer.begin(&app).await?;
    if !alert::replay(&mut op, channel, id_of(&delivery)?).await? {
        return Err(WebError::NotFound);
    }
    let found = alert::channel(&mut op, channel).await?;
    op.commit().await?;
    let (tone, text) = match found.map(|one| one.state) {
        Some(ChannelState::Active) => (Tone::Ok, "The message goes out again, under the same id."),
        _ => (
            Tone::Warn,
            "The message waits: it goes out, under the same id, when the channel is switched on.",
        ),
    };
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(&paths::alert_channel(channel, "")).into_response())
}
