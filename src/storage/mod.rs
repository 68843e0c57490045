//! Postgres as a thing to be reached: pools, the migrator, the private cluster, typed ids and constraint errors.
//! No business SQL; that lives in each aggregate's `store.rs`.

mod boot_check;
mod constraint;
mod ids;
mod inconsistent;
mod instance_lock;
mod listener;
mod migrator;
mod open;
mod pattern;
mod pool;
pub mod private_postgres;
pub mod roles;
mod urls;

pub use boot_check::{BootCheck, BootCheckError, Expect, boot_check};
pub use constraint::{Violation, is_contention, violation};
pub use ids::{
    AppCredentialId, AppRegistrationId, AuditEventId, ConnectionId, DataKeyId, FlowId,
    InvitationId, MsalErrorId, ParseIdError, SavedViewId, TechnicianId, TenantId, ValidationId,
};
pub use inconsistent::Inconsistent;
pub use instance_lock::{InstanceLock, InstanceLockError};
pub use listener::{Ear, listen};
pub use migrator::{MigrationError, Schema, migrate, migrations_fingerprint, schema};
pub use open::{OpenError, Storage};
pub use pattern::{contains, search_pattern};
pub use pool::{PoolKind, connect_options, pool};
pub use urls::{DatabaseUrls, UrlError, check as check_database_url};
