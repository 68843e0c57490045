//! "Disconnect" of one tenant: everything that could hand out or bring in a token ends now, and the rest is begun.

use uuid::Uuid;

use super::store;
use crate::clock::ordered_uuid;
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::keeper;
use crate::keeper::message::Request;
use crate::keeper::message::plug::Ask;
use crate::storage::TenantId;

/// Why nothing was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    #[error("no such tenant")]
    NotThere,
    /// The tenant is being disconnected, and nothing was connected since.
    #[error("the tenant is being disconnected already")]
    Running,
    /// It was disconnected, and nothing was connected or invited since.
    #[error("the tenant is disconnected already")]
    Done,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Stop hand-out for this tenant, end its invitations and sign-ins, and begin the rest. After the commit: [`look`].
pub async fn begin(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    delete_everything: bool,
) -> Result<Uuid, BeginError> {
    if !store::begin::hold_tenant(op, scope, tenant).await? {
        return Err(BeginError::NotThere);
    }
    let id = ordered_uuid();
    if !store::begin::insert(op, tenant, id, delete_everything).await? {
        return Err(if store::begin::is_running(op, tenant).await? {
            BeginError::Running
        } else {
            BeginError::Done
        });
    }
    let invitations = store::begin::end_invitations(op, Some(id), None).await?;
    store::begin::stop(op, Some(id), None).await?;
    Entry::new("disconnection.begun")
        .tenant(tenant)
        .object("disconnection", id)
        .detail("delete_everything", delete_everything)
        .detail("invitations_ended", invitations)
        .write(op)
        .await?;
    Ok(id)
}

/// Have the keeper look at once. When it does not answer nothing is lost: every keeper looks by itself.
pub async fn look(keeper: &keeper::Client) {
    if keeper.ask(Request::Plug(Ask::Look {})).await.is_err() {
        tracing::warn!("the keeper was not told of a disconnection; it finds it by itself");
    }
}
