//! App registrations: the MSP's own and those of app-only customers, each with its credentials. The settings seed the
//! first one; the database is the truth afterwards. What calls need is [`AppInUse`], by [`AppCache`].

mod cache;
mod change;
mod choose;
pub(super) mod credential;
mod generate;
mod refusal;
mod seed;
mod trial;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::entra::App;

pub(super) use cache::{AppCache, open as open_credential};
pub(super) use change::change;
pub(super) use refusal::Why;
pub(super) use seed::seed;
pub use seed::{AppSeed, SeedCredential, SeedError};
pub(super) use trial::work;

/// A registration with the credential to show.
#[derive(Clone)]
pub(super) struct AppInUse {
    pub registration_id: Uuid,
    /// The credential in `app`: what [`AppCache::refused`] and [`AppCache::worked`] are told.
    pub credential_id: Option<Uuid>,
    pub app: App,
    /// The latest known end among the usable credentials.
    pub ends_at: Option<OffsetDateTime>,
}
