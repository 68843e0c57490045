//! Incidents: one trouble of ours or of Microsoft's that many customers feel, opened once however many keepers see it,
//! and closed when it has passed.
//!
//! | kind | opened | closed |
//! | --- | --- | --- |
//! | `authority` | its breaker shuts: half of the calls fail in passing | a minute after its probes worked |
//! | `application` | a lane's breaker shuts: our application is refused | a minute after it was accepted again |
//! | `mass` | more than max(10, 2 %) of the tenants fail by one cause within 15 min | no more than that many did in the last 15 min |
//! | `quarantine` | a connection is quarantined | none is |
//!
//! While a mass incident is open nobody changes state by its cause. When an incident closes, those of its tenants that are
//! still in trouble are tried again soon, spread out.

mod mass;
mod watch;

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;

pub(super) use self::mass::{MassGuard, Sign};
pub(super) use self::watch::{recall, watch};
use super::message::Actor;
use super::store::{audit, incidents};

/// Write that an incident was opened or closed into the audit log.
async fn audit(
    tx: &mut PgConnection,
    action: &'static str,
    id: uuid::Uuid,
    cause: &str,
    tenants: i64,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    let entry = audit::Entry {
        tenant_id: None,
        actor: &Actor::keeper(),
        action,
        object_type: "incident",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({ "cause": cause, "tenants": tenants }),
    };
    audit::insert(tx, entry, at).await
}

/// See a trouble: open its incident, or note that it lasts. The audit entry comes with the opening.
async fn see(
    tx: &mut PgConnection,
    trouble: &incidents::Trouble<'_>,
    tenants: i64,
) -> sqlx::Result<incidents::Opened> {
    let opened = incidents::see(&mut *tx, trouble).await?;
    if opened.is_new {
        audit(
            tx,
            "incident.opened",
            opened.id,
            trouble.cause,
            tenants,
            trouble.at,
        )
        .await?;
        tracing::error!(incident.id = %opened.id, cause = trouble.cause, "an incident is open");
    }
    Ok(opened)
}

/// Half a second for each tenant, so that those who come back fit through the slow start: one to ten minutes.
fn spread(tenants: i64) -> Duration {
    let seconds = (tenants / 2).clamp(60, 600);
    Duration::from_secs(seconds.unsigned_abs())
}
