//! Technicians inside one tenant, the Customer portal.

mod activity;
mod automation;
mod connections;
mod expected;
mod invitations;
mod lead_time;
mod m365;
mod mails;
mod msal_errors;
mod overview;
mod report;
mod tokens;
mod visit;

use crate::domain::op::Actor;
use crate::keeper::message::Actor as KeeperActor;
use crate::web::kit::routes::Routes;

pub use visit::Visit;

/// Every page of the Customer portal.
pub fn router() -> Routes {
    Routes::new()
        .merge(activity::router())
        .merge(automation::router())
        .merge(visit::router())
        .merge(connections::router())
        .merge(invitations::router())
        .merge(lead_time::router())
        .merge(overview::router())
        .merge(report::router())
        .merge(tokens::router())
        .merge(m365::router())
        .merge(mails::router())
        .merge(msal_errors::router())
}

/// The technician as the keeper's audit names them.
fn keeper_actor(actor: &Actor) -> KeeperActor {
    let (id, name, ip) = match actor {
        Actor::Technician { id, email, ip } => (Some(id.as_uuid()), email.clone(), ip.clone()),
        _ => (None, String::new(), String::new()),
    };
    KeeperActor {
        kind: "technician".into(),
        id,
        name,
        ip,
    }
}
