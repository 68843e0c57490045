//! Device authorization grant: begun, answered in a browser, polled.

use serde_json::json;
use tenantry::simulator::directory::{DeviceCodeBlock, Policies, TenantPatch};

use super::support::{ADMIN, GRAPH, USER, World, claims, low_risk};

#[tokio::test]
async fn a_code_of_nine_characters_an_opaque_device_code_and_a_page_to_open() {
    let world = World::new().await;
    let begun = world.begin_device(GRAPH).await;
    assert_eq!(begun.status, 200);
    assert_eq!(begun.text("user_code").len(), 9);
    assert!(begun.text("device_code").len() >= 200);
    assert_eq!(begun.text("verification_uri"), world.url("devicelogin"));
    assert_eq!(begun.body["expires_in"], 900);
    assert_eq!(begun.body["interval"], 5);
    assert!(begun.text("message").contains(begun.text("user_code")));
    assert_eq!(begun.headers["cache-control"], "no-store, no-cache");
}

#[tokio::test]
async fn pending_until_approved_then_tokens_then_redeemed() {
    let world = World::new().await;
    let begun = world.begin_device(GRAPH).await;
    let device_code = begun.text("device_code");

    let pending = world.poll(device_code).await;
    assert_eq!(pending.refusal(), (400, "authorization_pending", "", 70016));

    world
        .control(
            "device/approve",
            json!({"user_code": begun.text("user_code").to_lowercase(), "upn": ADMIN}),
        )
        .await;
    let tokens = world.poll(device_code).await;
    assert_eq!(tokens.status, 200);
    assert_eq!(tokens.text("token_type"), "Bearer");
    let life = tokens.body["expires_in"].as_i64().unwrap();
    assert!((3600..=5400).contains(&life), "{life}");
    assert!(
        tokens
            .text("scope")
            .contains("https://graph.microsoft.com/User.Read")
    );
    let id = claims(tokens.text("id_token"));
    assert_eq!(id["tid"], json!(world.tenant));
    assert_eq!(id["preferred_username"], ADMIN);
    assert!(world.works(tokens.text("refresh_token")));

    let again = world.poll(device_code).await;
    assert_eq!(again.refusal(), (400, "invalid_grant", "", 7_000_014));
}

#[tokio::test]
async fn cancelled_lapsed_and_unknown_codes_are_told_apart() {
    let world = World::new().await;
    let begun = world.begin_device(GRAPH).await;
    world
        .control(
            "device/decline",
            json!({"user_code": begun.text("user_code")}),
        )
        .await;
    let declined = world.poll(begun.text("device_code")).await;
    assert_eq!(
        declined.refusal(),
        (400, "authorization_declined", "", 700_171)
    );

    let lapsing = world.begin_device(GRAPH).await;
    world.pass(901);
    let lapsed = world.poll(lapsing.text("device_code")).await;
    assert_eq!(lapsed.refusal(), (400, "expired_token", "", 70020));

    let unknown = world.poll("not-a-device-code").await;
    assert_eq!(unknown.refusal(), (400, "bad_verification_code", "", 70018));
}

#[tokio::test]
async fn polling_much_faster_than_the_interval_ends_in_loop_detection() {
    let world = World::new().await;
    let begun = world.begin_device(GRAPH).await;
    for _ in 0..=24 {
        let pending = world.poll(begun.text("device_code")).await;
        assert_eq!(pending.code(), 70016);
    }
    let stopped = world.poll(begun.text("device_code")).await;
    assert_eq!(stopped.refusal(), (400, "invalid_grant", "", 50196));
}

#[tokio::test]
async fn polling_at_the_interval_is_never_too_fast() {
    let world = World::new().await;
    let begun = world.begin_device(GRAPH).await;
    for _ in 0..60 {
        world.pass(5);
        let pending = world.poll(begun.text("device_code")).await;
        assert_eq!(pending.code(), 70016);
    }
}

#[tokio::test]
async fn a_block_in_the_browser_leaves_the_poller_pending() {
    let world = World::new().await;
    block(&world, DeviceCodeBlock::Browser);
    let begun = world.begin_device(GRAPH).await;
    let refused = world
        .directory()
        .approve_device(
            begun.text("user_code"),
            &tenantry::simulator::Person::willing(ADMIN),
        )
        .unwrap_err();
    assert!(refused.to_string().starts_with("AADSTS53003"), "{refused}");
    assert_eq!(world.poll(begun.text("device_code")).await.code(), 70016);
}

#[tokio::test]
async fn a_block_at_redemption_refuses_the_poller_though_the_browser_said_all_is_well() {
    let world = World::new().await;
    block(&world, DeviceCodeBlock::Redemption);
    let begun = world.begin_device(GRAPH).await;
    world
        .control(
            "device/approve",
            json!({"user_code": begun.text("user_code"), "upn": ADMIN}),
        )
        .await;
    let refused = world.poll(begun.text("device_code")).await;
    assert_eq!(
        refused.refusal(),
        (400, "invalid_grant", "message_only", 53003)
    );
}

#[tokio::test]
async fn who_may_not_consent_needs_an_administrator() {
    let world = World::new().await;
    let begun = world.begin_device(GRAPH).await;
    let user = tenantry::simulator::Person::willing(USER);
    let approve = || {
        world
            .directory()
            .approve_device(begun.text("user_code"), &user)
    };
    let refused = approve().unwrap_err().to_string();
    assert!(refused.starts_with("AADSTS90094"), "{refused}");

    world
        .directory()
        .grant_admin_consent("contoso.example", world.client, None)
        .unwrap();
    approve().unwrap();
    assert_eq!(world.poll(begun.text("device_code")).await.status, 200);
}

#[tokio::test]
async fn a_plain_user_may_grant_the_low_risk_permissions_for_themself() {
    let world = World::new().await;
    world.directory().put_app(super::support::app(low_risk()));
    world.onboard_as(USER).await;
}

#[tokio::test]
async fn an_application_that_is_no_public_client_is_refused() {
    let world = World::new().await;
    let mut app = super::support::app(low_risk());
    app.public_flows = false;
    world.directory().put_app(app);
    let refused = world.begin_device(GRAPH).await;
    assert_eq!(refused.refusal(), (401, "invalid_client", "", 7_000_218));
}

fn block(world: &World, block_device_code: DeviceCodeBlock) {
    let policies = Policies {
        block_device_code,
        ..Policies::default()
    };
    let patch = TenantPatch {
        policies: Some(policies),
        ..TenantPatch::default()
    };
    world
        .directory()
        .patch_tenant("contoso.example", patch)
        .unwrap();
}
