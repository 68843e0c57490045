//! Before a key is given a token of a tenant: quotas, and the brake on a key that runs through the customers. A stolen key
//! would be used on all of them at once; a script's customers are the same every night.

use time::Duration;

use super::enter::{Counted, minute};
use super::{ApiKey, manage, store};
use crate::config::KeyLimits;
use crate::domain::op::Op;
use crate::storage::TenantId;

/// Tenants touched for the first time are counted over so long.
const SPAN: Duration = Duration::minutes(10);

/// What came of it. All but `Go` hand out nothing; each is to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// The key's hand-outs of this minute.
    Go(Counted),
    /// The key's minute is used up.
    KeyFull(Counted),
    /// The tenant's minute is used up, by this key or others.
    TenantFull(Counted),
    /// It ran through too many tenants, and was suspended just now.
    Suspended,
}

/// One hand-out more of this tenant to this key.
pub async fn touch(
    op: &mut Op,
    limits: KeyLimits,
    key: &ApiKey,
    tenant: TenantId,
) -> Result<Touched, sqlx::Error> {
    store::lock(op, key.id).await?;
    let now = op.now();
    let of_key = store::count_hand_out(op, key.id, minute(now)).await?;
    let limit = key.rule.hand_outs_per_minute.unwrap_or(limits.hand_outs);
    let of_key = Counted::new(limit, of_key, now);
    if of_key.is_over() {
        return Ok(Touched::KeyFull(of_key));
    }
    // After it: what the key may not have takes nothing from others.
    let of_tenant = store::count_tenant_hand_out(op, tenant, minute(now)).await?;
    let of_tenant = Counted::new(limits.tenant_hand_outs, of_tenant, now);
    if of_tenant.is_over() {
        return Ok(Touched::TenantFull(of_tenant));
    }
    if store::note_tenant(op, key.id, tenant).await? {
        let most = key.rule.new_tenants.unwrap_or(limits.new_tenants);
        let new = store::new_tenants_since(op, key.id, now - SPAN).await?;
        if new > i64::from(most) {
            manage::suspend_for_running(op, key, new).await?;
            return Ok(Touched::Suspended);
        }
    }
    Ok(Touched::Go(of_key))
}
