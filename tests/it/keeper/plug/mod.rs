//! "Disconnect" worked by the keeper: what Microsoft allows, refuses or does not answer; crashes; destroyed keys; all customers
//! at once.

mod all;
mod crashes;
mod microsoft;
mod secrets;
mod trials;

use std::time::Duration;

use serde_json::Value;
use tenantry::domain::disconnection;
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::keeper::message::plug::Ask;
use tenantry::keeper::message::{Refusal, Reply, Request, hand_out};
use tenantry::simulator::directory::Resource;
use uuid::Uuid;

use crate::support::keeper::{Keeper, World, app};

/// What Microsoft wants for taking back each kind of thing.
const GRANTS: &str = "DelegatedPermissionGrant.ReadWrite.All";
const APPLICATION: &str = "Application.ReadWrite.All";

impl World {
    /// As the page's button does, in the portal's own name.
    async fn disconnect(&self, everything: bool) -> Uuid {
        let pool = self.db.web();
        let mut op = Op::begin(&pool, &self.clock, Actor::Command("test"))
            .await
            .unwrap();
        let scope = Scope::one(self.tenant.into());
        let id = disconnection::begin(&mut op, scope, self.tenant.into(), everything)
            .await
            .unwrap();
        op.commit().await.unwrap();
        id
    }

    /// Our registration asks for these delegated permissions of Graph too, so that consent gives them.
    fn ask_for(&self, permissions: &[&str]) {
        let mut app = app();
        for access in &mut app.required {
            if access.resource == Resource::Graph {
                let more = permissions.iter().map(|name| (*name).to_owned());
                access.delegated.extend(more);
            }
        }
        self.directory().put_app(app);
    }

    async fn until_done(&self, keeper: &Keeper, id: Uuid) {
        keeper.done(Request::Plug(Ask::Look {})).await;
        self.until("select step from disconnections where id = $1", id, "done")
            .await;
    }

    /// What came of a step.
    async fn outcome(&self, id: Uuid, step: &'static str) -> (String, Value) {
        sqlx::query_as(
            "select outcome, details from disconnection_steps where disconnection_id = $1 and step = $2",
        )
        .bind(id)
        .bind(step)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    async fn run_sql(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.pool).await.unwrap();
    }

    async fn hand_out(&self, keeper: &Keeper) -> Reply {
        let request = Request::HandOut(hand_out::Request {
            tenant_id: self.tenant,
            resource: "graph".into(),
            min_ttl_s: 0,
            challenge: None,
            reason: "nightly report".into(),
            actor: tenantry::keeper::message::Actor {
                kind: "technician".into(),
                id: None,
                name: "ada@msp.example".into(),
                ip: String::new(),
            },
        });
        keeper.ask(request).await
    }

    /// Sealed tokens left of the tenant.
    async fn sealed(&self) -> i64 {
        let sql = "select (select count(*) from connection_secrets) + (select count(*) from tokens where ct is not null)";
        self.number(sql).await
    }
}

#[tokio::test]
async fn hand_out_stops_in_the_moment_it_is_asked_for() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    assert!(matches!(world.hand_out(&keeper).await, Reply::HandedOut(_)));
    let open = world.invite("").await;
    // No keeper works on it: what counts is the transaction of the page.
    world
        .run_sql(
            "create function refuse() returns trigger language plpgsql as 'begin return null; end'",
        )
        .await;
    world
        .run_sql("create trigger refuse before update on disconnections for each row when (new.lease_id is not null) execute function refuse()")
        .await;
    let id = world.disconnect(false).await;

    assert!(matches!(
        world.hand_out(&keeper).await,
        Reply::Refused(Refusal::NotThere)
    ));
    let refresh = Request::Refresh {
        tenant_id: world.tenant,
    };
    assert!(matches!(
        keeper.ask(refresh).await,
        Reply::Refused(Refusal::NotThere)
    ));
    assert_eq!(world.state(connection).await, "revoked");
    let invitation = world.text("select state from invitations where id = $1", open);
    assert_eq!(invitation.await, "revoked");
    world.make_due().await;
    let claimable =
        "select count(*) from refresh_schedule r join connections c on c.id = r.connection_id
        where c.state in ('active', 'suspect')";
    assert_eq!(world.number(claimable).await, 0);
    assert_eq!(
        world
            .text("select step from disconnections where id = $1", id)
            .await,
        "revoke"
    );
}

#[tokio::test]
async fn a_new_onboarding_connects_anew() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let former = world.onboard(&keeper).await;
    let id = world.disconnect(true).await;
    world.until_done_later(&keeper, id).await;
    let state = "select state from authentication_status(now()) where tenant_id = $1";
    assert_eq!(world.text(state, world.tenant).await, "not_connected");

    let connection = world.onboard(&keeper).await;
    assert_ne!(connection, former);
    assert_eq!(world.text(state, world.tenant).await, "valid");
    assert!(matches!(world.hand_out(&keeper).await, Reply::HandedOut(_)));
    world.judge().await;
    // And it is disconnected again.
    let again = world.disconnect(true).await;
    world.until_done_later(&keeper, again).await;
    assert_eq!(world.sealed().await, 0);
}

impl World {
    /// The same where keys are destroyed, which waits until every keeper has heard of it.
    async fn until_done_later(&self, keeper: &Keeper, id: Uuid) {
        keeper.done(Request::Plug(Ask::Look {})).await;
        let sql = "select step from disconnections where id = $1";
        self.until(sql, id, "destroy").await;
        self.clock.advance(Duration::from_secs(10));
        self.until(sql, id, "done").await;
    }
}

/// The portal may end what is connected, and never make or revive anything.
#[tokio::test]
async fn the_portals_role_can_end_and_nothing_else() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    world.disconnect(true).await;
    let web = world.db.web();
    for sql in [
        "update connections set state = 'active'",
        "update disconnections set step = 'done'",
        "insert into disconnection_steps (step) values ('prove')",
        "update data_keys set state = 'active'",
        "select ends_with from data_keys",
        "update plugs set expires_at = expires_at",
    ] {
        let refused = sqlx::query(sql).execute(&web).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{sql}");
    }
}
