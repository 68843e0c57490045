//! The next date at which an authorisation lapses by itself, as its row keeps it; the rule is the domain's forecast.

use time::OffsetDateTime;

use crate::domain::connection::{FORECAST_FEDERATED_LIMIT_S, Known, forecast};
use crate::keeper::store::connections::Connection;

pub(super) const FEDERATED_LIMIT_S: i32 = FORECAST_FEDERATED_LIMIT_S;

/// The earliest date, and why (`connections.expires_reason`); none when nothing is known.
pub fn lapse(known: &Known) -> Option<(OffsetDateTime, &'static str)> {
    let first = forecast(known).into_iter().next()?;
    Some((first.at, first.reason.as_str()))
}

/// The same for a connection that worked last at `last_ok_at`.
pub fn lapse_of(
    connection: &Connection,
    last_ok_at: OffsetDateTime,
    credential_ends_at: Option<OffsetDateTime>,
) -> Option<(OffsetDateTime, &'static str)> {
    lapse(&Known {
        app_only: connection.app_only,
        obtained_at: connection.obtained_at,
        last_ok_at,
        public_class: connection.public_class,
        federated: connection.federated,
        sign_in_frequency_s: connection.sign_in_frequency_s,
        rhythm_s: connection.rhythm_s,
        policy_ends_at: connection.policy_ends_at,
        credential_ends_at,
    })
}
