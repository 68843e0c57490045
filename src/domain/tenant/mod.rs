//! A customer organisation of the MSP: its names, the administrator expected to authorise us, and the resources whose
//! tokens it needs. Its standing with Microsoft is `domain::connection`; its binding to an Entra tenant is the keeper's.

mod address;
mod change;
mod export;
pub mod import;
mod input;
mod lead_time;
mod lifecycle;
mod list;
mod short_name;
mod store;

use time::OffsetDateTime;
use uuid::Uuid;

use super::op::{Op, Scope};
use crate::storage::{Inconsistent, TenantId};

pub use crate::keeper::Resource;
pub(in crate::domain) use address::{address, is_deceptive};
pub use change::{ChangeError, add, edit};
pub use export::{Export, export};
pub(in crate::domain) use input::keep;
pub use input::{FieldError, NewTenant, TenantInput, is_tag};
pub use lead_time::{LeadDays, lead_days, set_lead_days};
pub use lifecycle::{LifecycleError, archive, restore, resume, suspend};
pub use list::{Counts, Filter, Line, Listed, Shown, list};
pub use short_name::ShortName;

/// A customer organisation as the MSP knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub short_name: ShortName,
    pub full_name: String,
    /// The customer's mail domain as the MSP knows it; empty until told.
    pub domain: String,
    /// Where invitations go; empty means link only.
    pub invitation_email: String,
    /// The administrator expected to sign in (user principal name); empty until known.
    pub admin_username: String,
    /// The Entra tenant this tenant is bound to; none until the first onboarding.
    pub entra_tenant_id: Option<Uuid>,
    pub state: TenantState,
    pub created_at: OffsetDateTime,
    /// When anything of this was last changed; tells one version from the next.
    pub updated_at: OffsetDateTime,
    /// Lower-case, sorted.
    pub tags: Vec<String>,
    /// In the order of the catalogue of resources.
    pub resources: Vec<ResourceSetEntry>,
}

/// Whether the MSP serves this tenant at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantState {
    /// Tokens are renewed.
    Active,
    /// Renewal and hand-out are paused by the MSP.
    Suspended {
        reason: String,
        since: OffsetDateTime,
    },
    /// Left the MSP; kept for the record, hidden from lists.
    Archived {
        reason: String,
        since: OffsetDateTime,
    },
}

impl TenantState {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended { .. } => "suspended",
            Self::Archived { .. } => "archived",
        }
    }

    fn from_row(
        state: &str,
        reason: String,
        since: OffsetDateTime,
        id: Uuid,
    ) -> Result<Self, Inconsistent> {
        match state {
            "active" => Ok(Self::Active),
            "suspended" => Ok(Self::Suspended { reason, since }),
            "archived" => Ok(Self::Archived { reason, since }),
            _ => Err(Inconsistent::new("tenants", "state", id)),
        }
    }
}

/// One resource of a tenant's set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceSetEntry {
    pub resource: Resource,
    /// A missing required resource keeps an onboarding open; a missing optional one is only told.
    pub required: bool,
}

/// The set a new tenant starts with.
pub const DEFAULT_SET: [ResourceSetEntry; 3] = [
    ResourceSetEntry {
        resource: Resource::Graph,
        required: true,
    },
    ResourceSetEntry {
        resource: Resource::Exchange,
        required: true,
    },
    ResourceSetEntry {
        resource: Resource::Azure,
        required: false,
    },
];

/// The tenant with this short name, archived ones included, if the scope reaches it.
pub async fn find_by_short_name(
    op: &mut Op,
    scope: Scope,
    name: &ShortName,
) -> Result<Option<Tenant>, sqlx::Error> {
    store::find_by_short_name(op, scope, name).await
}

/// The tenant with this id if the scope reaches it.
pub async fn find(op: &mut Op, scope: Scope, id: TenantId) -> Result<Option<Tenant>, sqlx::Error> {
    store::find(op, scope, id).await
}

/// The next tenants by short name after the one named, whole.
pub async fn whole(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    after: &str,
    limit: i64,
) -> Result<Vec<Tenant>, sqlx::Error> {
    store::import::whole(op, scope, filter, after, limit).await
}

/// Every tag in use, sorted.
pub async fn tags(op: &mut Op, scope: Scope) -> Result<Vec<String>, sqlx::Error> {
    store::tags(op, scope).await
}
