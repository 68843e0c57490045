//! A sign-in that waits for a technician's word, ready for `templates/parts/held.html`.

use time::OffsetDateTime;

use crate::domain::onboarding::Held;
use crate::web::kit::paths::TenantPaths;
use crate::web::kit::when::When;

/// What a technician needs to know before confirming, with the two addresses to post to.
#[derive(Clone, Debug)]
pub struct HeldView {
    pub username: String,
    pub name: String,
    pub entra_tenant_id: String,
    /// Empty when the invitation named nobody.
    pub expected_admin: String,
    pub reference: String,
    pub ip: String,
    pub at: When,
    pub confirmation: String,
    pub rejection: String,
}

impl HeldView {
    pub fn new(held: Held, paths: TenantPaths<'_>, now: OffsetDateTime) -> Self {
        Self {
            confirmation: paths.connection_step(held.connection_id, "confirmation"),
            rejection: paths.connection_step(held.connection_id, "rejection"),
            entra_tenant_id: held.entra_tenant_id.to_string(),
            at: When::new(held.at, now),
            username: held.username,
            name: held.name,
            expected_admin: held.expected_admin,
            reference: held.reference,
            ip: held.ip,
        }
    }
}
