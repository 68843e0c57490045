//! Forgetting: the sealed tokens of what was ended are erased, and the credentials of an application of the customer's own.

use serde_json::json;
use sqlx::PgConnection;

use super::run::{Came, Outcome, Work};
use crate::keeper::store::disconnections;

pub(super) async fn step(tx: &mut PgConnection, work: &Work<'_>) -> sqlx::Result<Came> {
    let erased = disconnections::erase(&mut *tx, work.one).await?;
    if work.one.delete_everything {
        disconnections::blank_links(tx, work.one.tenant_id).await?;
    }
    let details = json!({
        "refresh_tokens": erased.refresh_tokens,
        "access_tokens": erased.access_tokens,
        "credentials": erased.credentials,
    });
    Ok(Came::To(Outcome::new("forgotten", details)))
}
