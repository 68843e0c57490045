//! Looking closer: the claims of a token without the token, and token lifetime policies where permitted.

use std::collections::BTreeSet;

use tenantry::keeper::message::look::{Answer, Ask, Token};
use tenantry::keeper::message::{Actor, Refusal, Reply, Request};
use tenantry::simulator::directory::{App, LifetimePolicy, Resource, TenantPatch};

use crate::support::keeper::{ADMIN, Keeper, World, app};

fn robin() -> Actor {
    Actor {
        kind: "technician".into(),
        id: None,
        name: "robin@msp.example".into(),
        ip: "192.0.2.7".into(),
    }
}

fn token(world: &World, resource: &str) -> Request {
    Request::Look(Ask::Token {
        tenant_id: world.tenant,
        resource: resource.into(),
        actor: robin(),
    })
}

async fn policies(world: &World, keeper: &Keeper) -> String {
    let ask = Ask::Policies {
        tenant_id: world.tenant,
        actor: robin(),
    };
    match keeper.ask(Request::Look(ask)).await {
        Reply::Looked(Answer::Policies { outcome }) => outcome,
        other => panic!("{other:?}"),
    }
}

/// Ask for these delegated permissions of Graph besides.
fn asking_for(world: &World, permissions: &[&str]) {
    let mut app: App = app();
    let graph = app
        .required
        .iter_mut()
        .find(|one| one.resource == Resource::Graph);
    let more: BTreeSet<String> = permissions.iter().map(ToString::to_string).collect();
    graph.unwrap().delegated.extend(more);
    world.directory().put_app(app);
}

fn with_a_policy(world: &World) {
    let policy = LifetimePolicy {
        name: "Four hours".into(),
        organization_default: false,
        access_token_lifetime: "4:00:00".into(),
        assigned_to: BTreeSet::from([world.client_id]),
    };
    let patch = TenantPatch {
        lifetime_policies: Some(vec![policy]),
        ..TenantPatch::default()
    };
    world
        .directory()
        .patch_tenant(&world.entra_tenant.to_string(), patch)
        .unwrap();
}

async fn kept(world: &World) -> serde_json::Value {
    sqlx::query_scalar("select policies from lifetime_policies")
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn claims_are_told_and_the_look_is_written_down() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let Reply::Looked(Answer::Token(Token {
        parts, expires_at, ..
    })) = keeper.ask(token(&world, "graph")).await
    else {
        panic!("no token")
    };
    let claims = parts.unwrap().claims;
    assert_eq!(claims["upn"], ADMIN);
    assert_eq!(claims["tid"], world.entra_tenant.to_string());
    assert_eq!(claims["exp"], expires_at.unix_timestamp());
    assert!(
        claims["scp"]
            .as_str()
            .unwrap()
            .contains("Directory.Read.All")
    );
    assert!(claims["uti"].as_str().unwrap().ends_with('…'), "masked");
    let looks: Vec<String> = sqlx::query_scalar(
        "select actor_name || ' ' || (details->>'resource') from audit_events where action = 'token.claims_shown'",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap();
    assert_eq!(looks, ["robin@msp.example graph"]);
}

#[tokio::test]
async fn without_a_token_there_is_nothing_to_tell() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    for resource in ["graph", "sharepoint"] {
        let answer = keeper.ask(token(&world, resource)).await;
        assert!(
            matches!(answer, Reply::Refused(Refusal::NotThere)),
            "{resource}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_permitted_is_not_asked_for() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    with_a_policy(&world);
    assert_eq!(policies(&world, &keeper).await, "not_permitted");
    let asked = "select count(*) from entra_calls where operation = 'graph_lifetime_policies'";
    assert_eq!(world.number(asked).await, 0);
    assert_eq!(world.number("select count(*) from msal_errors").await, 0);
}

#[tokio::test]
async fn policies_are_read_where_permitted() {
    let world = World::new().await;
    asking_for(&world, &["Policy.Read.All"]);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    assert_eq!(policies(&world, &keeper).await, "read");
    assert_eq!(kept(&world).await, serde_json::json!([]));
    with_a_policy(&world);
    assert_eq!(policies(&world, &keeper).await, "read");
    let seen = &kept(&world).await[0];
    assert_eq!(
        (seen["name"].as_str(), seen["access_token_s"].as_i64()),
        (Some("Four hours"), Some(14_400))
    );
    assert_eq!(seen["assigned"], false, "that may not be seen");
    assert_eq!(
        world
            .number("select count(*) from lifetime_policies where not assignment_known")
            .await,
        1
    );
}

#[tokio::test]
async fn assignments_are_read_where_permitted_and_validation_reads_too() {
    let world = World::new().await;
    asking_for(&world, &["Policy.Read.All", "Application.ReadWrite.All"]);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    with_a_policy(&world);
    let question = Request::Validate {
        tenant_id: world.tenant,
    };
    let answer = keeper.ask(question).await;
    assert!(matches!(answer, Reply::Validated { .. }), "{answer:?}");
    assert_eq!(kept(&world).await[0]["assigned"], true);
}
