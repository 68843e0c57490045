//! What a message says in words.

use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

use crate::domain::alert::announce::Why;
use crate::domain::alert::{Alert, Event, Message, Named, Rule, Step, ticket_key};
use crate::domain::api_key::ApiKey;
use crate::domain::diagnosis::{Category, WhoActs};
use crate::domain::incident::Record;
use crate::domain::page_url::page_url;

/// What a message is about.
pub struct About<'a> {
    pub alert: &'a Alert,
    pub rule: &'a Rule,
    pub incident: Option<&'a Record>,
    /// The API key that it is about.
    pub key: Option<&'a ApiKey>,
    pub step: Step,
    pub why: Option<Why>,
    pub sequence: i32,
    pub base_url: &'a Url,
    pub now: OffsetDateTime,
}

/// Title and sentence.
struct Said {
    title: String,
    text: String,
}

/// `2026-03-02 08:00 UTC`
pub fn exact(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC)
        .format(format_description!(
            "[year]-[month]-[day] [hour]:[minute] UTC"
        ))
        .unwrap_or_default()
}

/// The message of one step of one alert.
pub fn compose(about: &About<'_>) -> Message {
    let alert = about.alert;
    let said = match about.step {
        Step::Closed => over(about),
        _ => said(about),
    };
    let (cause, who) = (cause(alert), who(about));
    let mut facts = Vec::new();
    let mut fact = |label: &str, value: String| {
        if !value.is_empty() {
            facts.push((label.to_owned(), value));
        }
    };
    if let Some(tenant) = &alert.tenant {
        fact(
            "Tenant",
            format!("{} ({})", tenant.full_name, tenant.short_name),
        );
    }
    if let Some(key) = about.key {
        fact("Key", key.rule.name.clone());
    }
    if let Some(record) = about.incident {
        fact("Tenants touched", record.incident.tenants.to_string());
    }
    fact("Cause", cause.clone());
    fact("Who acts", who.to_owned());
    let label = if is_future(alert.event) {
        "Date"
    } else {
        "Since"
    };
    fact(label, exact(alert.began_at));
    fact("Rule", about.rule.name.clone());
    Message {
        event: alert.event.as_str().to_owned(),
        step: about.step,
        severity: alert.severity,
        title: if about.step == Step::Reminder {
            format!("Reminder: {}", said.title)
        } else {
            said.title
        },
        text: said.text,
        facts,
        link: link(about),
        ticket: ticket(alert),
        tenant: alert.tenant.as_ref().map(|tenant| Named {
            id: tenant.id.as_uuid(),
            short_name: tenant.short_name.clone(),
            full_name: tenant.full_name.clone(),
        }),
        cause,
        who: who.to_owned(),
        alert_id: Some(alert.id),
        sequence: about.sequence,
        at: about.now,
    }
}

/// Of these the instant is an end to come.
const fn is_future(event: Event) -> bool {
    matches!(
        event,
        Event::Expiring | Event::Credential | Event::InvitationLapsing
    )
}

/// The same for the same tenant and cause, whichever rule tells it.
pub fn ticket(alert: &Alert) -> String {
    let event = alert.event.as_str().as_bytes();
    match (&alert.tenant, alert.incident_id) {
        (_, Some(incident)) => ticket_key(&[b"incident", incident.as_bytes()]),
        (Some(tenant), None) => ticket_key(&[
            tenant.id.as_uuid().as_bytes(),
            event,
            alert.subject.as_bytes(),
            if alert.event == Event::Expired {
                alert.cause.as_bytes()
            } else {
                b""
            },
        ]),
        (None, None) => ticket_key(&[b"installation", event, alert.subject.as_bytes()]),
    }
}

/// The cause in a few words; empty when there is nothing to say.
pub fn cause(alert: &Alert) -> String {
    match alert.event {
        Event::Expired | Event::Retrying => {
            category(&alert.cause).map_or_else(String::new, |one| one.label().to_owned())
        }
        Event::KeySuspended => alert.cause.clone(),
        Event::InvitationFailed => alert.cause.replace('_', " "),
        Event::Expiring => match alert.cause.as_str() {
            "idle" => "Not used for 90 days",
            "sign_in_frequency" => "Sign-in frequency policy",
            "federated" => "Limit of federated sign-ins",
            "rhythm" => "Former grants ended after as long",
            "policy" => "A policy that the customer announced",
            _ => "",
        }
        .to_owned(),
        _ => String::new(),
    }
}

fn category(word: &str) -> Option<Category> {
    word.parse().ok()
}

/// Whose turn it is; nobody's when it is over.
fn who(about: &About<'_>) -> &'static str {
    if about.step == Step::Closed {
        return "";
    }
    let who = match (about.alert.event, about.incident) {
        (Event::Expired | Event::Retrying, _) => about.alert.who_acts(),
        (Event::Incident, Some(record)) => Some(record.incident.who_acts()),
        _ => None,
    };
    who.unwrap_or(WhoActs::Msp).label()
}

fn name(alert: &Alert) -> &str {
    alert
        .tenant
        .as_ref()
        .map_or("", |tenant| tenant.short_name.as_str())
}

fn full(alert: &Alert) -> &str {
    alert
        .tenant
        .as_ref()
        .map_or("our app registration", |tenant| tenant.full_name.as_str())
}

fn said(about: &About<'_>) -> Said {
    let alert = about.alert;
    let (short, long) = (name(alert), full(alert));
    let date = exact(alert.began_at);
    let (title, text) = match alert.event {
        Event::Expired => (
            format!("{short}: authorisation expired"),
            format!("Access to {long}'s Microsoft 365 no longer works. A person has to authorise it again."),
        ),
        Event::Expiring => (
            format!("{short}: authorisation ends on {date}"),
            format!("Unless it is renewed before, access to {long}'s Microsoft 365 ends on {date}."),
        ),
        Event::Retrying => (
            format!("{short}: renewals fail since {date}"),
            format!("Access to {long}'s Microsoft 365 may still work, but it was not possible to renew it since {date}."),
        ),
        Event::Incident => match about.incident {
            Some(record) => (
                format!("Incident: {}", record.incident.title()),
                record.incident.advice().to_owned(),
            ),
            None => ("Incident".to_owned(), String::new()),
        },
        Event::Credential => (
            format!("Secret or certificate of {long} ends on {date}"),
            "The last usable credential of the app registration ends. Add a new one before: what stands on it stops working with it."
                .to_owned(),
        ),
        Event::InvitationOpened => (
            format!("{short}: invitation opened"),
            format!("{long} has begun to use its invitation."),
        ),
        Event::InvitationCompleted => (
            format!("{short}: invitation completed"),
            format!("{long} has authorised access. All tokens are there."),
        ),
        Event::InvitationFailed => (
            format!("{short}: invitation failed"),
            format!("{long} tried to use its invitation and it did not work. The invitation is still open."),
        ),
        Event::InvitationLapsing => (
            format!("{short}: invitation lapses on {date}"),
            format!("{long} has not completed its invitation, and the link ends on {date}."),
        ),
        Event::ValidationFailed => (
            format!("{short}: validation failed"),
            format!("“Validate Authentication” found something wrong with {long}."),
        ),
        Event::KeySuspended => (
            match about.key {
                Some(key) => format!("API key “{}” suspended", key.rule.name),
                None => "An API key was suspended".to_owned(),
            },
            "It is refused until somebody resumes it. Look at its page and at the audit log before you do.".to_owned(),
        ),
        Event::Recovered => (format!("{short}: works again"), String::new()),
    };
    Said { title, text }
}

fn over(about: &About<'_>) -> Said {
    let alert = about.alert;
    let what = if alert.tenant.is_some() {
        name(alert)
    } else {
        "Over"
    };
    let text = match about.why {
        Some(Why::Worse) => "It has become Expired, which is told of its own.",
        Some(Why::Incident) => "It is part of an incident, which is told of its own.",
        Some(Why::Suspended) => "The tenant was suspended or archived.",
        Some(Why::Disconnected) => "The tenant is not connected any more.",
        Some(Why::Lapsed) => "The invitation has lapsed.",
        Some(Why::Withdrawn) => "The invitation was withdrawn.",
        Some(Why::Recovered) | None => "Nobody has to do anything any more.",
    };
    let title = match (alert.event, about.why) {
        (Event::Incident, _) => match about.incident {
            Some(record) => format!("Over: {}", record.incident.title()),
            None => "An incident is over".to_owned(),
        },
        (_, Some(Why::Recovered)) if matches!(alert.event, Event::Expired | Event::Retrying) => {
            format!("{what}: works again")
        }
        (Event::Credential, _) => format!("Over: {} has a lasting credential", full(alert)),
        _ => format!("{what}: over: {}", alert.event.label().to_lowercase()),
    };
    Said {
        title,
        text: text.to_owned(),
    }
}

/// Where a technician looks, after signing in: the page of the Auth URL when an invitation is open. Never the link itself.
fn link(about: &About<'_>) -> String {
    let alert = about.alert;
    let path = match (&alert.tenant, alert.event) {
        (_, Event::KeySuspended) => format!("/security/api-keys/{}", alert.subject),
        (Some(tenant), _) => match tenant.open_invitation {
            Some(id) => format!("/tenants/{}/invitations/{id}/auth-url", tenant.short_name),
            None => format!("/tenants/{}/configuration/m365", tenant.short_name),
        },
        (None, Event::Credential) => "/security/app-registration".to_owned(),
        (None, _) => match alert.incident_id {
            Some(id) => format!("/monitoring/operations/incidents/{id}"),
            None => format!("/configuration/alerts/{}", alert.id),
        },
    };
    page_url(about.base_url, &path)
}
