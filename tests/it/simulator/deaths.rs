//! Every cause of death, triggered by the JSON interface and met at the next refresh; and what can be undone.

use serde_json::{Value, json};

use super::support::{ADMIN, USER, World};

/// What a refresh meets: status, error, suberror, number.
type Refusal = (u16, &'static str, &'static str, u64);

/// A cause, what a refresh then meets, and whether `restore` brings the token back.
struct Case {
    cause: Value,
    refusal: Refusal,
    revives: bool,
}

fn case(cause: Value, refusal: Refusal, revives: bool) -> Case {
    Case {
        cause,
        refusal,
        revives,
    }
}

fn cases() -> Vec<Case> {
    let named = |cause: &str| json!({ "cause": cause });
    let grant = |suberror, code| (400, "invalid_grant", suberror, code);
    let client = |code| (400, "unauthorized_client", "", code);
    vec![
        case(named("password_change"), grant("bad_token", 50173), false),
        case(named("sessions_revoked"), grant("bad_token", 50173), false),
        case(named("user_disabled"), grant("", 50057), true),
        case(named("user_deleted"), grant("", 500_341), true),
        case(named("mfa_required"), grant("basic_action", 50076), true),
        case(named("mfa_expired"), grant("basic_action", 50078), true),
        case(
            named("conditional_access"),
            grant("message_only", 53003),
            true,
        ),
        case(
            named("device_code_blocked"),
            grant("message_only", 530_036),
            true,
        ),
        case(
            named("device_code_blocked_at_redemption"),
            grant("message_only", 530_036),
            true,
        ),
        case(
            named("compliant_device"),
            grant("message_only", 53000),
            true,
        ),
        case(
            json!({"cause": "sign_in_frequency", "seconds": 0}),
            grant("token_expired", 70043),
            true,
        ),
        case(named("idle90_days"), grant("bad_token", 700_082), false),
        case(named("federated12_hours"), grant("", 700_081), true),
        case(
            named("consent_withdrawn"),
            grant("consent_required", 65001),
            true,
        ),
        case(named("enterprise_app_deleted"), client(700_016), true),
        case(named("enterprise_app_disabled"), client(7_000_112), true),
        case(
            json!({"cause": "resource_disabled", "resource": "graph"}),
            (400, "invalid_resource", "", 500_014),
            true,
        ),
        case(
            named("tenant_gone"),
            (400, "invalid_request", "", 90002),
            true,
        ),
    ]
}

#[tokio::test]
async fn each_cause_gives_its_own_answer_and_is_undone_where_that_makes_sense() {
    for case in cases() {
        let world = World::new().await;
        let token = world.onboard().await;
        let token = token.text("refresh_token");
        world.pass(5);

        let mut kill = case.cause.clone();
        kill["tenant"] = json!("contoso.example");
        world.control("kill", kill).await;
        let refused = world.refresh(token).await;
        assert_eq!(refused.refusal(), case.refusal, "{}", case.cause);
        let code = case.refusal.3;
        assert!(
            refused
                .text("error_description")
                .starts_with(&format!("AADSTS{code}: ")),
            "{refused:?}"
        );

        world
            .control("restore", json!({"tenant": "contoso.example"}))
            .await;
        let again = world.refresh(token).await;
        assert_eq!(
            again.status == 200,
            case.revives,
            "{}: {again:?}",
            case.cause
        );
        assert_eq!(world.works(token), case.revives, "{}", case.cause);
    }
}

#[tokio::test]
async fn the_ledger_says_why_a_token_no_longer_works() {
    let world = World::new().await;
    let token = world.onboard().await;
    world.kill("enterprise_app_deleted").await;
    let ledger = world.get("control/api/ledger").await;
    let entry = &ledger.body[0];
    assert_eq!(entry["works"], false);
    assert_eq!(entry["upn"], ADMIN);
    assert!(entry["value"].is_null());
    let why = entry["why_not"].as_str().unwrap();
    assert!(why.starts_with("AADSTS700016"), "{why}");

    let sha256 = tenantry::simulator::fingerprint(token.text("refresh_token"));
    let checked = world
        .control("ledger/check", json!({"sha256": [sha256, "00"]}))
        .await;
    assert_eq!(checked.body[0]["known"], true);
    assert_eq!(checked.body[0]["works"], false);
    assert_eq!(checked.body[1]["known"], false);

    let values = world.get("control/api/ledger?values=1").await;
    assert_eq!(values.body[0]["value"], token.text("refresh_token"));
}

#[tokio::test]
async fn the_dates_tell_a_password_change_from_revoked_sessions() {
    let world = World::new().await;
    world.onboard().await;
    let date = |reply: &super::support::Reply, field: &str| {
        let users = reply.body.as_array().unwrap();
        let admin = users.iter().find(|u| u["upn"] == ADMIN).unwrap();
        admin[field].clone()
    };
    world.kill("sessions_revoked").await;
    let users = world.get("control/api/users?tenant=contoso.example").await;
    assert_ne!(
        date(&users, "tokens_valid_from"),
        date(&users, "last_password_change")
    );
    world.pass(60);
    world.kill("password_change").await;
    let users = world.get("control/api/users?tenant=contoso.example").await;
    assert_eq!(
        date(&users, "tokens_valid_from"),
        date(&users, "last_password_change")
    );
}

#[tokio::test]
async fn a_user_without_second_factor_must_enrol_first() {
    let world = World::new().await;
    world.onboard().await;
    let token = world.onboard_as(USER).await;
    world.kill("mfa_required").await;
    let refused = world.refresh(token.text("refresh_token")).await;
    assert_eq!(
        refused.refusal(),
        (400, "invalid_grant", "basic_action", 50079)
    );
    let claims: Value = serde_json::from_str(refused.text("claims")).unwrap();
    assert!(claims["access_token"]["polids"].is_object());
}

#[tokio::test]
async fn sign_in_frequency_counts_from_the_sign_in_and_names_its_seconds() {
    let world = World::new().await;
    let token = world.onboard().await;
    world
        .control(
            "kill",
            json!({"tenant": "contoso.example", "cause": "sign_in_frequency", "seconds": 28800}),
        )
        .await;
    let mut latest = token;
    for _ in 0..7 {
        world.pass(3600);
        latest = world.refresh(latest.text("refresh_token")).await;
        assert_eq!(latest.status, 200);
    }
    world.pass(3700);
    let refused = world.refresh(latest.text("refresh_token")).await;
    assert_eq!(refused.code(), 70043);
    let text = refused.text("error_description");
    assert!(
        text.contains("maximum allowed lifetime for this request is 28800."),
        "{text}"
    );
}

#[tokio::test]
async fn a_new_sign_in_is_the_cure_for_a_revoked_one() {
    let world = World::new().await;
    let dead = world.onboard().await;
    world.kill("password_change").await;
    world.pass(1);
    let alive = world.onboard().await;
    assert!(!world.works(dead.text("refresh_token")));
    assert!(world.works(alive.text("refresh_token")));
}
