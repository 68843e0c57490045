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
mod pg_tools;
mod pool;
pub mod private_postgres;
pub mod roles;
mod snapshot;
mod target;
mod urls;

pub use boot_check::{BootCheck, BootCheckError, Expect, boot_check};
pub use constraint::{Violation, is_contention, is_unstorable, violation};
pub use ids::{
    ApiKeyId, AppCredentialId, AppRegistrationId, AuditEventId, CampaignId, ConnectionId,
    CustomerMailId, DataKeyId, FlowId, InvitationId, MsalErrorId, ParseIdError, SavedViewId,
    TechnicianId, TenantId, ValidationId, VisitId,
};
pub use inconsistent::Inconsistent;
pub use instance_lock::{InstanceLock, InstanceLockError};
pub use listener::{Ear, listen};
pub use migrator::{
    MigrationError, Schema, migrate, migrations_fingerprint, schema, wanted as wanted_schema,
};
pub use open::{OpenError, Storage};
pub use pattern::{contains, search_pattern};
pub use pg_tools::{LEFT_OUT, PgTools};
pub use pool::{PoolKind, connect_options, pool};
pub use snapshot::{ROLE as BACKUP_ROLE, RowCounts, Snapshot, SnapshotError, count_rows};
pub use target::Target;
pub use urls::{DatabaseUrls, UrlError, check as check_database_url};
