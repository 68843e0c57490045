//! An application of the customer's own that is still tried: it ends with everything else.

use std::time::Duration;

use tenantry::keeper::message::Actor;
use tenantry::keeper::message::Request;
use tenantry::keeper::message::app_only::{Ask, NewCredential};
use tenantry::simulator::directory::App;
use uuid::Uuid;

use crate::support::keeper::{Keeper, SECRET, World, app, text};

/// The state of the customer's latest trial.
pub(super) const TRIAL: &str =
    "select state from app_only_trials where tenant_id = $1 order by created_at desc limit 1";

/// Their application, known at Microsoft by now.
pub(super) const CLIENT_ID: Uuid = Uuid::from_u128(0x0077);

impl World {
    pub(super) fn has_own_app(&self) {
        self.directory().put_app(App {
            client_id: CLIENT_ID,
            name: "Contoso's own".into(),
            ..app()
        });
    }

    /// As the technician's form does.
    pub(super) async fn try_own(&self, keeper: &Keeper) {
        let own = Ask::TryOwn {
            tenant_id: self.tenant,
            entra_tenant_id: self.entra_tenant,
            client_id: CLIENT_ID,
            credential: NewCredential::Secret {
                value: text(SECRET),
                not_after: None,
            },
            actor: Actor {
                kind: "technician".into(),
                id: None,
                name: "ada@msp.example".into(),
                ip: String::new(),
            },
        };
        keeper.ask(Request::AppOnly(own)).await;
    }
}

#[tokio::test]
async fn a_trial_begun_after_a_disconnection_is_ended_by_the_next_one() {
    let world = World::new().await;
    world.has_own_app();
    let keeper = world.keeper().await;
    world.onboard(&keeper).await;
    let first = world.disconnect(false).await;
    world.until_done(&keeper, first).await;

    world.clock.advance(Duration::from_mins(1));
    // Without the customer's consent it is tried again and again.
    world.try_own(&keeper).await;
    world.until(TRIAL, world.tenant, "trying").await;
    let again = world.disconnect(false).await;
    assert_eq!(world.text(TRIAL, world.tenant).await, "failed");
    world.until_done(&keeper, again).await;
    // What was found before need not be so any more: Microsoft is asked anew, and refuses under another number.
    for step in ["revoke", "prove"] {
        let found = world.outcome(again, step).await;
        assert_ne!(found, world.outcome(first, step).await, "{step}");
    }
    let left = "select count(*) from app_credentials where state = 'candidate'";
    assert_eq!(world.number(left).await, 0);
}

#[tokio::test]
async fn disconnecting_all_customers_ends_a_trial_where_nothing_else_is_connected() {
    let world = World::new().await;
    world.has_own_app();
    let keeper = world.keeper().await;
    world.try_own(&keeper).await;
    world.until(TRIAL, world.tenant, "trying").await;
    let (one, two) = (world.technician("one").await, world.technician("two").await);
    let id = world.ask_for_all(one, false).await;
    assert_eq!(world.confirm(id, two).await.unwrap(), 1);
    assert_eq!(world.text(TRIAL, world.tenant).await, "failed");
}
