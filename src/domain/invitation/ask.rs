//! "Ask for a new link": the bearer of a link that no longer works tells the technician, without learning anything.

use super::{LinkToken, store};
use crate::domain::audit;
use crate::domain::op::Op;

/// For a link that we know: note that its bearer wants a new one. For any other text: nothing. The caller answers the same
/// either way.
pub async fn ask_new_link(op: &mut Op, token: Option<&LinkToken>) -> Result<(), sqlx::Error> {
    let Some(token) = token else {
        return Ok(());
    };
    let Some(invitation) = store::find_by_link(op, &token.hash()).await? else {
        return Ok(());
    };
    store::stamp_new_link_asked(op, &invitation).await?;
    audit::Entry::new("invitation.new_link_asked")
        .tenant(invitation.tenant_id)
        .object("invitation", invitation.id)
        .detail("reference", invitation.reference)
        .write(op)
        .await
}
