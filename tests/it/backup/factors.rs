//! Second factors and accounts of single sign-on: what was taken away after a backup stays away, and what is sealed is tried.

use serde_json::json;
use tenantry::clock::ordered_uuid;
use tenantry::domain::op::Op;
use tenantry::domain::sign_on;
use tenantry::domain::technician::{Role, factor};
use tenantry::keeper::message::totp::{Answer, Ask};
use tenantry::keeper::message::{Reply, Request};
use tenantry::storage::TechnicianId;
use uuid::Uuid;

use super::stage::Stage;

/// An authenticator app that has shown its first code; its seed is whatever is given.
async fn app(stage: &Stage, technician: TechnicianId, id: Uuid, sealed: &[u8]) {
    sqlx::query(
        "insert into technician_factors (id, technician_id, kind, name, seed_ct, created_at, confirmed_at)
         values ($1, $2, 'totp', 'Phone', $3, now(), now())",
    )
    .bind(id)
    .bind(technician)
    .bind(sealed)
    .execute(&stage.world.pool)
    .await
    .unwrap();
}

async fn code(stage: &Stage, technician: TechnicianId) {
    stage
        .sql(
            "insert into recovery_codes (technician_id, code_hash, created_at) values ($1, '\\x01', now())",
            technician.as_uuid(),
        )
        .await;
    stage
        .sql(
            "update technicians set recovery_codes_at = now() where id = $1",
            technician.as_uuid(),
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_factor_taken_away_since_stays_away_and_recovery_codes_are_made_anew() {
    let mut stage = Stage::new().await;
    let lost = stage.technician("lost", Role::Owner).await;
    let kept = stage.technician("kept", Role::Owner).await;
    for who in [lost, kept] {
        app(&stage, who, ordered_uuid(), b"sealed").await;
        code(&stage, who).await;
    }
    let (file, _) = stage.backup();
    stage
        .act(async |op: &mut Op| {
            factor::reset_factors(op, lost).await.unwrap();
        })
        .await;
    let found = stage.comes_back(&file).await;
    assert_eq!(found["technicians"]["factors_removed"], 1);
    assert_eq!(found["technicians"]["codes_ended"], 2);
    let factors = "select count(*)::text from technician_factors where technician_id = $1";
    assert_eq!(stage.text(factors, lost.as_uuid()).await, "0");
    assert_eq!(stage.text(factors, kept.as_uuid()).await, "1");
    assert_eq!(stage.number("select count(*) from recovery_codes").await, 0);
    let asked = "select count(*) from technicians where recovery_codes_at is null";
    assert_eq!(stage.number(asked).await, 2, "the next login makes them");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_untied_since_stays_untied_and_one_tied_anew_is_not_taken_for_it() {
    let mut stage = Stage::new().await;
    let untied = stage.technician("untied", Role::Owner).await;
    let moved = stage.technician("moved", Role::Technician).await;
    let tie = "insert into technician_sign_ons (technician_id, issuer, subject, linked_at)
               values ($1, 'https://id.example', gen_random_uuid()::text, now())";
    stage.sql(tie, untied.as_uuid()).await;
    stage
        .act(async |op: &mut Op| {
            // Before the backup: of no account that the backup holds.
            sign_on::unlink(op, untied).await.unwrap();
        })
        .await;
    for who in [untied, moved] {
        stage.sql(tie, who.as_uuid()).await;
    }
    let (file, _) = stage.backup();
    stage
        .act(async |op: &mut Op| {
            sign_on::unlink(op, moved).await.unwrap();
        })
        .await;
    let found = stage.comes_back(&file).await;
    assert_eq!(found["technicians"]["sign_ons_untied"], 1);
    let ties = "select count(*)::text from technician_sign_ons where technician_id = $1";
    assert_eq!(stage.text(ties, untied.as_uuid()).await, "1");
    assert_eq!(stage.text(ties, moved.as_uuid()).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn seeds_of_authenticator_apps_are_tried_and_those_that_stay_shut_are_named() {
    let mut stage = Stage::new().await;
    let owner = stage.technician("owner", Role::Owner).await;
    let good = ordered_uuid();
    let keeper = stage.world.keeper().await;
    let made = Request::Totp(Ask::Make {
        technician_id: owner.as_uuid(),
        factor_id: good,
    });
    let Reply::Totp(Answer::Made { ciphertext, .. }) = keeper.ask(made).await else {
        panic!("no seed");
    };
    keeper.stop().await;
    app(&stage, owner, good, &ciphertext).await;
    let bad = ordered_uuid();
    // Sealed for another place.
    app(&stage, owner, bad, &ciphertext).await;
    let (file, _) = stage.backup();
    let found = stage.comes_back(&file).await;
    assert_eq!(found["seals"]["authenticator_apps_open"], 1);
    let named = json!([format!("{owner}/{bad}")]);
    assert_eq!(found["seals"]["authenticator_apps_shut"], named);
    assert_eq!(found["seals"]["audit_keys_shut"], json!([]));
}
