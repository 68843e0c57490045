//! What is expected of a connection that works: each date at which it may lapse by itself, with its reason.

use time::OffsetDateTime;

use crate::domain::connection::{Detail, ShownState};
use crate::web::kit::when::When;

/// One date.
#[derive(Clone, Debug)]
pub struct ExpectedView {
    pub at: When,
    pub reason: &'static str,
}

/// The dates, the earliest first; none for what is dead already or not connected.
pub fn expected(detail: &Detail, now: OffsetDateTime) -> Vec<ExpectedView> {
    let Some(standing) = &detail.standing else {
        return Vec::new();
    };
    if detail.row.state == ShownState::Expired {
        return Vec::new();
    }
    let last = detail.credentials.iter().filter_map(|one| one.not_after);
    standing
        .forecast(last.max())
        .into_iter()
        .map(|expected| ExpectedView {
            at: When::new(expected.at, now),
            reason: expected.reason.label(),
        })
        .collect()
}
