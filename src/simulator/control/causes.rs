//! JSON for what happens: causes of death and their undoing, faults, the clock.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use super::problem::Problem;
use crate::simulator::directory::{Cause, EditError, Fault, NewFault, Target};
use crate::simulator::site::Site;

/// A cause and whom it meets, side by side in one object.
#[derive(Deserialize)]
pub struct Kill {
    #[serde(flatten)]
    target: Target,
    #[serde(flatten)]
    cause: Cause,
}

pub async fn kill(State(site): State<Site>, Json(kill): Json<Kill>) -> Result<StatusCode, Problem> {
    site.directory.kill(&kill.target, &kill.cause)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn restore(
    State(site): State<Site>,
    Json(target): Json<Target>,
) -> Result<StatusCode, Problem> {
    site.directory.restore(&target)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn faults(State(site): State<Site>) -> Json<Vec<Fault>> {
    Json(site.directory.read(|state| state.faults.clone()))
}

pub async fn add_fault(
    State(site): State<Site>,
    Json(new): Json<NewFault>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = site.directory.add_fault(new)?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

pub async fn clear_faults(State(site): State<Site>) -> StatusCode {
    site.directory.clear_faults(None);
    StatusCode::NO_CONTENT
}

pub async fn clear_fault(State(site): State<Site>, Path(id): Path<Uuid>) -> StatusCode {
    site.directory.clear_faults(Some(id));
    StatusCode::NO_CONTENT
}

/// The business clock.
#[derive(Serialize)]
pub struct ClockNow {
    #[serde(with = "time::serde::rfc3339")]
    now: OffsetDateTime,
    /// Seconds ahead of the system's clock.
    ahead_seconds: i64,
}

/// How to move it: forward by seconds, to an instant, or to seconds ahead of the system's clock.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    AdvanceSeconds(u64),
    #[serde(with = "time::serde::rfc3339")]
    Set(OffsetDateTime),
    OffsetSeconds(i64),
}

pub async fn clock(State(site): State<Site>) -> Json<ClockNow> {
    Json(now(&site))
}

pub async fn move_clock(
    State(site): State<Site>,
    Json(to): Json<Move>,
) -> Result<Json<ClockNow>, Problem> {
    let clock = site.directory.clock();
    match to {
        Move::AdvanceSeconds(seconds) => clock.advance(std::time::Duration::from_secs(seconds)),
        Move::OffsetSeconds(ahead) => clock.set_offset_ms(ahead.saturating_mul(1000)),
        Move::Set(instant) => {
            // The clock counts in milliseconds; a part of one more, so that the instant is reached.
            let by = (instant - clock.now()).whole_milliseconds() + 1;
            let by = i64::try_from(by)
                .map_err(|_| EditError::Invalid("that instant is out of reach".to_owned()))?;
            clock.set_offset_ms(clock.offset_ms().saturating_add(by));
        }
    }
    // Saved with the rest, so that a restart does not go back in time.
    site.directory.change(|_, _| ());
    Ok(Json(now(&site)))
}

fn now(site: &Site) -> ClockNow {
    let clock = site.directory.clock();
    ClockNow {
        now: clock.now(),
        ahead_seconds: clock.offset_ms() / 1000,
    }
}
