//! How often one customer is mailed an invitation: a script in a loop, or a key in the wrong hands, writes to them in our name.

use time::Duration;

use super::store;
use crate::domain::op::Op;
use crate::storage::TenantId;

/// Invitations mailed to one customer within [`SPAN`], besides those of campaigns, which write to each of their tenants once.
pub const MOST: i64 = 10;
pub const SPAN: Duration = Duration::hours(1);

/// How long until another invitation may be mailed to this tenant's administrator; none: now. Of several at once each sees
/// those before it: until the end of the transaction nobody else asks for the same tenant.
pub async fn wait(op: &mut Op, tenant: TenantId) -> Result<Option<Duration>, sqlx::Error> {
    op.hold(&format!("mailed invitations of {tenant}")).await?;
    let since = op.now() - SPAN;
    let first = store::invitation_before(op, tenant, since, MOST).await?;
    Ok(first.map(|at| at - since))
}
