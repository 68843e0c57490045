//! What is known about the connection sharpens, changes or shakes the decision. The order matters: first facts that make
//! another cause certain, then rules of time, then what the rest of the fleet says.

mod account;
mod application;
mod credential;
mod fleet;
mod policy;
mod time_limits;

use time::OffsetDateTime;

use super::facts::Facts;
use super::read::Reading;
use super::rhythm::{Rhythm, rhythm};
use super::seen::Observed;
use super::verdict::Verdict;

impl Verdict {
    pub(super) fn weigh(&mut self, reading: &Reading, facts: &Facts) {
        self.weigh_account(reading, facts);
        self.weigh_revocation(reading, facts);
        self.weigh_application(reading, facts);
        self.weigh_tenant(reading, facts);
        self.weigh_idleness(reading, facts);
        self.weigh_twelve_hours(reading, facts);
        self.weigh_sign_in_frequency(reading, facts);
        self.weigh_policies(reading, facts);
        self.weigh_rhythm(reading, facts);
        self.weigh_our_credential(facts);
        self.weigh_fleet(facts);
    }
}

/// The fact, if it was seen after the error: what was so before may have changed with it.
fn fresh<'a, T>(seen: Option<&'a Observed<T>>, facts: &Facts) -> Option<&'a T> {
    let failed: OffsetDateTime = facts.failed_at?;
    seen.filter(|seen| seen.at >= failed)
        .map(|seen| &seen.value)
}

/// The rhythm that this very death continues.
fn rhythm_of(verdict: &Verdict, facts: &Facts) -> Option<Rhythm> {
    let newest = facts.past.first()?;
    // A connection that lives still, or an older one, is not the last of the row.
    let this = facts.obtained_at == Some(newest.obtained_at);
    (this && newest.cause == verdict.cause)
        .then(|| rhythm(&facts.past))
        .flatten()
}
