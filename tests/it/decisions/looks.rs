//! What the keeper asks Microsoft about a tenant: when, through what, and that nothing suffers from it.

use std::time::Duration;

use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{Area, Cause, FaultKind, NewFault};
use uuid::Uuid;

use super::Stage;

impl Stage {
    async fn fact(&self, sql: &'static str) -> String {
        self.world.text(sql, self.world.tenant).await
    }

    async fn through(&self) -> String {
        self.fact("select through from tenant_looks where tenant_id = $1")
            .await
    }
}

async fn died(stage: &Stage, cause: &Cause) -> Uuid {
    let connection = stage.onboard().await;
    stage.happens(cause).await;
    stage.looked_at(connection).await;
    connection
}

#[tokio::test]
async fn a_token_still_held_is_enough() {
    let stage = Stage::new().await;
    died(&stage, &Cause::ConsentWithdrawn).await;
    assert_eq!(stage.through().await, "graph_token");
    let held = "select value::text from tenant_facts where tenant_id = $1 and fact = 'held_token'";
    assert_eq!(stage.fact(held).await, "\"works\"");
    // It is kept for this and handed to nobody.
    let valid = "select count(*) from tokens where state = 'valid'";
    assert_eq!(stage.world.number(valid).await, 0);
}

#[tokio::test]
async fn when_the_token_is_refused_the_application_itself_looks() {
    let stage = Stage::new().await;
    died(&stage, &Cause::PasswordChange).await;
    assert_eq!(stage.through().await, "as_app");
    let held = "select value::text from tenant_facts where tenant_id = $1 and fact = 'held_token'";
    assert_eq!(stage.fact(held).await, "\"refused\"");
}

#[tokio::test]
async fn a_look_is_recorded_among_the_calls_and_is_no_error() {
    let stage = Stage::new().await;
    died(&stage, &Cause::PasswordChange).await;
    let errors = "select count(*) from msal_errors where operation like 'graph%' or operation = 'client_credentials'";
    assert_eq!(stage.world.number(errors).await, 0);
    let calls = "select count(*) from entra_calls where operation = 'graph_user_dates'";
    assert!(
        stage.world.number(calls).await >= 2,
        "the token's and the application's"
    );
}

#[tokio::test]
async fn one_death_is_looked_at_once() {
    let stage = Stage::new().await;
    died(&stage, &Cause::UserDisabled).await;
    let calls = "select count(*) from entra_calls where operation = 'graph_user_dates'";
    let before = stage.world.number(calls).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(stage.world.number(calls).await, before);
}

#[tokio::test]
async fn validating_looks_anew_at_a_connection_that_works() {
    let stage = Stage::new().await;
    stage.onboard().await;
    let tenant_id = stage.world.tenant;
    stage.keeper.ask(Request::Validate { tenant_id }).await;
    let sql = "select coalesce((select (looked_at is not null)::text from tenant_looks where tenant_id = t.id), 'false')
       from tenants t where id = $1";
    stage.world.until(sql, tenant_id, "true").await;
    let facts = "select string_agg(fact, ' ' order by fact) from tenant_facts where tenant_id = $1";
    assert_eq!(
        stage.fact(facts).await,
        "account application consent held_token roles"
    );
}

#[tokio::test]
async fn microsoft_in_trouble_holds_up_nobody() {
    let stage = Stage::new().await;
    let connection = stage.onboard().await;
    stage.world.kill(&Cause::UserDisabled);
    for _ in 0..20 {
        let outage = FaultKind::Outage { status: 503 };
        let fault = NewFault {
            area: Area::Graph,
            ..NewFault::on_tokens(None, outage, 1)
        };
        stage.world.directory().add_fault(fault).unwrap();
    }
    stage.refresh().await;
    stage.looked_at(connection).await;
    assert_eq!(stage.world.state(connection).await, "needs_consent");
    let facts = "select count(*) from tenant_facts where fact = 'account'";
    assert_eq!(
        stage.world.number(facts).await,
        0,
        "nothing is known, and nothing is invented"
    );
}
