//! Quiescence: time passes until nothing is in anybody's hands, nothing is overdue and nothing waits for another try.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use uuid::Uuid;

use crate::world::World;

/// So long in real time at most; what is not quiet by then hangs.
const PATIENCE: Duration = Duration::from_mins(6);

/// What is still to be done. A lease that has ended counts as waiting for whoever takes it, however long that takes a slow
/// machine: time does not pass meanwhile.
#[derive(Debug, sqlx::FromRow)]
struct Standing {
    leased: i64,
    /// Tells whether the leases are those of the last look.
    leases: Option<String>,
    pending: i64,
    next: Option<OffsetDateTime>,
}

const STANDING: &str = "select
  count(*) filter (where s.lease_id is not null and s.lease_until > now()) as leased,
  md5(string_agg(s.connection_id::text || s.lease_id::text || s.lease_until::text, ',' order by s.connection_id) filter (where s.lease_id is not null)) as leases,
  count(*) filter (where p.pending or s.lease_id is not null) as pending,
  min(s.next_refresh_at) filter (where p.pending or s.lease_id is not null) as next
from refresh_schedule s
join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id,
lateral (select c.state in ('active', 'suspect') and (c.state = 'suspect' or s.attempt > 0 or s.last_error_class is not null
  or s.next_refresh_at <= $1) as pending) p";

/// Let time pass until all is quiet. A lease that stays the same for `hold` in real time is nobody's any more; gives the
/// Entra tenants of such leases.
pub async fn quiet(world: &mut World, hold: Duration) -> BTreeSet<Uuid> {
    let mut abandoned = BTreeSet::new();
    let start = Instant::now();
    let mut same: (Option<String>, Instant) = (None, Instant::now());
    loop {
        assert!(
            start.elapsed() < PATIENCE,
            "the world does not come to rest: {:?}",
            look(world).await
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        let Some(now) = look(world).await else {
            continue;
        };
        if now.leases != same.0 {
            same = (now.leases.clone(), Instant::now());
        }
        if now.leased > 0 {
            if same.1.elapsed() > hold {
                abandoned.extend(leased(world).await);
                world.advance(time::Duration::seconds(121)).await;
                same = (None, Instant::now());
            }
        } else if now.pending == 0 {
            return abandoned;
        } else if let Some(next) = now.next {
            let ahead = next - world.now();
            if ahead > time::Duration::ZERO {
                // Not all at once: whoever is due sooner by another clock is not kept waiting.
                world
                    .advance(ahead.min(time::Duration::minutes(30)) + time::Duration::seconds(1))
                    .await;
            }
        }
    }
}

async fn look(world: &World) -> Option<Standing> {
    sqlx::query_as(STANDING)
        .bind(world.now())
        .fetch_one(&world.pool)
        .await
        .ok()
}

/// The Entra tenants of everything that is in somebody's hands.
async fn leased(world: &World) -> Vec<Uuid> {
    sqlx::query_scalar(
        "select c.entra_tenant_id from connections c
         join refresh_schedule s on s.tenant_id = c.tenant_id and s.connection_id = c.id where s.lease_id is not null",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap_or_default()
}
