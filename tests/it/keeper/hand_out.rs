//! Access tokens for those who need one now, and claims challenges (continuous access evaluation).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tenantry::keeper::message::hand_out::{self, HandedOut};
use tenantry::keeper::message::{Actor, Refusal, Reply, Request};
use tenantry::keeper::text::Text;
use tenantry::simulator::directory::{Cause, Target};

use crate::support::keeper::{ADMIN, Keeper, World};

const REFRESHES: &str = "select count(*) from entra_calls where operation = 'refresh'";

fn request(world: &World, min_ttl_s: u64, challenge: Option<&str>) -> Request {
    Request::HandOut(hand_out::Request {
        tenant_id: world.tenant,
        resource: "graph".into(),
        min_ttl_s,
        challenge: challenge.map(Text::new),
        reason: "nightly report".into(),
        actor: Actor {
            kind: "technician".into(),
            id: None,
            name: "ada@msp.example".into(),
            ip: String::new(),
        },
    })
}

async fn given(keeper: &Keeper, request: Request) -> HandedOut {
    match keeper.ask(request).await {
        Reply::HandedOut(given) => given,
        other => panic!("{other:?}"),
    }
}

async fn refused(keeper: &Keeper, request: Request) -> Refusal {
    match keeper.ask(request).await {
        Reply::Refused(why) => why,
        other => panic!("{other:?}"),
    }
}

/// What Graph answers to a token: status, and the challenge if there is one.
async fn graph(world: &World, token: &HandedOut) -> (u16, String) {
    #[expect(clippy::disallowed_methods, reason = "a script of somebody else's")]
    let http = reqwest::Client::new();
    let url = world.simulator.url().join("v1.0/me").unwrap();
    let response = http
        .get(url)
        .bearer_auth(token.access_token.expose())
        .send()
        .await
        .unwrap();
    let header = response.headers().get("www-authenticate");
    let header = header.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), header)
}

#[tokio::test]
async fn a_stored_token_is_given_as_long_as_it_lives_and_the_giving_is_on_record() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let before = world.number(REFRESHES).await;
    let token = given(&keeper, request(&world, 0, None)).await;
    assert_eq!(graph(&world, &token).await.0, 200);
    // We say that we handle challenges, so tokens live for 20 to 28 hours.
    assert!(token.expires_at - world.clock.now() > time::Duration::hours(19));
    assert_eq!(world.number(REFRESHES).await, before);
    let entry = "select details->>'reason' || ' by ' || actor_name from audit_events
        where action = 'token.hand_out' and tenant_id = $1";
    let entry = world.text(entry, world.tenant).await;
    assert_eq!(entry, "nightly report by ada@msp.example");
    assert!(!format!("{token:?}").contains(token.access_token.expose()));
}

#[tokio::test]
async fn a_token_near_its_end_is_renewed_once_for_all_who_ask() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let first = given(&keeper, request(&world, 0, None)).await;
    world.clock.advance(Duration::from_hours(30));
    let before = world.number(REFRESHES).await;
    let asks = (0..20).map(|_| given(&keeper, request(&world, 600, None)));
    let tokens = futures_util::future::join_all(asks).await;
    for token in &tokens {
        assert!(token.expires_at - world.clock.now() >= time::Duration::minutes(10));
        assert_ne!(token.access_token.expose(), first.access_token.expose());
        assert_eq!(token.access_token.expose(), tokens[0].access_token.expose());
    }
    // The scheduled run may come in between and asks for every resource; twenty askers never make twenty calls.
    assert!(world.number(REFRESHES).await - before <= 5);
}

#[tokio::test]
async fn who_must_act_is_said_instead_of_a_token() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    assert_eq!(
        refused(&keeper, request(&world, 0, None)).await,
        Refusal::NotThere
    );
    let id = world.onboard(&keeper).await;
    let too_long = refused(&keeper, request(&world, 4000, None)).await;
    assert_eq!(too_long, Refusal::TtlTooLong { possible_s: 3300 });
    let odd = refused(&keeper, request(&world, 0, Some("no challenge"))).await;
    assert_eq!(odd, Refusal::BadChallenge);

    world.kill(&Cause::PasswordChange);
    world.clock.advance(Duration::from_hours(30));
    let dead = refused(&keeper, request(&world, 0, None)).await;
    assert!(
        matches!(&dead, Refusal::NeedsPerson { state, .. } if state == "needs_consent"),
        "{dead:?}"
    );
    assert_eq!(world.state(id).await, "needs_consent");
    // Nothing is handed out from what is still stored.
    let again = refused(&keeper, request(&world, 0, None)).await;
    assert!(matches!(again, Refusal::NeedsPerson { cause: Some(_), .. }));

    sqlx::query("update tenants set state = 'suspended'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(
        refused(&keeper, request(&world, 0, None)).await,
        Refusal::Suspended
    );
}

#[tokio::test]
async fn a_challenge_leads_to_a_token_with_the_claims_or_to_the_person_who_must_act() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let id = world.onboard(&keeper).await;
    let first = given(&keeper, request(&world, 0, None)).await;
    world.clock.advance(Duration::from_secs(2));

    // A policy changed: a token issued after it will do, although the first one lives for hours.
    let asked = STANDARD.encode(r#"{"access_token":{"nbf":{"essential":true,"value":"1"}}}"#);
    let header = format!(r#"Bearer realm="", error="insufficient_claims", claims="{asked}""#);
    let second = given(&keeper, request(&world, 0, Some(&header))).await;
    assert_ne!(second.access_token.expose(), first.access_token.expose());
    assert_eq!(graph(&world, &second).await.0, 200);

    // The sessions were revoked: the refresh says so, and a person must sign in.
    world.clock.advance(Duration::from_secs(2));
    world
        .directory()
        .kill(&Target::user(ADMIN), &Cause::SessionsRevoked)
        .unwrap();
    let (status, header) = graph(&world, &second).await;
    assert_eq!(status, 401);
    let dead = refused(&keeper, request(&world, 0, Some(&header))).await;
    assert!(
        matches!(&dead, Refusal::NeedsPerson { state, cause: Some(_) } if state == "needs_consent"),
        "{dead:?}"
    );
    assert_eq!(world.state(id).await, "needs_consent");
}
