//! What ends by itself among the sealed: records move from old data keys to new ones and the old ones are destroyed; the
//! tokens of authorisations that are dead for a month are erased. Every keeper may do it at once.

mod dead;
mod reseal;

pub(super) use reseal::move_all;

use super::core::Shared;

/// Run until the keeper stops.
pub(super) async fn work(core: Shared) {
    while !core.stop.is_cancelled() {
        if let Err(error) = dead::erase(&core).await {
            tracing::warn!(%error, "dead tokens cannot be erased");
        }
        if let Err(error) = reseal::turn(&core).await {
            tracing::warn!(%error, "old data keys cannot be left behind");
        }
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = tokio::time::sleep(core.settings.seal_sweep_pause) => {}
        }
    }
}
