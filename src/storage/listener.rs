//! One connection per process that hears every notification of Postgres, and passes each to whom it concerns.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Pause before listening anew after the connection was lost.
const PAUSE: Duration = Duration::from_secs(2);

/// Who hears a channel. Payloads are ids; the nil id says that something may have been missed.
pub struct Ear {
    channel: &'static str,
    hear: Box<dyn Fn(Uuid) + Send + Sync>,
}

impl Ear {
    /// `hear` is called on the listening task and must not wait.
    pub fn new(channel: &'static str, hear: impl Fn(Uuid) + Send + Sync + 'static) -> Self {
        Self {
            channel,
            hear: Box::new(hear),
        }
    }
}

/// Pass notifications on until `stop`. `pool` must reach Postgres directly, not through a pooler in transaction mode. After
/// a lost connection everybody hears the nil id and looks again, since a change may have been missed.
pub async fn listen(pool: PgPool, ears: Vec<Ear>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        match stop.run_until_cancelled(hear(&pool, &ears)).await {
            None => return,
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!(%error, "listening for changes was interrupted");
            }
        }
        for ear in &ears {
            (ear.hear)(Uuid::nil());
        }
        let _ = stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

async fn hear(pool: &PgPool, ears: &[Ear]) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener
        .listen_all(ears.iter().map(|ear| ear.channel))
        .await?;
    // None means that the connection was lost: begin anew, so that the caller tells everybody to look again.
    while let Some(notification) = listener.try_recv().await? {
        let Ok(id) = notification.payload().parse() else {
            continue;
        };
        for ear in ears
            .iter()
            .filter(|ear| ear.channel == notification.channel())
        {
            (ear.hear)(id);
        }
    }
    Ok(())
}
