//! Tells the pages that wait on a flow that something changed, whichever replica or process changed it.

use tokio::sync::broadcast;
use uuid::Uuid;

use crate::storage::Ear;

/// The channel of the trigger on `onboarding_flows`; the payload is the flow's id.
const CHANNEL: &str = "tenantry_flow";

/// Passes each flow's id on; the nil id means that whoever waits looks again.
pub fn ear(changes: broadcast::Sender<Uuid>) -> Ear {
    Ear::new(CHANNEL, move |id| {
        // Nobody waiting is no failure.
        let _ = changes.send(id);
    })
}
