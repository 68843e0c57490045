//! What the schema says of tables of tenants: guarded, and keyed by their tenant. New tables cannot escape it; what is left
//! out stands here with its reason.

use sqlx::PgPool;
use tenantry::storage::{BootCheck, BootCheckError, Expect, boot_check};

use crate::support::db::test_db;

/// Functions that run as the owner, whom no row policy narrows.
const DEFINERS: &[&str] = &[
    "api_key_of",
    "audit_wait",
    "drop_audit_months",
    "ensure_audit_months",
    "ensure_audit_seal_months",
    "database_vitals",
    "drop_msal_errors_before",
    "ensure_msal_error_partitions",
    "fold_msal_errors",
    "fold_status_counts",
    "freshen_tenant_status",
    "hold_hand_out",
    "hold_technician_limits",
    "note_alert_event",
    "note_alert_of_flow",
    "note_alert_of_incident",
    "note_alert_of_invitation",
    "note_alert_of_key",
    "note_alert_of_status",
    "note_alert_of_validation",
    "note_connection_standing",
    "note_error_days",
    "note_revocation",
    "note_standing",
    "note_status_counts",
    "note_tenant_standing",
    "rebuild_tenant_status",
    "set_status_clock",
    "settle_changed_key",
    "settle_changed_limit",
    "settle_changed_row",
    "settle_changed_rows",
    "settle_changed_tenant",
    "settle_changed_tenants",
    "settle_due_status",
    "settle_grants_of_tags",
    "settle_grants_of_tenants",
    "settle_permission_set",
    "settle_technician_tenants",
    "settle_tenant_status",
    "stop_hand_out",
    "tenant_of_flow",
    "tenant_of_link",
];

/// Tables whose tenant may be nobody, so that it is no part of their key.
const NOBODYS: &[(&str, &str)] = &[
    (
        "alert_deliveries",
        "messages about an incident or a channel",
    ),
    ("alert_events", "incidents concern no single tenant"),
    ("alerts", "likewise"),
    ("app_registrations", "the MSP's own belong to no tenant"),
    ("audit_events", "acts that concern no tenant; append only"),
    (
        "data_keys",
        "the installation's own keys; outlives what it sealed",
    ),
    ("mail_deliveries", "letters that concern no tenant"),
];

/// References between tables of tenants that do not carry the tenant.
const LOOSE: &[(&str, &str, &str)] = &[
    (
        "alert_deliveries",
        "alerts",
        "an alert of an incident is nobody's, and so are its messages",
    ),
    (
        "connections",
        "app_registrations",
        "the registration may be the MSP's own, which is nobody's",
    ),
    (
        "app_only_trials",
        "app_registrations",
        "as above: a registration's key cannot carry a tenant that may be null",
    ),
];

async fn strings(pool: &PgPool, query: &'static str) -> Vec<String> {
    sqlx::query_scalar(query).fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn functions_that_run_as_the_owner_are_known_and_look_nowhere_else() {
    let db = test_db().await;
    let found: Vec<(String, Option<Vec<String>>)> = sqlx::query_as(
        "select proname::text, proconfig from pg_proc
         where pronamespace = 'public'::regnamespace and prosecdef order by 1",
    )
    .fetch_all(&db.superuser())
    .await
    .unwrap();
    for (name, settings) in &found {
        let path = settings
            .iter()
            .flatten()
            .find(|one| one.starts_with("search_path="));
        assert!(path.is_some(), "{name} has no fixed search path");
    }
    let unknown: Vec<&String> = found
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !DEFINERS.contains(&name.as_str()))
        .collect();
    assert!(unknown.is_empty(), "name them here, with care: {unknown:?}");
}

#[tokio::test]
async fn every_table_of_tenants_is_keyed_by_its_tenant() {
    let db = test_db().await;
    let loose = strings(
        &db.superuser(),
        "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and not (a.attnotnull and exists (select from pg_index i
             where i.indrelid = c.oid and i.indisprimary and a.attnum = any(i.indkey)))
         order by 1",
    )
    .await;
    let known: Vec<&str> = NOBODYS.iter().map(|(table, _)| *table).collect();
    assert_eq!(loose, known);
}

#[tokio::test]
async fn a_reference_between_tables_of_tenants_carries_the_tenant() {
    let db = test_db().await;
    let found: Vec<(String, String)> = sqlx::query_as(
        "select distinct f.conrelid::regclass::text, f.confrelid::regclass::text
         from pg_constraint f
         join pg_attribute a on a.attrelid = f.conrelid and a.attname = 'tenant_id' and not a.attisdropped
         join pg_attribute b on b.attrelid = f.confrelid and b.attname = 'tenant_id' and not b.attisdropped
         where f.contype = 'f' and f.conparentid = 0
           and not exists (select from unnest(f.conkey, f.confkey) k(here, there)
             where k.here = a.attnum and k.there = b.attnum)
         order by 1, 2",
    )
    .fetch_all(&db.superuser())
    .await
    .unwrap();
    let unknown: Vec<_> = found
        .iter()
        .filter(|(from, to)| !LOOSE.iter().any(|(f, t, _)| f == from && t == to))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[tokio::test]
async fn the_boot_check_finds_a_table_that_is_not_guarded() {
    let db = test_db().await;
    let expect = Expect {
        role: "portal_web",
        volatile: true,
    };
    boot_check(&db.web(), expect).await.unwrap();
    let spoil = [
        ("tokens", "alter table tokens disable row level security"),
        (
            "invitations",
            "alter table invitations no force row level security",
        ),
        ("tenants", "drop policy web on tenants"),
        (
            "brand_new",
            "create table brand_new (tenant_id uuid not null, id uuid, primary key (tenant_id, id))",
        ),
    ];
    for (_, statement) in spoil {
        sqlx::query(statement)
            .execute(&db.superuser())
            .await
            .unwrap();
    }
    let Err(BootCheckError::Unfit(wrong)) = boot_check(&db.web(), expect).await else {
        panic!("it is fit for use");
    };
    for (table, _) in spoil {
        assert!(
            wrong.contains(&BootCheck::Unguarded(table.into())),
            "{table} in {wrong:?}"
        );
    }
    assert_eq!(wrong.len(), spoil.len());
    // The migrator guards what a migration forgot, or somebody took away.
    let named = strings(&db.superuser(), "select secure_tenant_tables() order by 1").await;
    assert_eq!(named, ["brand_new", "invitations", "tenants", "tokens"]);
    boot_check(&db.web(), expect).await.unwrap();
}
