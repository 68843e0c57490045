//! Somebody opened the link and pressed on: the first sign of life of a customer. A mail scanner looks and presses nothing.

use super::{Invitation, store};
use crate::domain::audit;
use crate::domain::op::Op;

/// Write down the first time.
pub async fn opened(op: &mut Op, invitation: &Invitation) -> Result<(), sqlx::Error> {
    if !store::stamp_opened(op, invitation).await? {
        return Ok(());
    }
    audit::Entry::new("invitation.opened")
        .tenant(invitation.tenant_id)
        .object("invitation", invitation.id)
        .detail("reference", invitation.reference.as_str())
        .write(op)
        .await
}
