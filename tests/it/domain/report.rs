//! Sums of days and months: what they say, that doing it again changes nothing, and that a report reads by index.

use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::domain::report::{self, Month};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::support::app::TestApp;
use crate::support::fleet::{Failure, Fleet};

const NOON: OffsetDateTime = datetime!(2026-10-20 12:00 UTC);

/// A fleet at noon of a day in the middle of a month.
async fn stage() -> (TestApp, Fleet) {
    let app = TestApp::start().await;
    let ahead = NOON - app.clock.now();
    app.clock
        .set_offset_ms(i64::try_from(ahead.whole_milliseconds()).unwrap() + app.clock.offset_ms());
    let fleet = Fleet::new(&app.db, NOON).await;
    (app, fleet)
}

async fn op(app: &TestApp) -> Op {
    Op::begin(&app.app.pool, &app.clock, Actor::Worker("test"))
        .await
        .unwrap()
}

async fn call(fleet: &Fleet, tenant: tenantry::storage::TenantId, age: Duration, outcome: &str) {
    sqlx::query(
        "insert into entra_calls (tenant_id, at, operation, resource, outcome, duration_ms, correlation_id)
         values ($1, $2, 'refresh', 'graph', $3, 100, gen_random_uuid())",
    )
    .bind(tenant)
    .bind(fleet.now - age)
    .bind(outcome)
    .execute(&fleet.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_month_says_how_access_fared() {
    let (app, fleet) = stage().await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "active").await;
    // Lost for six hours of a day that has ended, and back.
    fleet
        .change(
            connection,
            "state = 'needs_consent', state_since = '2026-10-18 06:00+00', cause = 'password_changed'",
        )
        .await;
    fleet
        .change(
            connection,
            "state = 'active', state_since = '2026-10-18 12:00+00'",
        )
        .await;
    for age in [1, 2, 26] {
        call(&fleet, tenant, Duration::hours(age), "ok").await;
    }
    call(&fleet, tenant, Duration::hours(3), "rejected").await;
    fleet
        .error(
            tenant,
            Failure {
                age: Duration::hours(50),
                ..Failure::default()
            },
        )
        .await;
    report::roll_up(&app.app.pool, &app.clock).await.unwrap();
    let month = Month::parse("2026-10").unwrap();
    let mut op = op(&app).await;
    let found = report::of_tenant(&mut op, Scope::all(), tenant, month)
        .await
        .unwrap();
    assert_eq!(found.sums.renewals, 3);
    assert_eq!(found.sums.errors, 1);
    assert_eq!(found.sums.down, Duration::hours(6));
    assert_eq!(
        found.sums.up,
        Duration::hours(19 * 24 + 12 - 6),
        "until noon of the twentieth"
    );
    assert_eq!(found.sums.mean_time_to_renew(), Some(Duration::hours(6)));
    assert_eq!(found.days.len(), 20);
    let [cause] = found.causes[..] else {
        panic!("{:?}", found.causes)
    };
    assert_eq!(cause.cause.as_str(), "password_changed");
    assert_eq!((cause.errors, cause.lost), (1, Duration::hours(6)));
    let other = report::of_tenant(
        &mut op,
        Scope::one(tenantry::storage::TenantId::new()),
        tenant,
        month,
    )
    .await
    .unwrap();
    assert!(other.days.is_empty(), "out of scope");
}

#[tokio::test]
async fn summing_up_again_gives_the_same_and_closed_days_stay_closed() {
    let (app, fleet) = stage().await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(tenant, "active").await;
    while report::roll_up(&app.app.pool, &app.clock).await.unwrap() == 31 {}
    let days: i64 = sqlx::query_scalar("select count(*) from report_days")
        .fetch_one(&fleet.pool)
        .await
        .unwrap();
    assert_eq!(days, 93, "back to the furthest that is counted, and today");
    let sums = "select sum(up_s)::bigint from tenant_months";
    let before: i64 = sqlx::query_scalar(sums)
        .fetch_one(&fleet.pool)
        .await
        .unwrap();
    call(&fleet, tenant, Duration::days(3), "ok").await;
    assert_eq!(report::roll_up(&app.app.pool, &app.clock).await.unwrap(), 1);
    let after: i64 = sqlx::query_scalar(sums)
        .fetch_one(&fleet.pool)
        .await
        .unwrap();
    assert!(after - before < 60, "only today went on: {before} {after}");
    let late: i64 = sqlx::query_scalar("select sum(renewals)::bigint from tenant_days")
        .fetch_one(&fleet.pool)
        .await
        .unwrap();
    assert_eq!(late, 0, "the day three days ago was closed");
}

#[tokio::test]
async fn ten_thousand_tenants_are_read_by_index() {
    let (app, fleet) = stage().await;
    let pool = &fleet.pool;
    sqlx::query(
        "insert into tenants (id, short_name, full_name, state_since, created_at, updated_at)
         select gen_random_uuid(), 't' || n, 'Tenant ' || n, $1, $1, $1 from generate_series(1, 10000) n",
    )
    .bind(NOON)
    .execute(pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into tenant_months select m, id, 86400 * 30 - random() * 10000, random() * 10000, 90, 1, 3600, 2, 1, 1
         from tenants, unnest(array['2026-09-01', '2026-10-01']::date[]) m",
    )
    .execute(pool)
    .await
    .unwrap();
    sqlx::query("analyze tenant_months")
        .execute(pool)
        .await
        .unwrap();
    let plan: Vec<String> = sqlx::query_scalar(
        "explain select * from tenant_months where month = '2026-10-01'
           and (case when up_s + down_s > 0 then up_s::float8 / (up_s + down_s) else 2 end, tenant_id)
             > (0.999, '00000000-0000-0000-0000-000000000000')
         order by month, case when up_s + down_s > 0 then up_s::float8 / (up_s + down_s) else 2 end, tenant_id limit 51",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let plan = plan.join("\n");
    assert!(plan.contains("tenant_months_worst_idx"), "{plan}");
    assert!(
        !plan.contains("Sort") && !plan.contains("Seq Scan"),
        "{plan}"
    );
    let mut op = op(&app).await;
    let month = Month::parse("2026-10").unwrap();
    let fleet = report::of_fleet(&mut op, Scope::all(), month)
        .await
        .unwrap();
    assert_eq!(fleet.tenants, 10_000);
    let (mut seen, mut place) = (0, None);
    loop {
        let (lines, more) = report::lines(&mut op, Scope::all(), month, place, 3_000)
            .await
            .unwrap();
        let uptimes: Vec<_> = lines
            .iter()
            .map(|line| line.sums.uptime().unwrap())
            .collect();
        assert!(uptimes.is_sorted(), "the least available first");
        seen += lines.len();
        place = lines.last().map(report::Line::place);
        if !more {
            break;
        }
    }
    assert_eq!(seen, 10_000, "each once, over all pages");
}
