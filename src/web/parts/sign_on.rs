//! A linked identity as pages show it.

use time::OffsetDateTime;

use crate::domain::sign_on::SignOn;
use crate::web::kit::when::When;

/// Issuer, subject, since when, last used.
#[derive(Clone, Debug)]
pub struct SignOnFacts {
    pub issuer: String,
    pub subject: String,
    pub since: When,
    pub last_used: Option<When>,
}

impl SignOnFacts {
    pub fn new(linked: &SignOn, now: OffsetDateTime) -> Self {
        Self {
            issuer: linked.identity.issuer.clone(),
            subject: linked.identity.subject.clone(),
            since: When::new(linked.linked_at, now),
            last_used: When::maybe(linked.last_used_at, now),
        }
    }
}
