//! What many suffer at once, and what passes.

use tenantry::domain::diagnosis::{Button, Category, Confidence, WhoActs};
use tenantry::simulator::directory::{Cause, FaultKind, NewFault, Target};

use super::{Expected, Stage, decided, tells};

#[tokio::test]
async fn the_same_refusal_of_many_accuses_nobody() {
    let mut world = Stage::world().await;
    // Two tenants alike would already be many.
    world.settings.mass_least = 0;
    let stage = Stage::of(world).await;
    stage.onboard().await;
    stage.world.kill(&Cause::TenantGone);
    stage.refresh().await;
    let open = "select count(*) from incidents where kind = 'mass' and closed_at is null";
    assert_eq!(stage.world.number(open).await, 1, "one incident");
    let found = stage.diagnosis_of_newest_error().await;
    decided(
        &found,
        &Expected {
            cause: Category::TenantMissingOrDisabled,
            confidence: Confidence::Unsure,
            who: WhoActs::Msp,
            button: Button::Wait,
            evidence: "hardly each customer's own doing",
        },
    );
}

#[tokio::test]
async fn our_expired_secret_is_one_incident() {
    let stage = Stage::new().await;
    stage.world.onboard_by_browser(&stage.keeper).await;
    let target = Target::client(stage.world.client_id);
    stage
        .world
        .directory()
        .kill(&target, &Cause::SecretExpired)
        .unwrap();
    stage.refresh().await;
    let open = "select count(*) from incidents where kind = 'application' and closed_at is null";
    for _ in 0..200 {
        if stage.world.number(open).await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let found = stage.diagnosis_of_newest_error().await;
    assert_eq!(found.cause, Category::AppCredentialExpired);
    assert_eq!(found.button, Button::AppRegistration);
    tells(&found, "one trouble of ours, and not the customers'");
}

#[tokio::test]
async fn throttling_waits_by_itself() {
    let stage = Stage::new().await;
    stage.onboard().await;
    let slow_down = FaultKind::Throttled { retry_after: 30 };
    let fault = NewFault::on_tokens(None, slow_down, 1);
    stage.world.directory().add_fault(fault).unwrap();
    stage.refresh().await;
    let found = stage.diagnosis().await;
    decided(
        &found,
        &Expected {
            cause: Category::Throttled,
            confidence: Confidence::High,
            who: WhoActs::Msp,
            button: Button::Wait,
            evidence: "AADSTS90055",
        },
    );
}
