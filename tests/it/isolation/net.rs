//! The second net: row-level security, asked past every query of ours, as the portal's own login.

use sqlx::{AssertSqlSafe, PgConnection, PgPool};

use super::stage::Stage;

/// Tables of tenants that the portal's login may read at all, with the column that names the tenant.
async fn readable(pool: &PgPool) -> Vec<(String, &'static str, bool)> {
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "select c.relname::text, coalesce((select a.attnotnull from pg_attribute a
             where a.attrelid = c.oid and a.attname = 'tenant_id'), true)
         from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and (c.relname = 'tenants' or exists (select from pg_attribute a
             where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped))
           and c.relname <> 'technician_tenants' and c.relname !~ '^audit_'
           and has_any_column_privilege('portal_web', c.oid, 'select')
         order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    tables
        .into_iter()
        .map(|(name, always)| {
            let column = if name == "tenants" { "id" } else { "tenant_id" };
            (name, column, always)
        })
        .collect()
}

async fn count(db: &mut PgConnection, table: &str, wanted: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!(
        "select count(*) from {table} where {wanted}"
    )))
    .fetch_one(db)
    .await
    .unwrap_or_else(|error| panic!("{table}: {error}"))
}

async fn enter(db: &mut PgConnection, scope: &str) {
    sqlx::query("select set_config('app.scope', $1, true)")
        .bind(scope)
        .execute(db)
        .await
        .unwrap();
}

#[tokio::test]
async fn without_a_scope_there_are_no_rows() {
    let stage = Stage::new().await;
    let web = stage.app.db.web();
    let tables = readable(&stage.app.pool).await;
    assert!(tables.len() > 15, "{tables:?}");
    let mut filled = 0;
    for (table, column, _) in &tables {
        let mut tx = web.begin().await.unwrap();
        assert_eq!(count(&mut tx, table, "true").await, 0, "{table} by nobody");
        // What was set in a transaction that has ended reads as empty; neither that nor nonsense opens anything.
        for odd in ["", "everything", "tenant", "ALL"] {
            enter(&mut tx, odd).await;
            let wanted = format!("{column} is not null");
            assert_eq!(
                count(&mut tx, table, &wanted).await,
                0,
                "{table} as {odd:?}"
            );
        }
        enter(&mut tx, "all").await;
        filled += i32::from(count(&mut tx, table, "true").await > 0);
    }
    assert!(
        filled >= 12,
        "the test looks at empty tables: {filled} were filled"
    );
}

#[tokio::test]
async fn a_query_that_forgets_to_filter_finds_what_its_scope_reaches_and_no_more() {
    let stage = Stage::new().await;
    let web = stage.app.db.web();
    let outside: Vec<String> = stage
        .seen_by_gold(false)
        .iter()
        .map(|one| format!("'{}'", one.id))
        .collect();
    let outside = outside.join(", ");
    let mut own = 0;
    for (table, column, _) in readable(&stage.app.pool).await {
        let foreign = format!("{column} in ({outside})");
        let mine = format!("{column} is not null and not {foreign}");
        let mut tx = web.begin().await.unwrap();
        enter(&mut tx, &format!("technician:{}", stage.gold_id)).await;
        assert_eq!(count(&mut tx, &table, &foreign).await, 0, "{table}");
        own += count(&mut tx, &table, &mine).await;
        let one = stage.seen_by_gold(true)[0].id;
        enter(&mut tx, &format!("tenant:{one}")).await;
        let others = format!("{column} <> '{one}'");
        assert_eq!(count(&mut tx, &table, &others).await, 0, "{table} of one");
    }
    assert!(own > 60, "{own}");
}

#[tokio::test]
async fn views_of_the_whole_fleet_are_empty_for_whoever_may_not_see_it() {
    let stage = Stage::new().await;
    let web = stage.app.db.web();
    for view in [
        "fleet_tenant_status",
        "fleet_msal_errors",
        "fleet_msal_error_folds",
    ] {
        let mut tx = web.begin().await.unwrap();
        assert_eq!(count(&mut tx, view, "true").await, 0, "{view} by nobody");
        for scope in [
            format!("technician:{}", stage.gold_id),
            format!("tenant:{}", stage.customers[0].id),
        ] {
            enter(&mut tx, &scope).await;
            assert_eq!(count(&mut tx, view, "true").await, 0, "{view} as {scope}");
        }
        enter(&mut tx, "all").await;
        assert_eq!(
            count(&mut tx, view, "true").await,
            i64::try_from(stage.customers.len()).unwrap(),
            "{view}"
        );
    }
}

#[tokio::test]
async fn views_of_granted_rows_show_what_the_scope_of_the_transaction_allows_and_nothing_else() {
    let stage = Stage::new().await;
    let web = stage.app.db.web();
    for table in ["tenant_status", "msal_errors", "msal_error_folds"] {
        let view = format!("granted_{table}");
        let one = stage.seen_by_gold(true)[0].id;
        for scope in ["", "all", &format!("tenant:{one}")] {
            let mut tx = web.begin().await.unwrap();
            enter(&mut tx, scope).await;
            assert_eq!(
                count(&mut tx, &view, "true").await,
                0,
                "{view} as {scope:?}"
            );
        }
        let mut tx = web.begin().await.unwrap();
        enter(&mut tx, &format!("technician:{}", stage.gold_id)).await;
        let theirs = i64::try_from(stage.seen_by_gold(true).len()).unwrap();
        assert_eq!(count(&mut tx, &view, "true").await, theirs, "{view}");
        let foreign = stage.seen_by_gold(false)[0].id;
        let others = format!(
            "tenant_id = '{foreign}' or granted_to <> '{}'",
            stage.gold_id
        );
        assert_eq!(count(&mut tx, &view, &others).await, 0, "{view}");
    }
}

#[tokio::test]
async fn nothing_is_written_outside_the_scope() {
    let stage = Stage::new().await;
    let web = stage.app.db.web();
    let foreign = stage.seen_by_gold(false)[0];
    let scopes = [
        String::new(),
        format!("technician:{}", stage.gold_id),
        format!("tenant:{}", stage.seen_by_gold(true)[0].id),
    ];
    for scope in scopes {
        let mut tx = web.begin().await.unwrap();
        enter(&mut tx, &scope).await;
        for change in [
            "update tenants set full_name = 'Taken' where id = $1",
            "update invitations set state = 'revoked', ended_at = now() where tenant_id = $1",
            "delete from tenant_tags where tenant_id = $1",
        ] {
            let done = sqlx::query(change)
                .bind(foreign.id)
                .execute(&mut *tx)
                .await
                .unwrap();
            assert_eq!(done.rows_affected(), 0, "{scope}: {change}");
        }
        let refused = sqlx::query("insert into tenant_tags (tenant_id, tag) values ($1, 'taken')")
            .bind(foreign.id)
            .execute(&mut *tx)
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("row-level security"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn nobody_but_the_database_writes_who_may_see_what() {
    let stage = Stage::new().await;
    let web = stage.app.db.web();
    let refused =
        sqlx::query("insert into technician_tenants (technician_id, tenant_id) values ($1, $2)")
            .bind(stage.gold_id)
            .bind(stage.seen_by_gold(false)[0].id)
            .execute(&web)
            .await
            .unwrap_err();
    assert!(
        refused.to_string().contains("permission denied"),
        "{refused}"
    );
    let refused = sqlx::query("select settle_technician_tenants(null, null)")
        .execute(&web)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("permission denied"),
        "{refused}"
    );
}
