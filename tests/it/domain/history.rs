//! The record of how tenants stood: every change is kept with its own instant, and nothing else is.

use sqlx::PgPool;
use tenantry::storage::TenantId;
use time::{Duration, OffsetDateTime};

use crate::support::db::test_db;
use crate::support::fleet::Fleet;

/// `state from-until`, in hours after the fleet's instant, oldest first.
async fn record(pool: &PgPool, tenant: TenantId, now: OffsetDateTime) -> Vec<String> {
    let rows: Vec<(String, Option<String>, OffsetDateTime, Option<OffsetDateTime>)> = sqlx::query_as(
        "select state, cause, since, until from connection_states where tenant_id = $1 order by since, id",
    )
    .bind(tenant)
    .fetch_all(pool)
    .await
    .unwrap();
    let hours = |at: OffsetDateTime| (at - now).whole_hours();
    rows.into_iter()
        .map(|(state, cause, since, until)| {
            let cause = cause.map(|cause| format!("({cause})")).unwrap_or_default();
            let until = until.map(|at| hours(at).to_string()).unwrap_or_default();
            format!("{state}{cause} {}..{until}", hours(since))
        })
        .collect()
}

#[tokio::test]
async fn a_life_is_kept_change_by_change() {
    let db = test_db().await;
    let fleet = Fleet::new(&db, tenantry::clock::Clock::system().now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let first = fleet.connection(tenant, "active").await;
    // Two failures of one trouble, a success, a death.
    fleet
        .change(
            first,
            "trouble_since = state_since + interval '1 hour', cause = 'microsoft_outage'",
        )
        .await;
    fleet.change(first, "last_error_code = 90033").await;
    fleet
        .change(
            first,
            "trouble_since = null, cause = null, last_ok_at = state_since + interval '3 hours'",
        )
        .await;
    fleet
        .change(
            first,
            "state = 'needs_consent', state_since = state_since + interval '10 hours', cause = 'password_changed'",
        )
        .await;
    let begin = -30 * 24;
    assert_eq!(
        record(&fleet.pool, tenant, fleet.now).await,
        [
            format!("not_connected {}..{begin}", -100 * 24),
            format!("valid {begin}..{}", begin + 1),
            format!("retrying(microsoft_outage) {}..{}", begin + 1, begin + 3),
            format!("valid {}..{}", begin + 3, begin + 10),
            format!("expired(password_changed) {}..", begin + 10),
        ]
    );
}

#[tokio::test]
async fn a_replaced_grant_leaves_no_gap() {
    let db = test_db().await;
    let fleet = Fleet::new(&db, tenantry::clock::Clock::system().now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let former = fleet.connection(tenant, "needs_consent").await;
    // As an onboarding does: the former is revoked and the new one put to use at one instant.
    let mut tx = fleet.pool.begin().await.unwrap();
    sqlx::query("update connections set state = 'revoked', state_since = $2 where id = $1")
        .bind(former)
        .bind(fleet.now - Duration::hours(5))
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query(
        "insert into connections (tenant_id, id, mode, state, state_since, entra_tenant_id, admin_oid, token_class, obtained_by,
           obtained_at, app_registration_id)
         select tenant_id, gen_random_uuid(), mode, 'active', $2, entra_tenant_id, admin_oid, token_class, obtained_by, $2,
           app_registration_id from connections where id = $1",
    )
    .bind(former)
    .bind(fleet.now - Duration::hours(5))
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let record = record(&fleet.pool, tenant, fleet.now).await;
    assert_eq!(record.len(), 3, "{record:?}");
    assert_eq!(record[1], "expired -720..-5");
    assert_eq!(record[2], "valid -5..");
}

#[tokio::test]
async fn a_pause_is_kept_and_a_refresh_that_works_is_not() {
    let db = test_db().await;
    let fleet = Fleet::new(&db, tenantry::clock::Clock::system().now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "active").await;
    for _ in 0..3 {
        fleet
            .change(connection, "last_ok_at = last_ok_at + interval '1 minute'")
            .await;
    }
    let set = |state: &str, hours: i64| {
        format!("state = '{state}', state_since = state_since + interval '{hours} hours'")
    };
    fleet.change_tenant(tenant, &set("suspended", 2000)).await;
    fleet.change_tenant(tenant, &set("active", 100)).await;
    let begin = -100 * 24;
    assert_eq!(
        record(&fleet.pool, tenant, fleet.now).await[1..],
        [
            format!("valid -720..{}", begin + 2000),
            format!("suspended {}..{}", begin + 2000, begin + 2100),
            format!("valid {}..", begin + 2100),
        ]
    );
}

#[tokio::test]
async fn retrying_knows_how_long_the_tokens_it_held_live() {
    let db = test_db().await;
    let fleet = Fleet::new(&db, tenantry::clock::Clock::system().now()).await;
    let tenant = fleet.tenant("alder", "Alder Clinics").await;
    let connection = fleet.connection(tenant, "active").await;
    // The optional one ends first and does not count.
    sqlx::query("update tokens set expires_at = $1 where resource = 'azure'")
        .bind(fleet.now - Duration::hours(1))
        .execute(&fleet.pool)
        .await
        .unwrap();
    fleet.change(connection, "trouble_since = now()").await;
    let until: Option<OffsetDateTime> =
        sqlx::query_scalar("select access_until from connection_states where until is null")
            .fetch_one(&fleet.pool)
            .await
            .unwrap();
    assert_eq!(
        until.unwrap().unix_timestamp(),
        (fleet.now + Duration::minutes(50)).unix_timestamp()
    );
}
