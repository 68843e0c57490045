//! Postgres as a thing to be reached: pools, the migrator, the private cluster, typed ids and constraint errors.
//! No business SQL; that lives in each aggregate's `store.rs`.

mod constraint;
mod ids;
mod inconsistent;

pub use constraint::{Violation, violation};
pub use ids::{
    AppCredentialId, AppRegistrationId, AuditEventId, ConnectionId, DataKeyId, FlowId,
    InvitationId, MsalErrorId, ParseIdError, TechnicianId, TenantId, ValidationId,
};
pub use inconsistent::Inconsistent;
