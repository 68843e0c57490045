//! Suspend, resume, archive and restore. None of them touches a token: a suspended tenant's refresh token is not exercised,
//! and Microsoft lets it lapse after 90 idle days.

use super::address::is_deceptive;
use super::input::FieldError;
use super::{Tenant, store};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::storage::TenantId;

/// Why a tenant's state was not changed.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// It is in another state by now; the page should be read again.
    #[error("the tenant is not in a state that allows this")]
    OtherState,
    /// What is wrong with the reason and what to do.
    #[error("the reason does not fit")]
    Reason(FieldError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Pause renewal and hand-out.
pub async fn suspend(
    op: &mut Op,
    scope: Scope,
    tenant: &Tenant,
    reason: &str,
) -> Result<(), LifecycleError> {
    change(
        op,
        scope,
        tenant.id,
        &["active"],
        "suspended",
        reason,
        "tenant.suspended",
    )
    .await
}

/// Renew again from now on.
pub async fn resume(op: &mut Op, scope: Scope, tenant: &Tenant) -> Result<(), LifecycleError> {
    change(
        op,
        scope,
        tenant.id,
        &["suspended"],
        "active",
        "",
        "tenant.resumed",
    )
    .await
}

/// Hide a tenant that left the MSP; renewal stops.
pub async fn archive(
    op: &mut Op,
    scope: Scope,
    tenant: &Tenant,
    reason: &str,
) -> Result<(), LifecycleError> {
    change(
        op,
        scope,
        tenant.id,
        &["active", "suspended"],
        "archived",
        reason,
        "tenant.archived",
    )
    .await
}

/// Bring an archived tenant back, active.
pub async fn restore(op: &mut Op, scope: Scope, tenant: &Tenant) -> Result<(), LifecycleError> {
    change(
        op,
        scope,
        tenant.id,
        &["archived"],
        "active",
        "",
        "tenant.restored",
    )
    .await
}

async fn change(
    op: &mut Op,
    scope: Scope,
    id: TenantId,
    from: &[&str],
    to: &'static str,
    reason: &str,
    action: &'static str,
) -> Result<(), LifecycleError> {
    let reason = checked(reason)?;
    let from: Vec<String> = from.iter().map(|state| (*state).to_owned()).collect();
    if store::change_state(op, scope, id, &from, to, reason).await? != 1 {
        return Err(LifecycleError::OtherState);
    }
    Entry::new(action)
        .tenant(id)
        .object("tenant", id)
        .detail("reason", reason)
        .write(op)
        .await?;
    Ok(())
}

/// One line of at most 500 characters, as lists show it; may be empty.
fn checked(reason: &str) -> Result<&str, LifecycleError> {
    let refuse = |message| Err(LifecycleError::Reason(FieldError::new("reason", message)));
    let reason = reason.trim();
    if reason.chars().count() > 500 {
        return refuse("Shorten the reason to 500 characters.");
    }
    if reason.chars().any(is_deceptive) {
        return refuse("Write the reason on one line, without invisible or control characters.");
    }
    Ok(reason)
}
