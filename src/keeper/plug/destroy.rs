//! "Delete everything": the data keys that the tenant had when it was disconnected are destroyed. What they sealed opens
//! never again, whatever backup a row comes from. A new onboarding has new keys; what it sealed with an old one, by a keeper
//! that had not heard yet, is sealed anew first.

use serde_json::json;
use sqlx::PgConnection;
use time::Duration;

use super::run::{Came, Outcome, Work};
use crate::keeper::seal::VaultError;
use crate::keeper::store::{disconnections, reseal};
use crate::keeper::sweep;
use crate::keeper::trouble::Trouble;

/// By then every keeper has heard that the keys seal no more.
const HEARD: Duration = Duration::seconds(5);
/// Something living still names a key, like a sign-in under way: it ends or moves by itself.
const NAMED: Duration = Duration::minutes(1);

/// Move what lives to new keys.
pub(super) async fn free(work: &Work<'_>) -> Result<(), Trouble> {
    for key in disconnections::doomed_keys(&work.core.pool, work.one).await? {
        match sweep::move_all(work.core, &key).await {
            Ok(()) => {}
            // Its key stays until somebody has looked at it; the report says that it is not destroyed yet.
            Err(VaultError::Shut(why)) => {
                tracing::error!(%why, data_key.id = %key.id, "a record of a key to be destroyed does not open");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

pub(super) async fn step(tx: &mut PgConnection, work: &Work<'_>) -> sqlx::Result<Came> {
    if work.core.clock.now() < work.one.started_at + HEARD {
        return Ok(Came::Later(Some(HEARD)));
    }
    for key in disconnections::doomed_keys(&mut *tx, work.one).await? {
        if reseal::is_named(&mut *tx, &key).await? {
            return Ok(Came::Later(Some(NAMED)));
        }
    }
    let destroyed = disconnections::destroy_keys(tx, work.one).await?;
    for id in &destroyed {
        work.core.vault.forget_key(*id);
    }
    let details = json!({ "data_keys": destroyed.len() });
    Ok(Came::To(Outcome::new("destroyed", details)))
}
