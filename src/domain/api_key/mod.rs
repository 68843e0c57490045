//! A key by which scripts ask the API: whose it is, what it may, within which tenants, resources and networks, until when. It
//! may at most what its owner may, at every single use: a role, a limit or a login that is taken from the owner is taken from
//! the key. `enter` lets a key in and counts; `manage` makes, changes and ends it; `touch` stops one that runs through customers.

mod enter;
mod input;
mod manage;
mod replies;
mod scope;
mod secret;
mod seen;
mod store;
mod touch;

use time::{Duration, OffsetDateTime};

pub use enter::{Counted, Entrance, Holder, NoEntry, enter};
pub use input::{KeyInput, NewKey, OVERLAPS, name_taken, rotated_life};
pub use manage::{ChangeError, change, create, reason_to_tell, resume, revoke, rotate, suspend};
pub use replies::{Kept, Reply, forget_reply, keep_reply, sweep_replies, take_reply};
pub use scope::{ApiScope, UnknownScope};
pub use secret::{KeySecret, PREFIX, Pepper};
pub use seen::SeenKeys;
pub use touch::{Touched, touch};

use super::op::{Op, Scope};
use super::technician::Role;
use crate::config::Network;
use crate::keeper::Resource;
use crate::storage::{ApiKeyId, TechnicianId, TenantId};

/// How long a key lives unless somebody says otherwise, and at most.
pub const USUAL_LIFE: Duration = Duration::days(90);
pub const LONGEST_LIFE: Duration = Duration::days(365);

/// Which tenants a key reaches, within what its owner sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenants {
    /// All that the owner sees, also those that come later.
    All,
    /// Those with one of the tags, and those that are listed; nothing named: none.
    Only {
        tags: Vec<String>,
        tenants: Vec<TenantId>,
    },
}

/// What a person decided about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub scopes: Vec<ApiScope>,
    pub tenants: Tenants,
    pub resources: Vec<Resource>,
    /// Networks as typed, each readable; none: from anywhere.
    pub networks: Vec<String>,
    /// None: as the settings say.
    pub calls_per_minute: Option<i32>,
    pub hand_outs_per_minute: Option<i32>,
    pub new_tenants: Option<i32>,
}

/// Whether a key works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    Active,
    Suspended { reason: String },
    Revoked,
}

/// Whose a key is, as they stand now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub id: TechnicianId,
    pub email: String,
    pub display_name: String,
    pub role: Role,
    pub disabled: bool,
    pub limited: bool,
}

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    /// Eight characters that name it in lists and in published code.
    pub public_id: String,
    pub rule: Rule,
    pub owner: Owner,
    pub state: KeyState,
    pub state_since: OffsetDateTime,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
    /// The secret before the last rotation works until then.
    pub previous_until: Option<OffsetDateTime>,
    pub version: i64,
    pub used: Used,
}

/// When and how much a key was used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    pub last_at: Option<OffsetDateTime>,
    pub last_ip: String,
    pub uses: i64,
}

/// Why a key does not work, or that it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Works,
    Suspended,
    Revoked,
    Expired,
    /// Its owner's login is disabled.
    OwnerGone,
}

impl ApiKey {
    /// How it stands at this instant.
    pub fn standing(&self, now: OffsetDateTime) -> Standing {
        match self.state {
            KeyState::Revoked => Standing::Revoked,
            _ if self.owner.disabled => Standing::OwnerGone,
            _ if self.expires_at <= now => Standing::Expired,
            KeyState::Suspended { .. } => Standing::Suspended,
            KeyState::Active => Standing::Works,
        }
    }

    /// Which tenants it reaches now.
    pub fn scope(&self) -> Scope {
        if self.rule.tenants == Tenants::All && !self.owner.limited {
            Scope::all()
        } else {
            Scope::granted_to_key(self.id)
        }
    }

    /// Whether it may do this: it names the scope, and its owner's role still allows it.
    pub fn may(&self, scope: ApiScope) -> bool {
        self.rule.scopes.contains(&scope) && scope.is_within(self.owner.role, self.owner.limited)
    }

    /// Whether it may be used from there.
    pub fn admits(&self, ip: &str) -> bool {
        let networks = self.networks();
        networks.is_empty()
            || ip
                .parse()
                .is_ok_and(|ip| networks.iter().any(|one| one.contains(ip)))
    }

    fn networks(&self) -> Vec<Network> {
        let typed = self.rule.networks.iter();
        // Stored after they were read once; one that cannot be read any more admits nobody.
        typed
            .map(|one| one.parse().unwrap_or_else(|_| Network::nobody()))
            .collect()
    }

    /// As the audit log names whoever acts by it.
    pub fn actor_name(&self) -> String {
        format!("{} ({})", self.rule.name, self.owner.email)
    }
}

/// The keys of this technician; none: everybody's. Those that work first.
pub async fn list(op: &mut Op, owner: Option<TechnicianId>) -> Result<Vec<ApiKey>, sqlx::Error> {
    store::list(op, owner).await
}

/// The same as [`find`], for a change: whoever changes it at the same time comes before or after.
pub async fn find_to_change(
    op: &mut Op,
    owner: Option<TechnicianId>,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, sqlx::Error> {
    store::lock(op, id).await?;
    find(op, owner, id).await
}

/// One key, if it is this technician's; none: whosever it is.
pub async fn find(
    op: &mut Op,
    owner: Option<TechnicianId>,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, sqlx::Error> {
    let found = store::find(op, id).await?;
    Ok(found.filter(|key| owner.is_none_or(|owner| key.owner.id == owner)))
}

/// How many tenants a key reaches now.
pub async fn reach(op: &mut Op, key: &ApiKey) -> Result<i64, sqlx::Error> {
    store::reach(op, key.scope()).await
}
