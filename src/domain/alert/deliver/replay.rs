//! What went out and what did not, as people look at it; sending it again, and holding everything back.

use time::OffsetDateTime;
use uuid::Uuid;

use super::Delivery;
use crate::domain::alert::{ChannelState, store};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};

/// The newest deliveries within `scope`, of a channel or an alert.
pub async fn deliveries(
    op: &mut Op,
    scope: Scope,
    of: (Option<Uuid>, Option<Uuid>),
    before: Option<(OffsetDateTime, Uuid)>,
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let reach = (scope.tenant(), scope.technician());
    store::deliveries::latest(op, reach, of, before, limit).await
}

/// Send one again, whatever became of it; under the same id, so that the receiver knows it.
pub async fn replay(op: &mut Op, channel: Uuid, id: Uuid) -> Result<bool, sqlx::Error> {
    let found = store::deliveries::replay(op, channel, Some(id)).await? == 1;
    if found {
        Entry::new("alert_delivery.replayed")
            .object("alert_delivery", id)
            .write(op)
            .await?;
    }
    Ok(found)
}

/// Send everything again that a channel did not take, and let the channel go if it was disabled or held.
pub async fn replay_failed(op: &mut Op, channel: Uuid) -> Result<u64, sqlx::Error> {
    let found = store::deliveries::replay(op, channel, None).await?;
    store::channels::set_state(op, channel, ChannelState::Active).await?;
    Entry::new("alert_channel.replayed")
        .object("alert_channel", channel)
        .detail("count", found)
        .write(op)
        .await?;
    Ok(found)
}

/// After a restore: every channel waits until somebody lets it go.
pub async fn hold_all(op: &mut Op) -> Result<u64, sqlx::Error> {
    store::channels::hold(op).await
}
