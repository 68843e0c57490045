//! What Microsoft says to the taking back, and what the last request proves.

use std::time::Duration;

use tenantry::keeper::message::{Request, plug};
use tenantry::simulator::directory::{Area, Cause, FaultKind, NewFault, Resource};

use super::trials::{CLIENT_ID, TRIAL};
use super::{APPLICATION, GRANTS};
use crate::support::keeper::{World, app};

#[tokio::test]
async fn where_it_is_permitted_the_application_is_gone_and_that_is_proven() {
    let world = World::new().await;
    world.ask_for(&[GRANTS, APPLICATION]);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;

    let (word, found) = world.outcome(id, "revoke").await;
    assert_eq!(word, "removed", "{found}");
    assert!(found["grants"]["removed"].as_u64().unwrap() >= 3, "{found}");
    let (word, found) = world.outcome(id, "prove").await;
    assert_eq!(word, "gone", "{found}");
    assert_eq!(found["resources"][0]["code"], 700_016, "{found}");
    let (word, found) = world.outcome(id, "forget").await;
    assert_eq!(
        (word.as_str(), &found["refresh_tokens"]),
        ("forgotten", &1.into())
    );
    assert_eq!(world.sealed().await, 0);
    let audit = "select count(*) from audit_events where action like 'disconnection.%'";
    assert_eq!(world.number(audit).await, 5, "begun, three steps, done");
}

#[tokio::test]
async fn without_the_application_itself_both_kinds_of_consent_are_taken_back() {
    let world = World::new().await;
    world.ask_for(&[GRANTS, "AppRoleAssignment.ReadWrite.All"]);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;

    let (word, found) = world.outcome(id, "revoke").await;
    assert_eq!(word, "permissions_removed", "{found}");
    assert_eq!(found["application"]["status"], 403, "{found}");
    let (word, found) = world.outcome(id, "prove").await;
    assert_eq!(word, "gone", "{found}");
    assert_eq!(found["resources"][0]["code"], 65_001, "{found}");
    assert_eq!(found["resources"][1]["as_application"], true, "{found}");
}

/// The administrator's consent gave the application permissions of its own, which may not be taken back: it still gets in.
#[tokio::test]
async fn a_part_taken_back_is_no_proof() {
    let world = World::new().await;
    world.ask_for(&[GRANTS]);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let id = world.disconnect(false).await;
    keeper.done(Request::Plug(plug::Ask::Look {})).await;
    let waits = "select case when attempts > 0 then step else 'none yet' end from disconnections where id = $1";
    world.until(waits, id, "prove").await;
    world.clock.advance(Duration::from_mins(11));
    world.until_done(&keeper, id).await;

    let (word, found) = world.outcome(id, "revoke").await;
    assert_eq!(word, "partly", "{found}");
    let (word, found) = world.outcome(id, "prove").await;
    assert_eq!(word, "stands", "{found}");
    assert_eq!(found["resources"][0]["proof"], "gone", "{found}");
}

#[tokio::test]
async fn where_it_is_not_permitted_that_is_said_and_the_tokens_are_forgotten() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;

    let (word, found) = world.outcome(id, "revoke").await;
    assert_eq!(word, "denied", "{found}");
    assert_eq!(found["grants"]["code"], "Authorization_RequestDenied");
    assert!(found["grants"]["error_id"].is_i64(), "{found}");
    let (word, _) = world.outcome(id, "prove").await;
    assert_eq!(word, "stands");
    assert_eq!(world.sealed().await, 0);
}

/// Its tokens are forgotten by then, so Microsoft is not asked again: what was found stays true until somebody looks.
#[tokio::test]
async fn whoever_is_disconnected_again_is_told_what_was_found_the_first_time() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let first = world.disconnect(false).await;
    world.until_done(&keeper, first).await;
    let again = world.disconnect(true).await;
    world.until_done(&keeper, again).await;

    for step in ["revoke", "prove"] {
        let found = world.outcome(again, step).await;
        assert_eq!(found, world.outcome(first, step).await, "{step}");
    }
    let standings = "select count(distinct connection_id) from disconnections";
    assert_eq!(world.number(standings).await, 1);
}

#[tokio::test]
async fn a_dead_token_proves_nothing_while_the_application_itself_gets_in() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    world.kill(&Cause::UserDisabled);
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;
    let (word, found) = world.outcome(id, "prove").await;
    assert_eq!(word, "stands", "{found}");
    assert_eq!(found["resources"][0]["proof"], "refused", "{found}");
    assert_eq!(found["resources"][0]["code"], 50_057, "{found}");
    assert_eq!(found["resources"][1]["as_application"], true, "{found}");
}

#[tokio::test]
async fn a_customer_who_removed_us_already_is_proven_gone() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    world.kill(&Cause::EnterpriseAppDeleted);
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;
    let (word, found) = world.outcome(id, "prove").await;
    assert_eq!(word, "gone", "{found}");
}

#[tokio::test]
async fn microsoft_is_waited_for_an_hour_and_not_longer() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let down = NewFault {
        area: Area::Any,
        ..NewFault::on_tokens(None, FaultKind::Outage { status: 503 }, 10_000)
    };
    world.directory().add_fault(down).unwrap();
    let id = world.disconnect(false).await;
    keeper.done(Request::Plug(plug::Ask::Look {})).await;
    let waits = "select case when attempts > 0 then step else 'none yet' end from disconnections where id = $1";
    world.until(waits, id, "revoke").await;
    assert!(world.sealed().await > 0, "it may still work");

    world.clock.advance(Duration::from_mins(61));
    world.until_done(&keeper, id).await;
    assert_eq!(world.outcome(id, "revoke").await.0, "unreachable");
    assert_eq!(world.outcome(id, "prove").await.0, "unreachable");
    assert_eq!(world.sealed().await, 0);
}

#[tokio::test]
async fn a_tenant_without_connection_has_nothing_to_take_back() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.invite("").await;
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;
    assert_eq!(world.outcome(id, "revoke").await.0, "nothing");
    assert_eq!(world.outcome(id, "prove").await.0, "nothing");
}

/// What runs as an application is taken back and proven the same way; nothing of it is left to a person's token.
#[tokio::test]
async fn an_application_that_runs_by_itself_is_disconnected_too() {
    let world = World::new().await;
    let mut ours = app();
    for access in &mut ours.required {
        if access.resource == Resource::Graph {
            access.application.insert(APPLICATION.to_owned());
        }
    }
    world.directory().put_app(ours);
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    // As the administrator's consent alone would have left it.
    for sql in [
        "update connections set mode = 'app_only', obtained_by = 'client_credentials', admin_oid = null, token_class = null",
        "delete from connection_secrets",
    ] {
        world.run_sql(sql).await;
    }
    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;

    let (word, found) = world.outcome(id, "revoke").await;
    assert_eq!(word, "removed", "{found}");
    let (word, found) = world.outcome(id, "prove").await;
    assert_eq!(word, "gone", "{found}");
    assert_eq!(found["resources"][0]["code"], 7_000_229, "{found}");
    assert_eq!(world.sealed().await, 0);
}

/// Their own application is theirs: it is left alone at Microsoft, and its secret is forgotten here.
#[tokio::test]
async fn an_application_of_the_customers_own_is_left_to_them() {
    let world = World::new().await;
    world.has_own_app();
    let tenant = world.entra_tenant.to_string();
    let directory = world.directory();
    directory
        .grant_admin_consent(&tenant, CLIENT_ID, None)
        .unwrap();
    let keeper = world.keeper().await;
    world.try_own(&keeper).await;
    world.until(TRIAL, world.tenant, "done").await;

    let id = world.disconnect(false).await;
    world.until_done(&keeper, id).await;
    assert_eq!(world.outcome(id, "revoke").await.0, "own_application");
    assert_eq!(world.outcome(id, "prove").await.0, "stands");
    let (_, found) = world.outcome(id, "forget").await;
    assert_eq!(found["credentials"], 1, "{found}");
    let left = "select count(*) from app_credentials c join app_registrations r on r.id = c.app_registration_id
        where r.tenant_id is not null";
    assert_eq!(world.number(left).await, 0);
    let deleted = "select count(*) from entra_calls where operation like 'graph_delete%'";
    assert_eq!(world.number(deleted).await, 0);
}
