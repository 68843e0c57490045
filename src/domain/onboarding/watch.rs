//! Tells the pages that wait on a flow that something changed, whichever replica or process changed it.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The channel of the trigger on `onboarding_flows`; the payload is the flow's id.
const CHANNEL: &str = "tenantry_flow";
/// Pause before listening anew after the connection was lost.
const PAUSE: Duration = Duration::from_secs(2);

/// Pass notifications on until `stop`. `pool` must reach Postgres directly, not through a pooler in transaction mode.
/// After a lost connection the nil id is sent: whoever waits looks again, since a change may have been missed.
pub async fn relay(pool: PgPool, changes: broadcast::Sender<Uuid>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let listening = stop.run_until_cancelled(listen(&pool, &changes)).await;
        match listening {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "listening for flow changes was interrupted");
            }
        }
        let _ = changes.send(Uuid::nil());
        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

async fn listen(pool: &PgPool, changes: &broadcast::Sender<Uuid>) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    // None means that the connection was lost: begin anew, so that the caller tells everybody to look again.
    while let Some(notification) = listener.try_recv().await? {
        if let Ok(id) = notification.payload().parse() {
            // Nobody waiting is no failure.
            let _ = changes.send(id);
        }
    }
    Ok(())
}
