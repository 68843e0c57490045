//! Alerts, channels and messages as the pages show them.

use time::OffsetDateTime;

use crate::domain::alert::{
    Alert, Channel, ChannelState, Delivery, DeliveryState, Event, Severity,
};
use crate::domain::diagnosis::WhoActs;
use crate::storage::ApiKeyId;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::When;

/// One alert.
pub struct AlertView {
    pub href: String,
    pub what: &'static str,
    pub cause: String,
    pub who: &'static str,
    /// Class and word of the badge.
    pub severity: (&'static str, &'static str),
    /// Short name, full name and where it leads; none for the installation.
    pub tenant: Option<(String, String, String)>,
    /// Of an incident.
    pub incident: Option<String>,
    /// Of an API key.
    pub key: Option<String>,
    pub rule: String,
    pub began: When,
    pub closed: Option<When>,
    pub snoozed: Option<(When, String, String)>,
    pub snooze: String,
    pub wake: String,
}

impl AlertView {
    pub fn new(alert: &Alert, now: OffsetDateTime) -> Self {
        let category = alert.category();
        let until = alert.snoozed_until.filter(|_| alert.is_snoozed(now));
        Self {
            href: paths::alert(alert.id, ""),
            what: alert.event.label(),
            cause: match alert.event {
                Event::KeySuspended => alert.cause.clone(),
                _ => category.map_or_else(String::new, |one| one.label().to_owned()),
            },
            who: alert.who_acts().map_or("", WhoActs::label),
            severity: match alert.severity {
                Severity::Urgent => ("expired", "Urgent"),
                Severity::Warning => ("expiring", "Warning"),
                Severity::Info => ("pending", "Info"),
            },
            tenant: alert.tenant.as_ref().map(|one| {
                let href = TenantPaths(&one.short_name).m365();
                (one.short_name.clone(), one.full_name.clone(), href)
            }),
            incident: alert.incident_id.map(paths::incident),
            key: match (alert.event, alert.subject.parse::<ApiKeyId>()) {
                (Event::KeySuspended, Ok(id)) => Some(paths::api_key(id, "")),
                _ => None,
            },
            rule: alert.rule.clone(),
            began: When::new(alert.began_at, now),
            closed: When::maybe(alert.closed_at, now),
            snoozed: until.map(|until| {
                let reason = alert.snoozed_reason.clone();
                (When::new(until, now), reason, alert.snoozed_by.clone())
            }),
            snooze: paths::alert(alert.id, "snooze"),
            wake: paths::alert(alert.id, "wake"),
        }
    }
}

/// One message.
pub struct DeliveryView {
    pub title: String,
    pub channel: String,
    pub channel_href: String,
    pub at: When,
    pub badge: (&'static str, &'static str),
    pub outcome: String,
    pub attempts: i32,
    /// When it is tried next, while it waits.
    pub next: Option<When>,
    pub replay: String,
}

impl DeliveryView {
    pub fn new(one: &Delivery, now: OffsetDateTime) -> Self {
        let badge = match (one.state, one.attempts) {
            (DeliveryState::Delivered, _) => ("valid", "Delivered"),
            (DeliveryState::Failed, _) => ("expired", "Given up"),
            (DeliveryState::Pending, 0) => ("pending", "Waiting"),
            (DeliveryState::Pending, _) => ("expiring", "Trying again"),
        };
        let waits = one.state == DeliveryState::Pending;
        Self {
            title: one.title.clone(),
            channel: one.channel.clone(),
            channel_href: paths::alert_channel(one.channel_id, ""),
            at: When::new(one.created_at, now),
            badge,
            outcome: one.outcome.clone(),
            attempts: one.attempts,
            next: waits.then(|| When::new(one.next_at, now)),
            replay: paths::alert_replay(one.channel_id, one.id),
        }
    }
}

/// Class and word of a channel's badge.
pub fn channel_badge(channel: &Channel) -> (&'static str, &'static str) {
    match channel.state {
        ChannelState::Off => ("none", "Off"),
        ChannelState::Held => ("expiring", "Held after a restore"),
        ChannelState::Disabled => ("expired", "Disabled: failed for five days"),
        ChannelState::Active if channel.failing_since.is_some() => ("expiring", "Failing"),
        ChannelState::Active => ("valid", "On"),
    }
}

/// A sentence about a channel that needs somebody.
pub fn trouble(channel: &Channel) -> Option<String> {
    let name = &channel.name;
    match channel.state {
        ChannelState::Held => Some(format!(
            "“{name}” is held since this installation was restored: its messages wait until you let it go."
        )),
        ChannelState::Disabled => Some(format!(
            "“{name}” was disabled, because it took nothing for five days. Its messages wait."
        )),
        ChannelState::Active if channel.failing_since.is_some() => Some(format!(
            "“{name}” fails ({}). It is tried again by itself.",
            channel.last_outcome
        )),
        _ => None,
    }
}
