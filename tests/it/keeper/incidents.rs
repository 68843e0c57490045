//! Incidents: one trouble that many customers feel is one incident, accuses nobody, and ends by itself.

use std::time::Duration;

use tenantry::keeper::message::{Refusal, Reply, Request};
use tenantry::keeper::rehearsal::{Fleet, Given, plant};
use tenantry::keeper::{AppSeed, Keyring, Resource, SeedCredential};
use tenantry::simulator::Class;
use tenantry::simulator::directory::{Cause, FaultKind, FleetOrder, NewFault, Target};

use crate::support::keeper::{Keeper, SECRET, World};

/// A world whose keepers look after incidents often, with `count` customers more, whose refreshes are due.
pub async fn world(count: u32) -> World {
    let mut world = World::new().await;
    world.settings.keeper_beat = Duration::from_millis(100);
    world.settings.breaker_pause = Duration::from_millis(200);
    world.settings.breaker_cap = Duration::from_millis(400);
    let order = FleetOrder {
        prefix: "f".into(),
        count,
        client_id: world.client_id,
        class: Class::Confidential,
    };
    let members = world.directory().plant_fleet(&order).unwrap();
    let given = members.into_iter().map(|member| Given {
        short_name: member.upn.split(['@', '.']).nth(1).unwrap().to_owned(),
        entra_tenant_id: member.tenant,
        admin_oid: member.oid,
        admin_username: member.upn,
        refresh_token: member.refresh_token,
    });
    let now = world.clock.now();
    let fleet = Fleet {
        app: AppSeed {
            client_id: world.client_id,
            display_name: "Tenantry (tests)".into(),
            credential: Some(SeedCredential::Secret(SECRET.into())),
        },
        public_class: false,
        resources: vec![Resource::Graph],
        obtained_at: now,
        due: (now, now),
    };
    let keys = Keyring::read(&world.key_file).unwrap();
    plant(&world.pool, keys, &world.clock, &fleet, given.collect())
        .await
        .unwrap();
    world
}

impl World {
    /// Time passes until `sql` says `expected`: every minute whatever waits is due.
    pub async fn in_time(&self, sql: &'static str, expected: i64) {
        for _ in 0..60 {
            self.clock.advance(Duration::from_mins(1));
            self.make_due().await;
            for _ in 0..20 {
                if self.number(sql).await == expected {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        panic!("an hour has passed and it is not {expected}: {sql}");
    }
}

const OPEN: &str = "select count(*) from incidents where closed_at is null";
const CALLED_DEAD: &str = "select count(*) from connections where state = 'needs_consent'";
const WORKING: &str = "select count(*) from connections where state = 'active' and trouble_since is null and last_ok_at > obtained_at";

#[tokio::test]
async fn our_own_expired_secret_is_one_incident_of_two_hundred_customers_and_nobody_is_expired() {
    let world = world(200).await;
    let ours = Target {
        client_id: Some(world.client_id),
        ..Target::default()
    };
    world
        .directory()
        .kill(&ours, &Cause::SecretExpired)
        .unwrap();
    let keepers = [world.keeper().await, world.keeper().await];
    world.until_number(OPEN, 1).await;
    let touched = "select count(*) from incident_tenants";
    world.until_number(touched, 200).await;
    let kinds = "select count(*) from incidents where kind = 'application' and cause like 'app:%:credential'";
    assert_eq!(world.number(kinds).await, 1);
    assert_eq!(world.number(CALLED_DEAD).await, 0);

    world.directory().restore(&ours).unwrap();
    world.in_time(WORKING, 200).await;
    world.in_time(OPEN, 0).await;
    assert_eq!(world.number("select count(*) from incidents").await, 1);
    assert_eq!(world.number(CALLED_DEAD).await, 0);
    for action in ["incident.opened", "incident.closed"] {
        let entries: i64 =
            sqlx::query_scalar("select count(*) from audit_events where action = $1")
                .bind(action)
                .fetch_one(&world.pool)
                .await
                .unwrap();
        assert_eq!(entries, 1, "{action}");
    }
    drop(keepers);
}

#[tokio::test]
async fn many_who_are_refused_alike_are_one_incident_and_who_was_accused_before_is_taken_back() {
    let world = world(200).await;
    let gone = FaultKind::Error {
        code: 700_016,
        error: "unauthorized_client".into(),
        suberror: None,
        text: None,
        status: None,
        stacked: false,
    };
    world
        .directory()
        .add_fault(NewFault::on_tokens(None, gone, 100_000))
        .unwrap();
    let keepers = [world.keeper().await, world.keeper().await];
    let seen = "select count(*) from incident_tenants t join incidents i on i.id = t.incident_id
      where i.kind = 'mass' and i.class = 'app_absent' and i.code = 700016 and i.closed_at is null";
    world.until_number(seen, 200).await;
    assert_eq!(world.number(OPEN).await, 1);
    world.until_number(CALLED_DEAD, 0).await;
    let taken_back = "select count(*) from audit_events where action = 'connection.taken_back'";
    assert!(world.number(taken_back).await <= 10);

    world.directory().clear_faults(None);
    world.in_time(WORKING, 200).await;
    world.in_time(OPEN, 0).await;
    drop(keepers);
}

#[tokio::test]
async fn a_few_who_are_refused_are_a_few_customers() {
    let world = world(10).await;
    let gone = FaultKind::Error {
        code: 700_016,
        error: "unauthorized_client".into(),
        suberror: None,
        text: None,
        status: None,
        stacked: false,
    };
    world
        .directory()
        .add_fault(NewFault::on_tokens(None, gone, 100_000))
        .unwrap();
    let _keeper = world.keeper().await;
    world.until_number(CALLED_DEAD, 10).await;
    assert_eq!(world.number("select count(*) from incidents").await, 0);
}

#[tokio::test]
async fn a_quarantined_connection_is_an_incident_until_it_is_replaced() {
    let world = world(2).await;
    let _keeper = world.keeper().await;
    world.until_number(WORKING, 2).await;
    let set_aside = "update connections set state = 'quarantined'";
    sqlx::query(set_aside).execute(&world.pool).await.unwrap();
    let seen = "select count(*) from incident_tenants t join incidents i on i.id = t.incident_id
      where i.kind = 'quarantine' and i.closed_at is null";
    world.until_number(seen, 2).await;
    let replaced = "update connections set state = 'revoked'";
    sqlx::query(replaced).execute(&world.pool).await.unwrap();
    world.until_number(OPEN, 0).await;
}

#[tokio::test]
async fn a_breaker_that_is_shut_stays_shut_over_a_restart() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    keeper.stop().await;
    let shut = "insert into breakers (name, times, shut_until) values ('authority', 1, now() + interval '40 minutes')";
    sqlx::query(shut).execute(&world.pool).await.unwrap();
    let again = world.keeper().await;
    let said = refresh(&again, &world).await;
    assert!(
        matches!(said, Reply::Refused(Refusal::TryLater { retry_after_s: Some(wait) }) if wait > 2000),
        "{said:?}"
    );
}

async fn refresh(keeper: &Keeper, world: &World) -> Reply {
    let tenant_id = world.tenant;
    keeper.ask(Request::Refresh { tenant_id }).await
}

#[tokio::test]
async fn keepers_count_each_other() {
    let mut world = World::new().await;
    world.settings.keeper_beat = Duration::from_millis(100);
    let (one, two) = (world.keeper().await, world.keeper().await);
    let living = "select count(*) from keepers where seen_at > now() - interval '1 second'";
    world.until_number(living, 2).await;
    one.stop().await;
    world.until_number("select count(*) from keepers", 1).await;
    drop(two);
}
