//! The schema: applied once, found current, clear about what is missing.

use secrecy::SecretString;
use sqlx::Row;
use tenantry::storage::{BootCheck, BootCheckError, Expect, Schema, boot_check, migrate, schema};

use crate::support::db::test_db;

fn owner(db: &crate::support::db::TestDb) -> SecretString {
    db.url("portal_migrate")
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let db = test_db().await;
    let before = schema(&db.web()).await.unwrap();
    let version = migrate(&owner(&db)).await.unwrap();
    assert_eq!(before, Schema::Current { version });
}

#[tokio::test]
async fn two_migrators_at_once_queue() {
    let db = test_db().await;
    sqlx::raw_sql("drop owned by portal_owner cascade; grant all on schema public to portal_owner")
        .execute(&db.superuser())
        .await
        .unwrap();
    let url = owner(&db);
    let (one, two) = tokio::join!(migrate(&url), migrate(&url));
    assert_eq!(one.unwrap(), two.unwrap());
}

#[tokio::test]
async fn no_login_owns_a_table() {
    let db = test_db().await;
    let owners: Vec<String> =
        sqlx::query("select distinct tableowner::text from pg_tables where schemaname = 'public'")
            .fetch_all(&db.superuser())
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
    assert_eq!(owners, ["portal_owner"]);
}

#[tokio::test]
async fn a_database_that_lags_behind_says_so() {
    let db = test_db().await;
    let admin = db.superuser();
    sqlx::query(
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)",
    )
    .execute(&admin)
    .await
    .unwrap();
    assert!(matches!(
        schema(&db.web()).await.unwrap(),
        Schema::Behind { version, wanted } if version < wanted
    ));
    sqlx::query("drop table _sqlx_migrations")
        .execute(&admin)
        .await
        .unwrap();
    assert!(matches!(
        schema(&db.web()).await.unwrap(),
        Schema::Empty { .. }
    ));
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_left_alone() {
    let db = test_db().await;
    sqlx::query(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (99991231000000, 'from the future', true, '', 0)",
    )
    .execute(&db.superuser())
    .await
    .unwrap();
    let error = migrate(&owner(&db)).await.unwrap_err();
    assert!(error.to_string().contains("newer Tenantry"), "{error}");
    assert!(matches!(
        schema(&db.web()).await.unwrap(),
        Schema::Current {
            version: 99_991_231_000_000
        }
    ));
}

#[tokio::test]
async fn the_boot_check_knows_the_right_login_from_a_mighty_one() {
    let db = test_db().await;
    let expect = Expect {
        role: "portal_web",
        volatile: true,
    };
    let web = tenantry::storage::pool(&db.urls().web, tenantry::storage::PoolKind::Web).unwrap();
    boot_check(&web, expect).await.unwrap();

    let keeper = Expect {
        role: "portal_keeper",
        ..expect
    };
    boot_check(&db.keeper(), keeper).await.unwrap();

    let error = boot_check(&db.superuser(), expect).await.unwrap_err();
    let BootCheckError::Unfit(wrong) = error else {
        panic!("{error}")
    };
    assert!(
        wrong
            .iter()
            .any(|wrong| matches!(wrong, BootCheck::Role { .. }))
    );
    assert!(
        wrong
            .iter()
            .any(|wrong| matches!(wrong, BootCheck::TooMighty(..)))
    );
}

#[tokio::test]
async fn pools_carry_the_limits_of_their_use() {
    let db = test_db().await;
    for (kind, statement) in [
        (tenantry::storage::PoolKind::Web, "5s"),
        (tenantry::storage::PoolKind::Keeper, "30s"),
    ] {
        let pool = tenantry::storage::pool(&db.urls().web, kind).unwrap();
        let row = sqlx::query(
            "select current_setting('statement_timeout'), current_setting('lock_timeout'),
               current_setting('idle_in_transaction_session_timeout'), current_setting('timezone')",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        let found: [String; 4] = std::array::from_fn(|i| row.get(i));
        assert_eq!(found, [statement, "2s", "10s", "UTC"]);
    }
}
