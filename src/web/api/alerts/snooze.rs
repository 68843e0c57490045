//! Snoozing an alert, and ending that.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Deserialize;
use uuid::Uuid;

use super::super::tenants::invalid;
use super::super::words::Day;
use super::super::{Api, ApiResult, Body, Endpoint, KeyHolder, Problem};
use super::{AlertView, GROUP, find, id_of};
use crate::app::App;
use crate::domain::alert::{self, SnoozeError};
use crate::domain::api_key::ApiScope;
use crate::domain::op::Op;
use crate::domain::tenant::FieldError;

/// Until when nobody is reminded, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SnoozeRequest")]
struct Wanted {
    /// The last day (UTC); within a year.
    until: Day,
    /// For colleagues and the audit log; at most 200 characters on one line.
    #[schemars(length(min = 1, max = 200), extend("examples" = ["The customer renews on Monday"]))]
    reason: String,
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::post("/api/v1/alerts/{alert}/snooze", ApiScope::AlertsWrite)
                .named("snooze_alert", GROUP, "Snooze an alert")
                .about("Nobody is reminded until the day is over, and then once if it still lasts.")
                .takes::<Wanted>()
                .gives::<AlertView>()
                .once()
                .problems(&[(409, "alert_closed"), (422, "invalid")]),
            snooze,
        )
        .on(
            Endpoint::post("/api/v1/alerts/{alert}/wake", ApiScope::AlertsWrite)
                .named("wake_alert", GROUP, "End the snooze of an alert")
                .about("Whoever is to be told is told again, since it still lasts.")
                .gives::<AlertView>()
                .once()
                .problems(&[(409, "alert_closed"), (409, "not_snoozed")]),
            wake,
        )
}

async fn snooze(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
    Body(wanted): Body<Wanted>,
) -> ApiResult<Json<AlertView>> {
    let id = id_of(&id)?;
    let mut op = holder.begin(&app).await?;
    let done = alert::snooze(&mut op, holder.scope(), id, wanted.until.0, &wanted.reason).await;
    finish(&app, &holder, op, id, done.map(drop)).await
}

async fn wake(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<AlertView>> {
    let id = id_of(&id)?;
    let mut op = holder.begin(&app).await?;
    let done = alert::wake(&mut op, holder.scope(), id).await;
    finish(&app, &holder, op, id, done).await
}

/// The alert as it is now, or why nothing was done.
async fn finish(
    app: &App,
    holder: &KeyHolder,
    mut op: Op,
    id: Uuid,
    done: Result<(), SnoozeError>,
) -> ApiResult<Json<AlertView>> {
    if let Err(SnoozeError::Database(error)) = done {
        return Err(error.into());
    }
    let wrong = |field, message| invalid(vec![FieldError::new(field, message)]);
    // Absent, out of reach, or over by now: only the last is told to whoever may see it.
    let alert = find(&mut op, holder, id).await?;
    match done {
        Ok(()) | Err(SnoozeError::Database(_)) => {}
        Err(SnoozeError::NotThere) => {
            return Err(Problem::conflict(
                "alert_closed",
                "This alert is over. Nobody is reminded of it any more.",
            ));
        }
        Err(SnoozeError::NotSnoozed) => {
            return Err(Problem::conflict(
                "not_snoozed",
                "This alert is not snoozed, or its snooze has ended.",
            ));
        }
        Err(SnoozeError::Past) => return Err(wrong("until", "Choose a day that has not passed.")),
        Err(SnoozeError::TooFar) => return Err(wrong("until", "Choose a day within a year.")),
        Err(SnoozeError::NoReason) => {
            return Err(wrong("reason", "Say why, so that colleagues know."));
        }
        Err(SnoozeError::ReasonTooLong) => {
            return Err(wrong("reason", "Say it in at most 200 characters."));
        }
    }
    let view = AlertView::new(&alert, op.now(), &app.site.base_url);
    op.commit().await?;
    Ok(Json(view))
}
