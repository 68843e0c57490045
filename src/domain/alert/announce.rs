//! Opening, reminding and closing, each with the messages that the rule's channels are owed: in the same transaction.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::evaluate::Hall;
use super::format::words;
use super::store::alerts::New;
use super::store::events::Tenant;
use super::{Alert, ChannelState, Event, Rule, Severity, Step, store};
use crate::domain::api_key;
use crate::domain::incident;
use crate::domain::op::{Op, Scope};
use crate::storage::ApiKeyId;

/// Why an alert is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Recovered,
    /// It has become something worse, which is told instead.
    Worse,
    /// An incident speaks for it.
    Incident,
    Suspended,
    Disconnected,
    Lapsed,
    Withdrawn,
}

impl Why {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovered => "recovered",
            Self::Worse => "worse",
            Self::Incident => "incident",
            Self::Suspended => "suspended",
            Self::Disconnected => "disconnected",
            Self::Lapsed => "lapsed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// An alert about to be opened.
pub(super) struct Opening<'a> {
    pub rule: &'a Rule,
    pub event: Event,
    pub tenant: Option<&'a Tenant>,
    pub incident: Option<Uuid>,
    pub subject: String,
    pub cause: String,
    pub began_at: OffsetDateTime,
}

impl<'a> Opening<'a> {
    pub const fn new(rule: &'a Rule, event: Event, began_at: OffsetDateTime) -> Self {
        Self {
            rule,
            event,
            tenant: None,
            incident: None,
            subject: String::new(),
            cause: String::new(),
            began_at,
        }
    }
}

/// Open it and tell. One that is open already is told again only if it says something new.
pub(super) async fn open(
    op: &mut Op,
    hall: &mut Hall<'_>,
    opening: Opening<'_>,
) -> Result<(), sqlx::Error> {
    let rule = opening.rule;
    if let Some(tenant) = opening.tenant
        && !rule.admits(tenant.id, &tenant.tags)
    {
        return Ok(());
    }
    let is_momentary = opening.event.is_momentary();
    let snoozed = opening.tenant.and_then(|tenant| tenant.snoozed_until);
    let reason = opening
        .tenant
        .and_then(|tenant| tenant.snoozed_reason.as_deref());
    let new = New {
        rule_id: rule.id,
        tenant: opening.tenant.map(|tenant| tenant.id),
        incident: opening.incident,
        event: opening.event,
        subject: &opening.subject,
        cause: &opening.cause,
        severity: rule.severity,
        began_at: opening.began_at,
        is_momentary,
        snoozed: snoozed
            .filter(|_| !is_momentary)
            .map(|until| (until, reason.unwrap_or_default())),
    };
    let Some(id) = store::alerts::insert(op, &new).await? else {
        return again(op, hall, &opening).await;
    };
    hall.done.opened += 1;
    // Somebody knows about this tenant: it is told when the snooze is over and it still lasts.
    if snoozed.is_some() {
        return Ok(());
    }
    let step = if is_momentary {
        Step::Told
    } else {
        Step::Opened
    };
    match store::alerts::by_ids(op, &[id]).await?.pop() {
        Some(alert) => tell(op, hall, rule, &alert, step, None).await,
        None => Ok(()),
    }
}

/// Another failure of what is open: told as a reminder when it is another failure.
async fn again(op: &mut Op, hall: &mut Hall<'_>, opening: &Opening<'_>) -> Result<(), sqlx::Error> {
    let Some(tenant) = opening.tenant else {
        return Ok(());
    };
    let events = [opening.event];
    let found =
        store::alerts::open_of_tenant(op, tenant.id, &events, Some(&opening.subject)).await?;
    for mut alert in store::alerts::by_ids(op, &found).await? {
        if alert.rule_id != Some(opening.rule.id) || alert.cause == opening.cause {
            continue;
        }
        store::alerts::set_cause(op, alert.id, &opening.cause).await?;
        alert.cause.clone_from(&opening.cause);
        if !alert.is_snoozed(op.now()) {
            tell(op, hall, opening.rule, &alert, Step::Reminder, None).await?;
        }
    }
    Ok(())
}

/// It lasts; or it was snoozed as it began and nobody was told.
pub(super) async fn remind(op: &mut Op, hall: &mut Hall<'_>, id: Uuid) -> Result<(), sqlx::Error> {
    let Some(alert) = store::alerts::by_ids(op, &[id]).await?.pop() else {
        return Ok(());
    };
    let Some(rule) = rule_of(hall, &alert) else {
        return store::alerts::close(op, id, "rule").await;
    };
    let step = if alert.told_at.is_none() {
        Step::Opened
    } else {
        Step::Reminder
    };
    hall.done.reminded += 1;
    tell(op, hall, &rule, &alert, step, None).await
}

fn rule_of(hall: &Hall<'_>, alert: &Alert) -> Option<Arc<Rule>> {
    let mut rules = hall.rules.iter();
    rules.find(|rule| Some(rule.id) == alert.rule_id).cloned()
}

/// It is over. Whoever was told hears of it, unless the reason is told otherwise.
pub(super) async fn close(
    op: &mut Op,
    hall: &mut Hall<'_>,
    id: Uuid,
    why: Why,
) -> Result<(), sqlx::Error> {
    store::alerts::close(op, id, why.as_str()).await?;
    hall.done.closed += 1;
    let Some(alert) = store::alerts::by_ids(op, &[id]).await?.pop() else {
        return Ok(());
    };
    let Some(rule) = rule_of(hall, &alert) else {
        return Ok(());
    };
    if alert.told_at.is_none() || !rule.enabled {
        return Ok(());
    }
    tell(op, hall, &rule, &alert, Step::Closed, Some(why)).await
}

/// Write the message of this step for each channel of the rule that is to have it.
async fn tell(
    op: &mut Op,
    hall: &Hall<'_>,
    rule: &Rule,
    alert: &Alert,
    step: Step,
    why: Option<Why>,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    let next = rule
        .remind_hours
        .map(|hours| now + Duration::hours(hours.into()));
    let sequence = store::alerts::count_message(op, alert.id, next).await?;
    let incident = match alert.incident_id {
        Some(id) => incident::find(op, Scope::all(), id).await?,
        None => None,
    };
    let key = match (alert.event, alert.subject.parse::<ApiKeyId>()) {
        (Event::KeySuspended, Ok(id)) => api_key::find(op, None, id).await?,
        _ => None,
    };
    let message = words::compose(&words::About {
        alert,
        rule,
        incident: incident.as_ref(),
        key: key.as_ref(),
        step,
        why,
        sequence,
        base_url: &hall.voice.base_url,
        now,
    });
    let quiet = rule
        .quiet
        .as_ref()
        .filter(|quiet| !(quiet.urgent_passes && alert.severity == Severity::Urgent));
    // Who is told that something is over: tickets always, others when the rule says so and the reason is one to be glad of.
    let is_good_news = why == Some(Why::Recovered) && rule.events.contains(&Event::Recovered);
    for channel in &hall.channels {
        let is_wanted = rule.channels.contains(&channel.id)
            && channel.state != ChannelState::Off
            && (hall.voice.has_mail || !channel.kind.is_mail())
            && (step != Step::Closed || is_good_news || channel.kind.is_ticket());
        if is_wanted {
            store::deliveries::insert(op, channel.id, Some(alert), step, &message, quiet).await?;
        }
    }
    Ok(())
}
