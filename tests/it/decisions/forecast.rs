//! What is expected of a connection that works.

use std::time::Duration;

use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{Policies, Resource, TenantPatch};

use super::Stage;

#[tokio::test]
async fn an_announced_policy_becomes_a_date() {
    let stage = Stage::new().await;
    let mut app = crate::support::keeper::app();
    for required in &mut app.required {
        if required.resource == Resource::Graph {
            required.delegated.insert("Policy.Read.All".into());
        }
    }
    stage.world.directory().put_app(app);
    let announced_at = stage.world.clock.now();
    let policies = Policies {
        device_code_block_announced: Some(announced_at),
        ..Policies::default()
    };
    let patch = TenantPatch {
        policies: Some(policies),
        premium: Some(true),
        ..TenantPatch::default()
    };
    let tenant = stage.world.entra_tenant.to_string();
    stage
        .world
        .directory()
        .patch_tenant(&tenant, patch)
        .unwrap();
    let connection = stage.onboard().await;
    let tenant_id = stage.world.tenant;
    stage.keeper.ask(Request::Validate { tenant_id }).await;
    let reason = "select expires_reason from connections where id = $1";
    stage.world.until(reason, connection, "policy").await;
    let days = "select extract(day from expires_at - obtained_at)::integer::text from connections where id = $1";
    assert_eq!(stage.world.text(days, connection).await, "29");
    // The next refresh keeps it.
    stage.world.clock.advance(Duration::from_hours(2));
    stage.refresh().await;
    assert_eq!(stage.world.text(reason, connection).await, "policy");
}

#[tokio::test]
async fn a_death_is_kept_with_its_grant_and_forgotten_when_it_comes_back() {
    use tenantry::simulator::directory::{Cause, Target};

    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    stage.world.kill(&Cause::ConsentWithdrawn);
    stage.refresh().await;
    let died = "select concat_ws(' ', died_code, died_cause, died_at = state_since) from connections where id = $1";
    assert_eq!(
        stage.world.text(died, connection).await,
        "65001 consent_missing t"
    );
    let target = Target::tenant(&stage.world.entra_tenant.to_string());
    stage.world.directory().restore(&target).unwrap();
    stage.refresh().await;
    assert_eq!(stage.world.state(connection).await, "active");
    assert_eq!(stage.world.text(died, connection).await, "");
    // A grant that is replaced takes its death along.
    stage.world.kill(&Cause::ConsentWithdrawn);
    stage.refresh().await;
    stage.onboard().await;
    let died = "select concat_ws(' ', state, died_code) from connections where id = $1";
    assert_eq!(stage.world.text(died, connection).await, "revoked 65001");
}
