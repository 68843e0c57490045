//! Forged `id_token`s at the onboarding: the tokens beside them are good, who signed in cannot be trusted, nothing is stored.

mod forgeries;

use std::sync::Arc;

use serde_json::json;

use self::forgeries::{Forgery, algorithms, claim, forgery, keys, said, shapes};
use crate::support::keeper::{ADMIN, Keeper, World};
use crate::support::mint::Mint;

async fn assert_nothing_is_stored(world: &World) {
    for sql in [
        "select count(*) from connections",
        "select count(*) from connection_secrets",
        "select count(*) from tokens",
        "select count(*) from refresh_schedule",
        "select count(*) from flow_secrets",
        "select count(*) from invitations where state = 'completed'",
        "select count(*) from tenants where entra_tenant_id is not null",
    ] {
        assert_eq!(world.number(sql).await, 0, "{sql}");
    }
}

async fn by_code(world: &World, keeper: &Keeper) -> uuid::Uuid {
    let (flow, code) = world.code(keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    flow
}

#[tokio::test]
async fn no_forged_token_is_accepted_at_the_code_flow_and_the_honest_one_is() {
    let mut world = World::new().await;
    world.consent();
    let mint = Mint::between(&mut world).await;
    let keeper = world.keeper().await;
    let forgeries: Vec<_> = [algorithms(), keys(), shapes(), said()]
        .into_iter()
        .flatten()
        .collect();
    assert!(forgeries.len() >= 40, "{}", forgeries.len());
    for Forgery { name, forger } in forgeries {
        mint.forge(forger);
        let flow = by_code(&world, &keeper).await;
        let over =
            "select case when state in ('code_shown', 'acquiring') then 'on its way' else state end
            from onboarding_flows where id = $1";
        world.until(over, flow, "failed").await;
        assert_eq!(
            world.number("select count(*) from connections").await,
            0,
            "{name}"
        );
    }
    assert_nothing_is_stored(&world).await;
    mint.be_honest();
    let flow = by_code(&world, &keeper).await;
    world.until_flow(flow, "complete").await;
    world.judge().await;
}

#[tokio::test]
async fn in_the_browser_flow_the_nonce_must_be_this_flows_own() {
    let mut world = World::new().await;
    world.consent();
    let mint = Mint::between(&mut world).await;
    let keeper = world.keeper().await;
    let earlier = Arc::new(std::sync::Mutex::new(String::new()));
    let noted = Arc::clone(&earlier);
    let forgeries = [
        forgery("without a nonce", move |press, mut claims| {
            let nonce = claims.as_object_mut().unwrap().remove("nonce").unwrap();
            nonce
                .as_str()
                .unwrap()
                .clone_into(&mut noted.lock().unwrap());
            press.sign(&claims)
        }),
        forgery("an earlier flow's nonce", move |press, mut claims| {
            claims["nonce"] = json!(*earlier.lock().unwrap());
            press.sign(&claims)
        }),
        claim("an empty nonce", "nonce", json!("")),
        claim("a nonce that is nothing", "nonce", json!(null)),
        forgery("a list of nonces", |press, mut claims| {
            claims["nonce"] = json!([claims["nonce"]]);
            press.sign(&claims)
        }),
        forgery("the nonce in other letters", |press, mut claims| {
            let nonce = claims["nonce"].as_str().unwrap();
            let other: String = nonce.chars().rev().collect();
            claims["nonce"] = json!(other);
            press.sign(&claims)
        }),
    ];
    for Forgery { name, forger } in forgeries {
        mint.forge(forger);
        let invitation = world.invite(ADMIN).await;
        let flow = world.flow(invitation, "auth_code").await;
        let back = world.visit(&keeper, flow, ADMIN).await;
        keeper.done(world.finish(flow, &back["code"])).await;
        world.until_flow(flow, "failed trouble").await;
        assert_eq!(
            world.number("select count(*) from connections").await,
            0,
            "{name}"
        );
    }
    assert_nothing_is_stored(&world).await;
    mint.be_honest();
    world.onboard_by_browser(&keeper).await;
}
