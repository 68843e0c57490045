//! What each happening means: which alerts it opens and which it ends.

use uuid::Uuid;

use super::announce::{Opening, Why, close, open};
use super::evaluate::Hall;
use super::store::events::{Happening, Tenant};
use super::{Event, store};
use crate::domain::api_key;
use crate::domain::op::Op;

/// Conditions of a tenant's standing.
const STANDING: [Event; 4] = [
    Event::Expired,
    Event::Retrying,
    Event::Expiring,
    Event::ValidationFailed,
];

pub(super) async fn handle(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
) -> Result<(), sqlx::Error> {
    let tenant = match happening.tenant_id {
        Some(id) => store::events::tenant(op, id).await?,
        None => None,
    };
    match (happening.kind.as_str(), tenant) {
        ("state", Some(tenant)) => state(op, hall, happening, &tenant).await,
        ("incident_opened", _) => {
            let incident = happening.object_id;
            super::scan::incidents(op, hall, incident).await
        }
        ("incident_closed", _) => {
            let Some(incident) = happening.object_id else {
                return Ok(());
            };
            for id in store::alerts::open_of_incident(op, incident).await? {
                close(op, hall, id, Why::Recovered).await?;
            }
            Ok(())
        }
        ("invitation_opened", Some(tenant)) => {
            let event = Event::InvitationOpened;
            tell(op, hall, happening, &tenant, event).await
        }
        ("invitation_failed", Some(tenant)) => {
            let event = Event::InvitationFailed;
            tell(op, hall, happening, &tenant, event).await
        }
        ("invitation_ended", Some(tenant)) => ended(op, hall, happening, &tenant).await,
        ("validation", Some(tenant)) if happening.word == "failed" => {
            tell(op, hall, happening, &tenant, Event::ValidationFailed).await
        }
        ("validation", Some(tenant)) => {
            let events = [Event::ValidationFailed];
            close_some(op, hall, &tenant, &events, None, Why::Recovered).await
        }
        ("key_suspended", tenant) => key_suspended(op, hall, happening, tenant.as_ref()).await,
        // A kind that only a newer schema knows, or of a tenant that is gone.
        _ => Ok(()),
    }
}

async fn state(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
    tenant: &Tenant,
) -> Result<(), sqlx::Error> {
    match happening.word.as_str() {
        "valid" | "expiring" => {
            let events = [Event::Expired, Event::Retrying];
            close_some(op, hall, tenant, &events, None, Why::Recovered).await?;
            forget_validations(op, hall, happening, tenant).await
        }
        "expired" => {
            let events = [Event::Retrying, Event::Expiring];
            close_some(op, hall, tenant, &events, None, Why::Worse).await?;
            expired(op, hall, happening, tenant).await
        }
        "suspended" | "archived" => {
            close_some(op, hall, tenant, &STANDING, None, Why::Suspended).await
        }
        "not_connected" | "invitation_pending" => {
            close_some(op, hall, tenant, &STANDING, None, Why::Disconnected).await
        }
        _ => Ok(()),
    }
}

/// A validation of the connection before says nothing of this one.
async fn forget_validations(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
    tenant: &Tenant,
) -> Result<(), sqlx::Error> {
    let current = subject(happening);
    let events = [Event::ValidationFailed];
    let open = store::alerts::open_of_tenant(op, tenant.id, &events, None).await?;
    for former in store::alerts::by_ids(op, &open).await? {
        if former.subject != current {
            close(op, hall, former.id, Why::Recovered).await?;
        }
    }
    Ok(())
}

async fn expired(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
    tenant: &Tenant,
) -> Result<(), sqlx::Error> {
    if hall.tells_incidents() {
        // Set aside by ourselves: the incident of quarantine comes within seconds.
        let is_quarantined = tenant.connection_state.as_deref() == Some("quarantined");
        if is_quarantined || store::events::is_of_incident(op, tenant.id, happening.at).await? {
            return Ok(());
        }
    }
    for rule in hall.telling(Event::Expired) {
        let cause = tenant.cause.clone().unwrap_or_default();
        let opening = Opening {
            tenant: Some(tenant),
            cause,
            ..Opening::new(&rule, Event::Expired, happening.at)
        };
        open(op, hall, opening).await?;
    }
    Ok(())
}

fn subject(happening: &Happening) -> String {
    happening
        .object_id
        .map(|id: Uuid| id.to_string())
        .unwrap_or_default()
}

async fn tell(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
    tenant: &Tenant,
    event: Event,
) -> Result<(), sqlx::Error> {
    for rule in hall.telling(event) {
        let opening = Opening {
            tenant: Some(tenant),
            subject: subject(happening),
            cause: happening.word.clone(),
            ..Opening::new(&rule, event, happening.at)
        };
        open(op, hall, opening).await?;
    }
    Ok(())
}

async fn key_suspended(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
    tenant: Option<&Tenant>,
) -> Result<(), sqlx::Error> {
    for rule in hall.telling(Event::KeySuspended) {
        let opening = Opening {
            tenant,
            subject: subject(happening),
            cause: api_key::reason_to_tell(&happening.word).to_owned(),
            ..Opening::new(&rule, Event::KeySuspended, happening.at)
        };
        open(op, hall, opening).await?;
    }
    Ok(())
}

async fn ended(
    op: &mut Op,
    hall: &mut Hall<'_>,
    happening: &Happening,
    tenant: &Tenant,
) -> Result<(), sqlx::Error> {
    let why = match happening.word.as_str() {
        "completed" => Why::Recovered,
        "expired" => Why::Lapsed,
        _ => Why::Withdrawn,
    };
    let subject = subject(happening);
    let events = [Event::InvitationFailed, Event::InvitationLapsing];
    close_some(op, hall, tenant, &events, Some(&subject), why).await?;
    if happening.word == "completed" {
        tell(op, hall, happening, tenant, Event::InvitationCompleted).await?;
    }
    Ok(())
}

async fn close_some(
    op: &mut Op,
    hall: &mut Hall<'_>,
    tenant: &Tenant,
    events: &[Event],
    subject: Option<&str>,
    why: Why,
) -> Result<(), sqlx::Error> {
    for id in store::alerts::open_of_tenant(op, tenant.id, events, subject).await? {
        close(op, hall, id, why).await?;
    }
    Ok(())
}
