//! Write down that an invitation's mail went out. The sending is `crate::mail`'s and happens before, outside any transaction.

use super::{Invitation, store};
use crate::domain::audit;
use crate::domain::op::Op;

/// Count one mail that the mail server took.
pub async fn record_sent(op: &mut Op, invitation: &Invitation) -> Result<(), sqlx::Error> {
    store::count_mail(op, invitation).await?;
    audit::Entry::new("invitation.mailed")
        .tenant(invitation.tenant_id)
        .object("invitation", invitation.id)
        .detail("to", invitation.invitation_email.as_str())
        .write(op)
        .await
}
