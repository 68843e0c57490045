//! What the passing of time brings about: opened and ended by looking at how things stand.

use uuid::Uuid;

use super::announce::{Opening, Why, close, open, remind};
use super::evaluate::Hall;
use super::store::scans::Found;
use super::{Event, Rule, store};
use crate::domain::op::Op;

/// Reminders of one look.
const REMINDERS: i64 = 200;

pub(super) async fn look(op: &mut Op, hall: &mut Hall<'_>) -> Result<(), sqlx::Error> {
    incidents(op, hall, None).await?;
    let by_incident = hall.tells_incidents();
    if by_incident {
        for id in store::scans::absorbed(op).await? {
            close(op, hall, id, Why::Incident).await?;
        }
    }
    for rule in hall.telling(Event::Retrying) {
        let found = store::scans::retrying(op, &rule, by_incident).await?;
        open_all(op, hall, &rule, Event::Retrying, found).await?;
    }
    if by_incident {
        for rule in hall.telling(Event::Expired) {
            let found = store::scans::left_behind(op, &rule).await?;
            open_all(op, hall, &rule, Event::Expired, found).await?;
        }
    }
    for rule in hall.telling(Event::Expiring) {
        for id in store::scans::no_longer_expiring(op, &rule).await? {
            close(op, hall, id, Why::Recovered).await?;
        }
        let found = store::scans::expiring(op, &rule).await?;
        open_all(op, hall, &rule, Event::Expiring, found).await?;
    }
    for rule in hall.telling(Event::Credential) {
        for id in store::scans::credentials_renewed(op, &rule).await? {
            close(op, hall, id, Why::Recovered).await?;
        }
        let found = store::scans::credentials(op, &rule).await?;
        open_all(op, hall, &rule, Event::Credential, found).await?;
    }
    for rule in hall.telling(Event::InvitationLapsing) {
        let found = store::scans::lapsing(op, &rule).await?;
        open_all(op, hall, &rule, Event::InvitationLapsing, found).await?;
    }
    for id in store::alerts::reminders_due(op, REMINDERS).await? {
        remind(op, hall, id).await?;
    }
    Ok(())
}

/// Every incident that is open (or this one, even when it is over by now) is one alert of each rule.
pub(super) async fn incidents(
    op: &mut Op,
    hall: &mut Hall<'_>,
    only: Option<Uuid>,
) -> Result<(), sqlx::Error> {
    for rule in hall.telling(Event::Incident) {
        for found in store::scans::incidents(op, &rule, only).await? {
            let opening = Opening {
                incident: found.subject.parse().ok(),
                subject: found.subject,
                cause: found.cause,
                ..Opening::new(&rule, Event::Incident, found.began_at)
            };
            open(op, hall, opening).await?;
        }
    }
    Ok(())
}

async fn open_all(
    op: &mut Op,
    hall: &mut Hall<'_>,
    rule: &Rule,
    event: Event,
    found: Vec<Found>,
) -> Result<(), sqlx::Error> {
    for one in found {
        let tenant = match one.tenant_id {
            Some(id) => store::events::tenant(op, id).await?,
            None => None,
        };
        let opening = Opening {
            tenant: tenant.as_ref(),
            subject: one.subject,
            cause: one.cause,
            ..Opening::new(rule, event, one.began_at)
        };
        open(op, hall, opening).await?;
    }
    Ok(())
}
