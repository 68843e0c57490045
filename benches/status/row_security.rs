//! What row-level security costs: the same fleet once guarded and once not, each behind a portal of its own, in turn. The
//! filters of the queries themselves, and naming the scope to the database, are on both sides.

use sqlx::AssertSqlSafe;

use super::load::Load;
use super::report::Report;
use super::serving::Serving;
use super::speed::{CONNECTIONS, FILTERED, PAGE, Viewer, measure, middle};
use super::world::Fleet;

/// `open` is a fleet like `guarded`; its row-level security is switched off here.
pub async fn cost(guarded: &Fleet, open: &Fleet, seconds: i32, report: &mut Report) {
    switch_off(open).await;
    let sides = [
        Serving::start(&["portal", &guarded.web_url, &guarded.keeper_url]),
        Serving::start(&["portal", &open.web_url, &open.keeper_url]),
    ];
    let sides = [(&sides[0], guarded), (&sides[1], open)];
    let (owner, limited) = (Viewer::Owner, Viewer::Limited);
    for (name, asked, connections) in [
        ("status_page_with_row_security", (PAGE, owner), CONNECTIONS),
        (
            "filtered_page_with_row_security",
            (FILTERED, owner),
            CONNECTIONS,
        ),
        // Nobody shares a look with them: as many at once as a team has.
        ("limited_page_with_row_security", (PAGE, limited), 4),
    ] {
        let rounds = measure(sides, asked, connections, seconds).await;
        let (with, without) = middle(&rounds, Load::per_second);
        report.at_least(name, with, without, 0.9);
    }
}

async fn switch_off(fleet: &Fleet) {
    let guarded: Vec<String> = sqlx::query_scalar(
        "select c.oid::regclass::text from pg_class c where c.relrowsecurity and c.relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&fleet.pool)
    .await
    .unwrap();
    assert!(guarded.len() > 20, "nothing to switch off: {guarded:?}");
    let tables = guarded.iter().map(|table| {
        format!("alter table {table} no force row level security, disable row level security")
    });
    let views = ["tenant_status", "msal_errors", "msal_error_folds"].map(|table| {
        format!(
            "create or replace view fleet_{table} as select * from {table};
             create or replace view granted_{table} as select k.*, g.technician_id as granted_to
             from technician_tenants g join {table} k on k.tenant_id = g.tenant_id"
        )
    });
    for sql in tables.chain(views) {
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&fleet.pool)
            .await
            .unwrap();
    }
}
