//! What the keeper's parts share: built once at start, passed by reference.

use std::sync::Arc;

use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::app::AppCache;
use super::gate::Gate;
use super::incident::MassGuard;
use super::onboarding::DomainCache;
use super::refresh::{Committer, Running};
use super::seal::Vault;
use super::settings::Settings;
use crate::clock::{Clock, random_bytes};
use crate::entra::{Endpoints, Entra};

pub(super) struct Core {
    pub pool: PgPool,
    pub vault: Vault,
    pub entra: Entra,
    pub endpoints: Endpoints,
    /// `{base_url}/onboarding/return`.
    pub redirect_uri: Url,
    pub clock: Clock,
    pub settings: Settings,
    pub app: AppCache,
    pub gate: Arc<Gate>,
    pub guard: MassGuard,
    pub running: Running,
    pub committer: Committer,
    pub domains: DomainCache,
    /// Wakes the worker that tries customers' own registrations.
    pub trials_changed: Notify,
    /// Wakes the worker that disconnects.
    pub plugs_changed: Notify,
    /// Wakes the worker that asks Microsoft why a connection died.
    pub looks_wanted: Notify,
    /// Wakes the onboarding worker.
    pub flows_changed: Notify,
    /// No new work from here on.
    pub stop: CancellationToken,
    /// What must end by itself before the process may.
    pub tasks: TaskTracker,
}

pub(super) type Shared = Arc<Core>;

/// Between 0 and 1, to spread what would otherwise come together.
pub(super) fn jitter() -> f64 {
    f64::from(u32::from_be_bytes(random_bytes())) / f64::from(u32::MAX)
}
