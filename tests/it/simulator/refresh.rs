//! Refreshing: rotation in four modes, one resource per call, classes of clients, tenants.

use std::time::Duration;

use tenantry::simulator::directory::{Mode, NewTenant, UserPatch};

use super::support::{GRAPH, SECRET, USER, World, claims};

#[tokio::test]
async fn every_answer_has_a_new_token_and_the_old_one_goes_on_working() {
    let world = World::new().await;
    let first = world.onboard().await;
    let second = world.refresh(first.text("refresh_token")).await;
    assert_eq!(second.status, 200);
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    assert!(world.works(first.text("refresh_token")));
    assert!(world.works(second.text("refresh_token")));
    assert_eq!(world.refresh(first.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn a_new_token_comes_even_when_offline_access_is_not_named_again() {
    let world = World::new().await;
    let first = world.onboard().await;
    let second = world
        .refresh_for(
            first.text("refresh_token"),
            "https://graph.microsoft.com/.default",
        )
        .await;
    assert!(!second.text("refresh_token").is_empty());
    assert_eq!(second.text("id_token"), "");
}

#[tokio::test]
async fn grace_lets_the_old_one_live_two_minutes_more() {
    let world = World::with_mode(Mode::Grace).await;
    let old = world.onboard().await;
    let new = world.refresh(old.text("refresh_token")).await;
    world.pass(100);
    assert_eq!(world.refresh(old.text("refresh_token")).await.status, 200);
    world.pass(100);
    let dead = world.refresh(old.text("refresh_token")).await;
    assert_eq!(dead.refusal(), (400, "invalid_grant", "", 70000));
    assert!(world.works(new.text("refresh_token")));
}

#[tokio::test]
async fn strict_kills_the_old_one_once_the_new_was_issued() {
    let world = World::with_mode(Mode::Strict).await;
    let old = world.onboard().await;
    let new = world.refresh(old.text("refresh_token")).await;
    assert!(!world.works(old.text("refresh_token")));
    let dead = world.refresh(old.text("refresh_token")).await;
    assert_eq!(dead.refusal(), (400, "invalid_grant", "", 70000));
    assert_eq!(world.refresh(new.text("refresh_token")).await.status, 200);
}

#[tokio::test]
async fn family_punishes_reuse_by_revoking_all_that_came_from_the_sign_in() {
    let world = World::with_mode(Mode::Family).await;
    let old = world.onboard().await;
    let other = world.onboard().await;
    let new = world.refresh(old.text("refresh_token")).await;
    assert!(world.works(new.text("refresh_token")));
    world.refresh(old.text("refresh_token")).await;
    assert!(!world.works(new.text("refresh_token")));
    assert!(
        world.works(other.text("refresh_token")),
        "another sign-in is another family"
    );
}

#[tokio::test]
async fn one_token_serves_every_resource_one_call_each() {
    let world = World::new().await;
    let token = world.onboard().await;
    for resource in [
        "https://graph.microsoft.com",
        "https://outlook.office365.com",
        "48ac35b8-9aa8-4d74-927d-1f4a14a0b239",
        "https://management.azure.com",
    ] {
        let scope = format!("{resource}/.default openid profile offline_access");
        let reply = world.refresh_for(token.text("refresh_token"), &scope).await;
        assert_eq!(reply.status, 200, "{resource}: {reply:?}");
        assert_eq!(claims(reply.text("access_token"))["aud"], resource);
    }
    let both = world
        .refresh_for(
            token.text("refresh_token"),
            "https://graph.microsoft.com/.default https://management.azure.com/.default",
        )
        .await;
    assert_eq!(both.refusal(), (400, "invalid_request", "", 28000));
}

#[tokio::test]
async fn what_was_not_consented_to_is_refused_and_unknown_resources_are() {
    let world = World::new().await;
    let token = world.onboard().await;
    let more = world
        .refresh_for(token.text("refresh_token"), "Mail.ReadWrite")
        .await;
    assert_eq!(
        more.refusal(),
        (400, "invalid_grant", "consent_required", 65001)
    );
    let unknown = world
        .refresh_for(
            token.text("refresh_token"),
            "https://api.example.com/.default",
        )
        .await;
    assert_eq!(unknown.refusal(), (400, "invalid_resource", "", 500_011));
}

#[tokio::test]
async fn a_token_born_by_device_code_is_refreshed_without_a_secret() {
    let world = World::new().await;
    let token = world.onboard().await;
    let refused = world
        .token(
            &world.tenant.to_string(),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token.text("refresh_token")),
                ("scope", GRAPH),
                ("client_secret", SECRET),
            ],
        )
        .await;
    assert_eq!(refused.refusal(), (401, "invalid_client", "", 700_025));
    assert!(world.works(token.text("refresh_token")));
}

#[tokio::test]
async fn a_token_serves_other_tenants_only_where_the_user_is_a_guest() {
    let world = World::new().await;
    let token = world.onboard().await;
    let directory = world.directory();
    directory
        .add_tenant(NewTenant::named("Fabrikam", "fabrikam.onmicrosoft.example"))
        .unwrap();
    directory
        .grant_admin_consent("fabrikam.onmicrosoft.example", world.client, None)
        .unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token.text("refresh_token")),
        ("scope", GRAPH),
    ];
    let there = || world.token("fabrikam.onmicrosoft.example", &form);
    assert_eq!(there().await.code(), 50020);

    let id = world
        .get("fabrikam.onmicrosoft.example/v2.0/.well-known/openid-configuration")
        .await;
    let id = id
        .text("issuer")
        .split('/')
        .rev()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    directory
        .patch_user(
            super::support::ADMIN,
            UserPatch {
                guest_in: Some([id].into()),
                ..UserPatch::default()
            },
        )
        .unwrap();
    let reply = there().await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let id_token = claims(reply.text("id_token"));
    assert_eq!(id_token["acct"], 1);
    assert!(id_token["idp"].is_string());
}

#[tokio::test]
async fn using_a_token_keeps_it_from_lapsing_and_only_using_it_does() {
    let world = World::new().await;
    let token = world.onboard().await;
    for _ in 0..3 {
        world.pass(Duration::from_hours(24 * 80).as_secs());
        assert_eq!(world.refresh(token.text("refresh_token")).await.status, 200);
    }
    world.pass(Duration::from_hours(24 * 91).as_secs());
    let lapsed = world.refresh(token.text("refresh_token")).await;
    assert_eq!(
        lapsed.refusal(),
        (400, "invalid_grant", "bad_token", 700_082)
    );
    assert!(
        lapsed
            .text("error_description")
            .contains("inactive for 90.00:00:00")
    );
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_malformed() {
    let world = World::new().await;
    world.onboard().await;
    let reply = world.refresh("1.AXoA-not-one-of-ours").await;
    assert_eq!(reply.refusal(), (400, "invalid_grant", "", 70000));
    let user_of_other_client = world.onboard_as(super::support::ADMIN).await;
    let stranger = world
        .post(
            "organizations/oauth2/v2.0/token",
            &[
                ("client_id", "00000000-0000-0000-0000-00000000beef"),
                ("grant_type", "refresh_token"),
                ("refresh_token", user_of_other_client.text("refresh_token")),
                ("scope", GRAPH),
            ],
        )
        .await;
    assert_eq!(
        stranger.refusal(),
        (400, "unauthorized_client", "", 700_016)
    );
}

#[tokio::test]
async fn clients_that_handle_claims_get_long_lived_access_tokens() {
    let world = World::new().await;
    let token = world.onboard().await;
    let reply = world
        .token(
            &world.tenant.to_string(),
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token.text("refresh_token")),
                ("scope", GRAPH),
                (
                    "claims",
                    r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
                ),
            ],
        )
        .await;
    let life = reply.body["expires_in"].as_i64().unwrap();
    assert!((20 * 3600..=28 * 3600).contains(&life), "{life}");
    assert_eq!(reply.body["refresh_in"].as_i64(), Some(life / 2));
}

#[tokio::test]
async fn the_old_address_speaks_the_old_dialect() {
    let world = World::new().await;
    let token = world.onboard().await;
    let client = world.client.to_string();
    let path = format!("{}/oauth2/token", world.tenant);
    let form = [
        ("client_id", client.as_str()),
        ("grant_type", "refresh_token"),
        ("refresh_token", token.text("refresh_token")),
        ("resource", "https://outlook.office365.com"),
    ];
    let reply = world.post(&path, &form).await;
    assert!(reply.body["expires_in"].is_string(), "{reply:?}");
    world.kill("sessions_revoked").await;
    let refused = world.post(&path, &form).await;
    assert_eq!(
        refused.refusal(),
        (400, "interaction_required", "bad_token", 50173)
    );
}

#[tokio::test]
async fn a_users_own_token_dies_with_the_users_account_and_nobody_elses() {
    let world = World::new().await;
    let admin = world.onboard().await;
    let user = world.onboard_as(USER).await;
    world
        .control(
            "kill",
            serde_json::json!({"user": USER, "cause": "user_disabled"}),
        )
        .await;
    assert!(world.works(admin.text("refresh_token")));
    assert!(!world.works(user.text("refresh_token")));
}
