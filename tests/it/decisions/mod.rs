//! Decisions lived through: a keeper, a simulated Microsoft and a database; something happens to the customer, and then the
//! diagnosis has to say what it was, how sure it is, who acts, and which button starts the remedy.

mod causes;
mod forecast;
mod looks;
mod rhythms;
mod shared;
mod traps;

use std::time::Duration;

use tenantry::domain::connection;
use tenantry::domain::diagnosis::{Button, Category, Confidence, Diagnosis, WhoActs};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::keeper::message::Request;
use tenantry::simulator::directory::{Cause, Realm, TenantPatch};
use tenantry::storage::MsalErrorId;
use uuid::Uuid;

use crate::support::keeper::{Keeper, World};

/// One customer whose connection is about to get into trouble.
struct Stage {
    world: World,
    keeper: Keeper,
}

impl Stage {
    async fn new() -> Self {
        Self::of(Self::world().await).await
    }

    /// A world whose keeper looks at tenants.
    async fn world() -> World {
        let mut world = World::new().await;
        world.settings.looks_in_hand = 2;
        world.settings.looks_pause = Duration::from_millis(100);
        world
    }

    async fn of(world: World) -> Self {
        let keeper = world.keeper().await;
        Self { world, keeper }
    }

    /// The connection serves Graph alone: months pass faster.
    async fn with_graph_alone(&self) {
        sqlx::query("delete from tenant_resources where tenant_id = $1 and resource <> 'graph'")
            .bind(self.world.tenant)
            .execute(&self.world.pool)
            .await
            .unwrap();
    }

    fn federated(&self) {
        let patch = TenantPatch {
            realm: Some(Realm::Federated {
                password_change_synced: false,
            }),
            ..TenantPatch::default()
        };
        let tenant = self.world.entra_tenant.to_string();
        self.world.directory().patch_tenant(&tenant, patch).unwrap();
    }

    async fn onboard(&self) -> Uuid {
        self.world.onboard(&self.keeper).await
    }

    async fn refresh(&self) {
        let tenant_id = self.world.tenant;
        self.keeper.ask(Request::Refresh { tenant_id }).await;
    }

    /// Days pass, each with its refresh.
    async fn days(&self, days: u32) {
        for _ in 0..days {
            self.world.clock.advance(Duration::from_hours(24));
            self.refresh().await;
        }
    }

    /// Onboarded, then this happens, then the next refresh meets it and the keeper looks after the reason.
    async fn dies_of(&self, cause: &Cause) -> Diagnosis {
        let connection = self.onboard().await;
        self.happens(cause).await;
        self.looked_at(connection).await;
        self.diagnosis().await
    }

    /// Some time later this happens, and the next refresh meets it.
    async fn happens(&self, cause: &Cause) {
        self.world.clock.advance(Duration::from_mins(3));
        self.world.kill(cause);
        self.refresh().await;
    }

    /// Wait until the keeper has looked after the last error.
    async fn looked_at(&self, connection: Uuid) {
        let sql = "select coalesce((select looked_at >= c.last_error_at and lease_until is null from tenant_looks l
           where l.tenant_id = c.tenant_id), false)::text from connections c where id = $1";
        self.world.until(sql, connection, "true").await;
    }

    async fn op(&self) -> Op {
        Op::begin(
            &self.world.db.web(),
            &self.world.clock,
            Actor::Command("test"),
        )
        .await
        .unwrap()
    }

    fn scope(&self) -> Scope {
        Scope::one(self.world.tenant.into())
    }

    /// Why the connection is in trouble, as its page asks.
    async fn diagnosis(&self) -> Diagnosis {
        let mut op = self.op().await;
        connection::diagnose(&mut op, self.scope(), self.world.tenant.into())
            .await
            .unwrap()
            .expect("the connection is in trouble")
    }

    /// Why the newest error happened.
    async fn diagnosis_of_newest_error(&self) -> Diagnosis {
        let id = self.world.number("select max(id) from msal_errors").await;
        let mut op = self.op().await;
        connection::diagnose_error(&mut op, self.scope(), MsalErrorId(id))
            .await
            .unwrap()
            .expect("the error is the tenant's")
    }
}

/// What a decision has to say.
struct Expected {
    cause: Category,
    confidence: Confidence,
    who: WhoActs,
    button: Button,
    /// Words of the evidence.
    evidence: &'static str,
}

#[track_caller]
fn decided(found: &Diagnosis, expected: &Expected) {
    assert_eq!(found.cause, expected.cause, "{found:#?}");
    assert_eq!(found.confidence, expected.confidence, "{found:#?}");
    assert_eq!(found.who_acts, expected.who, "{found:#?}");
    assert_eq!(found.button, expected.button, "{found:#?}");
    tells(found, expected.evidence);
    assert!(!found.remedy.is_empty());
    let certain = found.confidence == Confidence::High;
    assert_eq!(found.to_be_sure.is_empty(), certain, "{found:#?}");
}

#[track_caller]
fn tells(found: &Diagnosis, words: &str) {
    assert!(
        found.evidence.iter().any(|line| line.contains(words)),
        "{words:?} is not told: {found:#?}"
    );
}
