//! The audit log's chain: sealed by any number of keepers, whole after every death, and no change goes unnoticed.

mod retention;
mod sealing;
mod tampering;
mod upgrade;

use sqlx::PgPool;
use tenantry::clock::Clock;
use tenantry::keeper::Keyring;
use tenantry::keeper::audit::{Checkpoint, Inspector, Report};

use crate::support::keeper::World;

/// Write this many rows, as the portal does.
pub async fn write(world: &World, rows: i32) {
    let sql = "insert into audit_events (at, tenant_id, actor_type, actor_id, actor_name, ip, action, object_type, object_id,
          request_id, details)
        select now(), gen_random_uuid(), 'technician', gen_random_uuid(), 'robin@msp.example', '192.0.2.7', 'tenant.edited',
          'tenant', gen_random_uuid()::text, gen_random_uuid()::text, jsonb_build_object('n', n, 'part', 0.10 * n)
        from generate_series(1, $1) as n";
    sqlx::query(sql)
        .bind(rows)
        .execute(&world.db.web())
        .await
        .unwrap();
}

/// Wait until nothing waits to be sealed any more.
pub async fn until_sealed(world: &World) {
    world
        .until_number("select count(*) from audit_unsealed", 0)
        .await;
}

/// Wait until a checkpoint vouches for the last seal.
pub async fn until_vouched(world: &World) {
    let behind = "select seq - checkpoint_seq from audit_chain";
    world.until_number(behind, 0).await;
}

pub async fn verify(world: &World, outside: &[Checkpoint]) -> Report {
    inspect(&world.db.keeper(), world, outside).await
}

async fn inspect(pool: &PgPool, world: &World, outside: &[Checkpoint]) -> Report {
    let keys = Keyring::read(&world.key_file).unwrap();
    let inspector = Inspector::new(pool.clone(), keys, Clock::system());
    inspector.verify(outside).await.unwrap()
}

/// The findings in words.
pub fn words(report: &Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}
