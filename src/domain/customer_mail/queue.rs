//! Put a mail into the queue, take it out again, hold it, and let it go.

use uuid::Uuid;

use super::{NewMail, Taken, store};
use crate::domain::op::{Op, Scope};
use crate::domain::{audit, operations};
use crate::storage::{CustomerMailId, TenantId};

/// What became of the wish to queue a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    Queued(CustomerMailId),
    /// One with the same `dedupe_key` is there, whatever became of it.
    AlreadyThere,
    /// The scope does not reach the tenant.
    NoTenant,
}

/// Queue a mail within the caller's transaction.
pub async fn queue(op: &mut Op, scope: Scope, mail: &NewMail) -> Result<Queued, sqlx::Error> {
    if !store::reaches(op, scope, mail.tenant).await? {
        return Ok(Queued::NoTenant);
    }
    let id = CustomerMailId::new();
    if !store::insert(op, id, mail).await? {
        return Ok(Queued::AlreadyThere);
    }
    audit::Entry::new("customer_mail.queued")
        .tenant(mail.tenant)
        .object("customer_mail", id)
        .detail("kind", mail.kind.as_str())
        .detail("to", mail.to.as_str())
        .write(op)
        .await?;
    Ok(Queued::Queued(id))
}

/// Keep a mail that does not go out by itself, as one that failed: it is seen, and "Send again" sends it.
pub(super) async fn leave_failed(
    op: &mut Op,
    mail: &NewMail,
    why: &str,
) -> Result<(), sqlx::Error> {
    let id = CustomerMailId::new();
    if !store::insert(op, id, mail).await? {
        return Ok(());
    }
    store::fail_queued(op, mail.tenant, id, why).await?;
    operations::record_mail(op, Some(mail.tenant), mail.kind.as_str(), why).await?;
    audit::Entry::new("customer_mail.failed")
        .tenant(mail.tenant)
        .object("customer_mail", id)
        .outcome(audit::Outcome::Failed)
        .detail("kind", mail.kind.as_str())
        .detail("to", mail.to.as_str())
        .detail("why", why)
        .write(op)
        .await
}

/// Whether a mail with this one's `dedupe_key` is there, whatever became of it.
pub async fn is_there(op: &mut Op, mail: &NewMail) -> Result<bool, sqlx::Error> {
    store::is_there(op, mail.tenant, &mail.dedupe_key).await
}

/// Queue a mail and take it at once, for whoever waits to hear how it goes ([`super::Sender::once`]). None when the same is
/// there already. What comes of it is written down with its sending.
pub async fn take_at_once(op: &mut Op, mail: &NewMail) -> Result<Option<Taken>, sqlx::Error> {
    let id = CustomerMailId::new();
    if !store::insert(op, id, mail).await? {
        return Ok(None);
    }
    store::take(op, mail.tenant, id).await
}

/// "Send again": a failed or held mail goes back into the queue, once. False when it is neither, or out of scope.
pub async fn send_again(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    id: CustomerMailId,
) -> Result<bool, sqlx::Error> {
    if !store::reaches(op, scope, tenant).await? || !store::requeue(op, tenant, id).await? {
        return Ok(false);
    }
    audit::Entry::new("customer_mail.queued_again")
        .tenant(tenant)
        .object("customer_mail", id)
        .write(op)
        .await?;
    Ok(true)
}

/// Withdraw what a campaign has queued and what of it is held; what is being sent goes out. Gives how many.
pub async fn cancel_campaign(
    op: &mut Op,
    scope: Scope,
    campaign: Uuid,
) -> Result<u64, sqlx::Error> {
    let cancelled = store::cancel_campaign(op, scope, campaign).await?;
    audit::Entry::new("customer_mail.cancelled")
        .write_each(op, "customer_mail", &cancelled)
        .await?;
    Ok(cancelled.len() as u64)
}

/// After a restore: nothing of what was queued goes out by itself. It may have gone out already since the backup, and the
/// links that it carries are closed.
pub async fn hold_all(op: &mut Op) -> Result<u64, sqlx::Error> {
    store::hold_all(op).await
}
