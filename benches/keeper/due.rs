//! What the claim of due connections costs as the fleet grows: it is an index read, so a claimed row costs the same
//! among a thousand and among a million.

use secrecy::ExposeSecret;
use sqlx::PgPool;
use tenantry::keeper::rehearsal::claim_cost;
use tenantry::storage::migrate;
use tenantry::storage::private_postgres::{Options, PrivatePostgres};

use crate::report::Report;
use crate::world::scratch;

/// Connections in the schedule; three tokens each.
const SIZES: [i64; 4] = [1_000, 10_000, 100_000, 1_000_000];
const BATCH: i64 = 50;
const TURNS: i64 = 10;

pub async fn run(report: &mut Report) {
    let dir = scratch();
    let postgres = PrivatePostgres::start(Options {
        dir: dir.join("postgres"),
        volatile: true,
    })
    .await
    .unwrap();
    let urls = postgres.urls();
    migrate(urls.migrate.as_ref().unwrap()).await.unwrap();
    let pool = PgPool::connect(urls.migrate.as_ref().unwrap().expose_secret())
        .await
        .unwrap();
    let mut first = None;
    for size in SIZES {
        fill(&pool, size).await;
        let mut costs = Vec::new();
        for _ in 0..TURNS {
            costs.push(claim_cost(&pool, BATCH).await.unwrap());
        }
        costs.sort_by(|a, b| a.milliseconds.total_cmp(&b.milliseconds));
        let cost = &costs[costs.len() / 2];
        assert!(
            cost.by_index,
            "the claim does not read the due index at {size}"
        );
        let each = cost.milliseconds * 1000.0 / BATCH as f64;
        println!(
            "due scan of {size}: {each:.1} us and {} pages a claimed row",
            cost.pages / BATCH
        );
        let base = *first.get_or_insert(each);
        if size != SIZES[0] {
            report.at_most(&format!("due_scan_us_per_row_{size}"), each, base * 3.0);
        }
    }
    drop(pool);
    postgres.stop().await;
    let _ = std::fs::remove_dir_all(dir);
}

/// Fill the schedule up to `size` connections, a tenth of them due.
async fn fill(pool: &PgPool, size: i64) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "insert into app_registrations (id, client_id, display_name, created_at, updated_at)
           values ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000001', 'x', now(), now())
           on conflict do nothing;
         -- The status list is not what is measured here.
         alter table tenants disable trigger user;
         alter table connections disable trigger user;
         create temporary table fresh as select n, gen_random_uuid() t, gen_random_uuid() c
           from generate_series((select count(*) from tenants) + 1, {size}) n;
         insert into tenants (id, short_name, full_name, state_since, created_at, updated_at)
           select t, 't' || n, 'T', now(), now(), now() from fresh;
         insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, token_class, obtained_by,
             obtained_at, app_registration_id)
           select t, c, 'auth_token', 'active', now(), t, t, 'public', 'device_code', now(),
             '00000000-0000-0000-0000-000000000001' from fresh;
         insert into refresh_schedule (tenant_id, connection_id, next_refresh_at)
           select t, c, now() + (n % 1000 - 100) * interval '1 minute' from fresh;
         drop table fresh;
         analyze"
    )))
    .execute(pool)
    .await
    .unwrap();
}
