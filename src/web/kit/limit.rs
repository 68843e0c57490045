//! Doors with a limit per person or address: who comes too often is told when to come again.

use crate::domain::op::Op;
use crate::domain::request_limit::{self, Door, Who};
use crate::web::kit::error::WebError;
use crate::web::kit::viewer::Viewer;

/// Take one of this technician's files, in the unit of work that writes it down.
pub async fn export(op: &mut Op, viewer: &Viewer) -> Result<(), WebError> {
    pass(op, Door::Export, Who::Technician(viewer.id)).await
}

/// One request more through this door; refused with 429 when there were too many.
pub async fn pass(op: &mut Op, door: Door, who: Who<'_>) -> Result<(), WebError> {
    request_limit::pass(op, door, &who)
        .await?
        .map_err(|too_many| WebError::TooMany {
            retry_after_s: u32::try_from(too_many.wait.whole_seconds() + 1).unwrap_or(900),
        })
}
