//! The keeper does all its work as role `portal_keeper`; these are the doors that must stay shut to others.

use tenantry::keeper::message::{Reply, Request};

use crate::support::keeper::World;

#[tokio::test]
async fn the_portals_role_reads_no_sealed_column() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let web = world.db.web();
    for sql in [
        "select 1 from connection_secrets",
        "select ct from tokens",
        "select ct from flow_secrets",
        "select token_sealed from invitations",
        "select ct from app_credentials",
        "select seed_ct from technician_factors",
        "select wrapped from data_keys",
    ] {
        let refused = sqlx::query(sql).execute(&web).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{sql}");
    }
}

#[tokio::test]
async fn no_token_stands_in_the_clear_anywhere() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select quote_ident(relname) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    let mut rows = String::new();
    for table in tables {
        let sql = format!("select coalesce(string_agg(t::text, ' '), '') from {table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(&world.pool)
            .await
            .unwrap();
        rows.push_str(&text);
    }
    assert!(rows.contains("contoso"));
    for entry in world.directory().ledger(true) {
        let token = entry.value.unwrap();
        assert!(!rows.contains(&token));
        assert!(!rows.contains(&hex::encode(&token)));
    }
    assert!(!rows.contains(crate::support::keeper::SECRET));
}

#[tokio::test]
async fn a_keeper_that_can_work_says_so() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    match keeper.ask(Request::Health).await {
        Reply::Health { ready, detail } => assert!(ready, "{detail}"),
        other => panic!("{other:?}"),
    }
}
