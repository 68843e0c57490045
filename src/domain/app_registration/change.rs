//! Changes, asked of the keeper: it seals what is secret, tries it at Microsoft and writes the audit entry in the
//! transaction of the change.

use uuid::Uuid;

use crate::keeper::client::{Client, Unavailable};
use crate::keeper::message::app::{AppChange, AppChanged, AppRefusal};
use crate::keeper::message::{Refusal, Reply, Request};

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error(transparent)]
    Not(AppRefusal),
    #[error(transparent)]
    Refused(Refusal),
    #[error(transparent)]
    Keeper(#[from] Unavailable),
}

/// Do it; gives the id of what was changed.
pub async fn change(keeper: &Client, change: AppChange) -> Result<Uuid, ChangeError> {
    match keeper.ask(Request::App(change)).await? {
        Reply::App(AppChanged::Done { id }) => Ok(id),
        Reply::App(AppChanged::Not { why }) => Err(ChangeError::Not(why)),
        Reply::Refused(refusal) => Err(ChangeError::Refused(refusal)),
        _ => Err(Unavailable.into()),
    }
}
