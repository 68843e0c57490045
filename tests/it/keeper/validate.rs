//! "Validate Authentication".

use tenantry::keeper::message::{Check, CheckKind, CheckOutcome, Reply, Request};
use tenantry::simulator::directory::{Area, Cause, FaultKind, NewFault, Target};

use crate::support::keeper::{Keeper, World};

async fn validate(world: &World, keeper: &Keeper) -> Vec<Check> {
    let question = Request::Validate {
        tenant_id: world.tenant,
    };
    match keeper.ask(question).await {
        Reply::Validated { checks, .. } => checks,
        other => panic!("{other:?}"),
    }
}

fn of(checks: &[Check], kind: CheckKind) -> &Check {
    checks.iter().find(|check| check.check == kind).unwrap()
}

#[tokio::test]
async fn all_good_is_green_and_counts_as_a_refresh() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let checks = validate(&world, &keeper).await;
    for check in &checks {
        assert_eq!(check.outcome, CheckOutcome::Passed, "{check:?}");
    }
    assert_eq!(checks.len(), 4 + 6);
    assert!(of(&checks, CheckKind::Tenant).detail.contains("contoso"));
    let roles = &of(&checks, CheckKind::Roles).detail;
    assert!(roles.contains("Global Administrator"), "{roles}");
    world.judge().await;
}

#[tokio::test]
async fn a_dead_token_fails_once_and_what_needs_it_is_skipped() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    world.kill(&Cause::PasswordChange);
    let checks = validate(&world, &keeper).await;
    let refresh = of(&checks, CheckKind::Refresh);
    assert_eq!(refresh.outcome, CheckOutcome::Failed);
    assert!(refresh.detail.contains("AADSTS50173") && refresh.error_id.is_some());
    for kind in [
        CheckKind::Tenant,
        CheckKind::Account,
        CheckKind::Roles,
        CheckKind::EnterpriseApplication,
    ] {
        assert_eq!(of(&checks, kind).outcome, CheckOutcome::Skipped, "{kind:?}");
    }
    assert_eq!(world.state(connection).await, "needs_consent");
}

#[tokio::test]
async fn what_came_back_to_life_is_active_again() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    world.kill(&Cause::ConditionalAccess);
    validate(&world, &keeper).await;
    assert_eq!(world.state(connection).await, "needs_consent");
    let target = Target::tenant(&world.entra_tenant.to_string());
    world.directory().restore(&target).unwrap();
    let checks = validate(&world, &keeper).await;
    assert!(
        checks
            .iter()
            .all(|check| check.outcome == CheckOutcome::Passed)
    );
    assert_eq!(world.state(connection).await, "active");
}

#[tokio::test]
async fn a_passing_fault_of_graph_is_asked_about_once_more() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let fault = NewFault {
        area: Area::Graph,
        ..NewFault::on_tokens(None, FaultKind::Outage { status: 503 }, 1)
    };
    world.directory().add_fault(fault).unwrap();
    let checks = validate(&world, &keeper).await;
    assert!(
        checks
            .iter()
            .all(|check| check.outcome == CheckOutcome::Passed)
    );
}

#[tokio::test]
async fn without_a_standing_there_is_nothing_to_validate() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let question = Request::Validate {
        tenant_id: world.tenant,
    };
    let answer = keeper.ask(question).await;
    assert!(format!("{answer:?}").contains("NotThere"), "{answer:?}");
}
