//! The only code that speaks to Microsoft; its only caller is the keeper.
//!
//! Every call gives an `Exchange`: the record for `entra_calls` and an answer or a `Failure` by meaning. Nothing is
//! retried, stored or decided here. Wire facts are from RFC 6749, RFC 7636, RFC 8628 and Microsoft's identity platform
//! documentation.

mod authorize;
mod claims;
mod cloud;
mod credential;
mod device;
mod discovery;
mod endpoints;
mod exchange;
mod failure;
#[cfg(feature = "faults")]
pub(crate) mod fuzzing;
mod grants;
mod graph;
mod http;
mod id_token;
mod keys;
mod meaning;
pub mod meter;
mod redact;
mod reply;
mod retry_after;
mod tokens;
mod wire;

use std::sync::Arc;

use crate::clock::Clock;

pub use crate::outbound::Limits;
pub use authorize::{Authorize, AuthorizeRequest, Prompt};
pub use claims::Challenge;
pub use cloud::Cloud;
pub use credential::{App, Credential};
pub use device::{DeviceCode, Poll};
pub use discovery::{Realm, RealmKind, ResolvedTenant};
pub use endpoints::{Endpoints, TenantSegment};
pub use exchange::{CallRecord, Exchange, Operation};
pub use failure::{Certainty, DeviceFailure, Failure, Meaning};
pub use graph::{
    AccessPolicy, AppRole, DirectoryRole, Graph, LifetimePolicy, Listing, Me, Organization,
    PermissionGrant, PolicyState, ResourceRoles, RiskyUser, ServicePrincipal, UserDates,
    VerifiedDomain,
};
pub use id_token::{CONSUMERS, Expect, IdClaims, IdTokenCheck, IdTokenError};
pub use tokens::{TokenClass, Tokens};

/// The client; cheap to clone, clones share connections and signing keys.
#[derive(Clone)]
pub struct Entra {
    inner: Arc<Inner>,
}

struct Inner {
    endpoints: Endpoints,
    http: http::Http,
    clock: Clock,
    keys: keys::Keys,
}

impl Entra {
    /// A client with the default limits (connect 5 s, call 20 s, 64 KiB).
    pub fn new(endpoints: Endpoints, clock: Clock) -> Result<Self, SetupError> {
        Self::with_limits(endpoints, clock, Limits::default())
    }

    /// A client with other limits.
    pub fn with_limits(
        endpoints: Endpoints,
        clock: Clock,
        limits: Limits,
    ) -> Result<Self, SetupError> {
        endpoints.check()?;
        let inner = Inner {
            http: http::Http::new(endpoints.clone(), limits, clock.clone())?,
            endpoints,
            clock,
            keys: keys::Keys::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// What was counted of the calls since this was last asked.
    pub fn take_counts(&self) -> Vec<meter::Counted> {
        self.inner.http.meter.take()
    }
}

/// Why the client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{0} is not a usable address: give http(s)://host without user, query or fragment")]
    Address(String),
    #[error(transparent)]
    Client(#[from] crate::outbound::BuildError),
}
