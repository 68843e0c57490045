//! The next date at which an authorisation lapses by itself, as its row keeps it; the rule is the domain's forecast.

use time::OffsetDateTime;

use crate::domain::connection::{FORECAST_FEDERATED_LIMIT_S, Known, forecast};

pub(super) const FEDERATED_LIMIT_S: i32 = FORECAST_FEDERATED_LIMIT_S;

/// The earliest date, and why (`connections.expires_reason`); none when nothing is known.
pub fn lapse(known: &Known) -> Option<(OffsetDateTime, &'static str)> {
    let first = forecast(known).into_iter().next()?;
    Some((first.at, first.reason.as_str()))
}
