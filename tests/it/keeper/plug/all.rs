//! "Disconnect all customers": nothing before a second person confirmed, everybody at once then, and every tenant worked to
//! its end.

use std::time::Duration;

use tenantry::domain::disconnection::{self, ConfirmError};
use tenantry::domain::op::{Actor, Op, Scope};
use tenantry::keeper::message::plug::Ask;
use tenantry::keeper::message::{Refusal, Reply, Request};
use tenantry::storage::TechnicianId;
use uuid::Uuid;

use crate::support::keeper::World;

impl World {
    pub(super) async fn technician(&self, name: &str) -> TechnicianId {
        let id = TechnicianId::new();
        sqlx::query(
            "insert into technicians (id, email, display_name, role, created_at) values ($1, $2, $2, 'owner', $3)",
        )
        .bind(id)
        .bind(format!("{name}@msp.example"))
        .bind(self.clock.now())
        .execute(&self.pool)
        .await
        .unwrap();
        id
    }

    async fn op(&self, id: TechnicianId) -> Op {
        let actor = Actor::Technician {
            id,
            email: "x@msp.example".into(),
            ip: String::new(),
        };
        Op::begin_within(&self.db.web(), &self.clock, actor, Scope::all())
            .await
            .unwrap()
    }

    pub(super) async fn ask_for_all(&self, by: TechnicianId, everything: bool) -> Uuid {
        let mut op = self.op(by).await;
        let id = disconnection::ask(&mut op, by, everything, "a drill")
            .await
            .unwrap();
        op.commit().await.unwrap();
        id
    }

    pub(super) async fn confirm(&self, id: Uuid, by: TechnicianId) -> Result<i64, ConfirmError> {
        let mut op = self.op(by).await;
        let confirmed = disconnection::confirm(&mut op, id, by).await;
        if confirmed.is_ok() {
            op.commit().await.unwrap();
        }
        confirmed
    }
}

#[tokio::test]
async fn it_takes_two_persons_within_a_quarter_of_an_hour() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let (one, two) = (world.technician("one").await, world.technician("two").await);

    let id = world.ask_for_all(one, false).await;
    assert!(matches!(
        world.confirm(id, one).await,
        Err(ConfirmError::SamePerson)
    ));
    world.clock.advance(Duration::from_mins(15));
    assert!(matches!(
        world.confirm(id, two).await,
        Err(ConfirmError::Late)
    ));
    assert!(matches!(world.hand_out(&keeper).await, Reply::HandedOut(_)));

    let id = world.ask_for_all(one, false).await;
    let mut op = world.op(one).await;
    disconnection::cancel(&mut op, id, one).await.unwrap();
    op.commit().await.unwrap();
    assert!(matches!(
        world.confirm(id, two).await,
        Err(ConfirmError::NotAsked)
    ));
    assert_eq!(world.number("select count(*) from disconnections").await, 0);

    let id = world.ask_for_all(two, false).await;
    assert_eq!(world.confirm(id, one).await.unwrap(), 1);
    assert!(matches!(
        world.hand_out(&keeper).await,
        Reply::Refused(Refusal::NotThere)
    ));
    let mut op = world.op(two).await;
    assert!(matches!(
        disconnection::cancel(&mut op, id, two).await,
        Err(ConfirmError::NotAsked)
    ));
}

#[tokio::test]
async fn every_tenant_is_worked_to_its_end_by_whoever_lives() {
    let mut world = World::new().await;
    world.settings.plug_in_hand = 2;
    let keeper = world.keeper().await;
    let first = world.tenant;
    let mut tenants = vec![(world.tenant, world.entra_tenant)];
    world.onboard(&keeper).await;
    for name in ["fabrikam", "litware", "tailspin", "wingtip"] {
        let (tenant, entra_tenant) = world.customer(name).await;
        (world.tenant, world.entra_tenant) = (tenant, entra_tenant);
        world
            .onboard_as(&keeper, &format!("admin@{name}.example"))
            .await;
        tenants.push((tenant, entra_tenant));
    }
    world
        .run_sql("update tenants set state = 'suspended' where short_name = 'litware'")
        .await;
    let (unconnected, _) = world.customer("northwind").await;
    let (one, two) = (world.technician("one").await, world.technician("two").await);
    let id = world.ask_for_all(one, true).await;
    assert_eq!(
        world.confirm(id, two).await.unwrap(),
        5,
        "the suspended one too, and not {unconnected}"
    );
    let living = "select count(*) from connections where state <> 'revoked'";
    assert_eq!(world.number(living).await, 0, "all in one transaction");
    assert_eq!(
        world
            .number("select count(*) from audit_events where action = 'disconnection.begun'")
            .await,
        5
    );
    keeper.done(Request::Plug(Ask::Look {})).await;
    keeper.kill();
    world.end_keepers_sessions().await;
    world
        .run_sql("update disconnections set lease_until = now() - interval '1 second' where lease_id is not null")
        .await;

    let keeper = world.keeper().await;
    world.clock.advance(Duration::from_secs(10));
    keeper.done(Request::Plug(Ask::Look {})).await;
    let done = "select count(*)::text from disconnections where plug_id = $1 and step = 'done'";
    world.until(done, id, "5").await;
    assert_eq!(world.sealed().await, 0);
    let keys =
        "select count(*) from data_keys where tenant_id is not null and state <> 'destroyed'";
    assert_eq!(world.number(keys).await, 0);
    let mut op = world.op(one).await;
    let progress = disconnection::progress(&mut op, id).await.unwrap();
    assert_eq!(progress.tenants, 5);
    let exceptions = disconnection::exceptions(&mut op, id, 3).await.unwrap();
    assert_eq!(
        exceptions.len(),
        3,
        "Microsoft did not let us remove anything"
    );
    world.tenant = first;
}

/// One that was connected again while Microsoft was still waited for is no exception.
#[tokio::test]
async fn nobody_slips_through_because_of_a_disconnection_that_still_runs() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    world
        .run_sql(
            "create function hold() returns trigger language plpgsql as 'begin return null; end'",
        )
        .await;
    world
        .run_sql("create trigger hold before update on disconnections for each row when (new.lease_id is not null) execute function hold()")
        .await;
    world.disconnect(false).await;
    world.onboard(&keeper).await;
    let (one, two) = (world.technician("one").await, world.technician("two").await);
    let id = world.ask_for_all(one, false).await;
    assert_eq!(world.confirm(id, two).await.unwrap(), 1);
    let living = "select count(*) from connections where state <> 'revoked'";
    assert_eq!(world.number(living).await, 0);
}
