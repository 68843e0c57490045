//! API keys belong to people, not to tenants: each is there for its owner, for itself, and for whoever reaches everything.

use sqlx::PgConnection;
use tenantry::domain::api_key::{self, NewKey, Rule, USUAL_LIFE};
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, Role};
use tenantry::storage::{ApiKeyId, BootCheck, BootCheckError, Expect, TechnicianId, boot_check};
use uuid::Uuid;

use super::stage::Stage;
use crate::api::stage::everything;

/// A key of this technician's, used once.
async fn key(stage: &Stage, owner: TechnicianId) -> ApiKeyId {
    let app = &stage.app.app;
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Command("test"))
        .await
        .unwrap();
    let owner = technician::find(&mut op, owner).await.unwrap().unwrap();
    let new = NewKey {
        rule: Rule {
            scopes: Vec::new(),
            ..everything("script")
        },
        life: USUAL_LIFE,
    };
    let (id, _) = api_key::create(&mut op, &owner, &new).await.unwrap();
    op.commit().await.unwrap();
    sqlx::query(
        "insert into api_key_uses (key_id, minute, calls, hand_outs, uses, last_used_at, last_ip)
         values ($1, now(), 1, 0, 1, now(), '192.0.2.1')",
    )
    .bind(id)
    .execute(&stage.app.pool)
    .await
    .unwrap();
    id
}

/// What a query without a filter finds, as the portal's own login.
async fn found(db: &mut PgConnection, scope: &str) -> Vec<Uuid> {
    sqlx::query("select set_config('app.scope', $1, true)")
        .bind(scope)
        .execute(&mut *db)
        .await
        .unwrap();
    let mut ids: Vec<Uuid> = sqlx::query_scalar("select id from api_keys")
        .fetch_all(&mut *db)
        .await
        .unwrap();
    let mut used: Vec<Uuid> = sqlx::query_scalar("select key_id from api_key_uses")
        .fetch_all(db)
        .await
        .unwrap();
    ids.sort();
    used.sort();
    assert_eq!(ids, used, "as {scope:?}");
    ids
}

#[tokio::test]
async fn a_key_is_there_for_its_owner_for_itself_and_for_whoever_reaches_everything() {
    let stage = Stage::new().await;
    let other = stage
        .app
        .technician("other@msp.example", Role::Technician)
        .await;
    let own = key(&stage, stage.gold_id).await.as_uuid();
    let foreign = key(&stage, other).await.as_uuid();
    let mut both = vec![own, foreign];
    both.sort();
    let mut tx = stage.app.db.web().begin().await.unwrap();
    let tenant = stage.customers[0].id;
    for (scope, expected) in [
        (String::new(), Vec::new()),
        ("ALL".to_owned(), Vec::new()),
        (format!("tenant:{tenant}"), Vec::new()),
        (format!("technician:{}", stage.gold_id), vec![own]),
        (format!("technician:{foreign}"), vec![foreign]),
        ("all".to_owned(), both),
    ] {
        assert_eq!(found(&mut tx, &scope).await, expected, "as {scope:?}");
    }
}

#[tokio::test]
async fn nobody_changes_a_key_or_makes_one_in_the_name_of_somebody_else() {
    let stage = Stage::new().await;
    let other = stage
        .app
        .technician("other@msp.example", Role::Technician)
        .await;
    let foreign = key(&stage, other).await;
    let mut tx = stage.app.db.web().begin().await.unwrap();
    let scope = format!("technician:{}", stage.gold_id);
    assert!(found(&mut tx, &scope).await.is_empty());
    let done = sqlx::query("update api_keys set all_tenants = true where id = $1")
        .bind(foreign)
        .execute(&mut *tx)
        .await
        .unwrap();
    assert_eq!(done.rows_affected(), 0);
    let refused = sqlx::query(
        "insert into api_keys (id, public_id, mac, name, owner_id, state_since, scopes, created_at, issued_at, expires_at)
         values (gen_random_uuid(), 'taken', 'x', 'taken', $1, now(), '{}', now(), now(), now())",
    )
    .bind(other)
    .execute(&mut *tx)
    .await
    .unwrap_err();
    assert!(
        refused.to_string().contains("row-level security"),
        "{refused}"
    );
}

#[tokio::test]
async fn before_it_is_known_whose_a_key_is_its_id_is_all_there_is() {
    let stage = Stage::new().await;
    let id = key(&stage, stage.gold_id).await;
    let public_id: String = sqlx::query_scalar("select public_id from api_keys where id = $1")
        .bind(id)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    for (asked, expected) in [(public_id.as_str(), Some(id.as_uuid())), ("nothing!", None)] {
        let answer: Option<Uuid> = sqlx::query_scalar("select api_key_of($1)")
            .bind(asked)
            .fetch_one(&stage.app.db.web())
            .await
            .unwrap();
        assert_eq!(answer, expected);
    }
    let refused = sqlx::query("select api_key_of($1)")
        .bind(&public_id)
        .execute(&stage.app.db.keeper())
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("permission denied"),
        "{refused}"
    );
}

#[tokio::test]
async fn keys_that_are_not_guarded_stop_the_start() {
    let stage = Stage::new().await;
    let expect = Expect {
        role: "portal_web",
        volatile: true,
    };
    sqlx::query("alter table api_keys disable row level security")
        .execute(&stage.app.db.superuser())
        .await
        .unwrap();
    let Err(BootCheckError::Unfit(wrong)) = boot_check(&stage.app.db.web(), expect).await else {
        panic!("it is fit for use");
    };
    assert_eq!(wrong, [BootCheck::Unguarded("api_keys".into())]);
}
