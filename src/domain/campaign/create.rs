//! Make a campaign: a draft, to be looked at before anybody is mailed.

use super::{MOST_TENANTS, NewCampaign, store};
use crate::domain::audit::Entry;
use crate::domain::connection;
use crate::domain::op::{Op, Scope};
use crate::storage::{CampaignId, TenantId};

/// Why no campaign was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// None of the tenants is there and within the scope.
    #[error("there is nobody to ask")]
    Nobody,
    #[error("there are too many tenants")]
    TooMany,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Keep a draft for these tenants, asked in this order; archived ones and those out of scope are left out.
pub async fn create(
    op: &mut Op,
    scope: Scope,
    new: &NewCampaign,
    tenants: &[TenantId],
) -> Result<CampaignId, CreateError> {
    let seen = connection::several(op, scope, tenants).await?;
    let mut left: std::collections::BTreeSet<TenantId> = seen.into_keys().collect();
    let tenants: Vec<TenantId> = tenants
        .iter()
        .copied()
        .filter(|id| left.remove(id))
        .collect();
    if tenants.is_empty() {
        return Err(CreateError::Nobody);
    }
    if tenants.len() > MOST_TENANTS {
        return Err(CreateError::TooMany);
    }
    let id = CampaignId::new();
    store::insert(op, id, new, &tenants).await?;
    Entry::new("campaign.created")
        .object("campaign", id)
        .detail("name", new.name.as_str())
        .detail("reason", new.reason.as_str())
        .detail("tenants", tenants.len())
        .write(op)
        .await?;
    Ok(id)
}
