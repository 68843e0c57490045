//! "Snooze": until a day, for a reason; and its end before that day.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::macros::format_description;
use time::{Date, Duration};
use tower_sessions::Session;

use super::{Selection, tenants};
use crate::app::App;
use crate::domain::connection::{self, Row, SnoozeError};
use crate::storage::TenantId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::{Field, Form, Query};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::viewer::Viewer;

/// Proposed unless told otherwise.
const USUAL: Duration = Duration::days(7);

#[derive(Template, WebTemplate)]
#[template(path = "console/authentication_status/snooze.html")]
struct SnoozePage {
    chrome: Chrome,
    rows: Vec<Row>,
    back: String,
    back_query: String,
    until: Field,
    reason: Field,
    /// Somebody among them is snoozed already.
    any_snoozed: bool,
    /// Chosen, and no longer in the list.
    missing: usize,
}

impl SnoozePage {
    fn new(
        chrome: Chrome,
        selection: &Selection,
        rows: Vec<Row>,
        until: Field,
        reason: Field,
    ) -> Self {
        Self {
            missing: selection.missing(rows.len()),
            any_snoozed: rows.iter().any(|row| row.snoozed.is_some()),
            back: selection.back(),
            back_query: selection.back.clone(),
            chrome,
            rows,
            until,
            reason,
        }
    }
}

/// GET: until when, and why.
pub async fn ask(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(selection): Query<Selection>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let rows = selection.rows(&mut op, &viewer).await?;
    let until = Field::new((op.now() + USUAL).date().to_string());
    Ok(SnoozePage::new(chrome, &selection, rows, until, Field::default()).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SnoozeForm {
    tenant: Vec<TenantId>,
    back: String,
    until: String,
    reason: String,
}

/// POST: snooze them.
pub async fn snooze(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(form): Form<SnoozeForm>,
) -> WebResult {
    let selection = Selection {
        tenant: form.tenant,
        back: form.back,
    };
    let mut op = viewer.begin(&app).await?;
    let rows = selection.rows(&mut op, &viewer).await?;
    let day = Date::parse(
        form.until.trim(),
        format_description!("[year]-[month]-[day]"),
    );
    let done = match day {
        Ok(day) => connection::snooze(&mut op, viewer.scope, &ids(&rows), day, &form.reason).await,
        Err(_) => Err(SnoozeError::Past),
    };
    let (until_error, reason_error) = match done {
        Ok(n) => {
            op.commit().await?;
            let text = format!(
                "{} snoozed through {} (UTC).",
                tenants(n),
                form.until.trim()
            );
            notice::leave(&session, Tone::Ok, text).await;
            return Ok(Redirect::to(&selection.back()).into_response());
        }
        Err(SnoozeError::Database(error)) => return Err(error.into()),
        Err(SnoozeError::Past) => (
            Some("Choose a day that has not passed, like 2026-12-31."),
            None,
        ),
        Err(SnoozeError::TooFar) => (Some("Choose a day within a year."), None),
        Err(SnoozeError::NoReason) => (None, Some("Say why, so that colleagues know.")),
        Err(SnoozeError::ReasonTooLong) => (None, Some("Say it in at most 200 characters.")),
    };
    let field =
        |value: &str, error: Option<&str>| Field::new(value).with_error(error.map(str::to_owned));
    let page = SnoozePage::new(
        chrome,
        &selection,
        rows,
        field(&form.until, until_error),
        field(&form.reason, reason_error),
    );
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// POST: end their snoozes.
pub async fn wake(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Form(selection): Form<Selection>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let rows = selection.rows(&mut op, &viewer).await?;
    let woken = connection::wake(&mut op, viewer.scope, &ids(&rows)).await?;
    op.commit().await?;
    let text = match woken {
        0 => "None of them was snoozed.".to_owned(),
        n => format!("{} no longer snoozed.", tenants(n)),
    };
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(&selection.back()).into_response())
}

fn ids(rows: &[Row]) -> Vec<TenantId> {
    rows.iter().map(|row| row.tenant_id).collect()
}
