//! What a message says, whatever channel carries it. Written when it arises and kept, so that every attempt says the same. No
//! token, no secret link, no person: the tenant's ids and names, what happened, who acts, and where a technician looks.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Severity;

/// Where in an alert's life a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It begins.
    Opened,
    /// It lasts.
    Reminder,
    /// It is over.
    Closed,
    /// It happened and has no end.
    Told,
    /// About a channel itself.
    Notice,
}

impl Step {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reminder => "reminder",
            Self::Closed => "closed",
            Self::Told => "told",
            Self::Notice => "notice",
        }
    }
}

/// A tenant as messages name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub id: Uuid,
    pub short_name: String,
    pub full_name: String,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// An [`Event`](super::Event)'s word; `test`, `heartbeat` or `channel_disabled` beside them.
    pub event: String,
    pub step: Step,
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// A sentence or two.
    pub text: String,
    /// Label and value.
    pub facts: Vec<(String, String)>,
    /// Where a technician looks, after signing in.
    pub link: String,
    /// The same for the same tenant and cause.
    pub ticket: String,
    pub tenant: Option<Named>,
    pub cause: String,
    pub who: String,
    pub alert_id: Option<Uuid>,
    /// The number of this message among the alert's, from 1: receivers may get them in another order.
    pub sequence: i32,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl Message {
    /// For the "Test" button.
    pub fn test(link: String, at: OffsetDateTime) -> Self {
        Self {
            event: "test".into(),
            step: Step::Told,
            severity: Severity::Info,
            title: "Test message".into(),
            text: "This channel works. Somebody pressed “Test” on the page Alerts; nothing happened to any tenant.".into(),
            facts: Vec::new(),
            link,
            ticket: "TNY-TEST".into(),
            tenant: None,
            cause: String::new(),
            who: String::new(),
            alert_id: None,
            sequence: 0,
            at,
        }
    }

    /// The dead man's switch is held down.
    pub fn heartbeat(link: String, at: OffsetDateTime) -> Self {
        Self {
            event: "heartbeat".into(),
            title: "Tenantry is alive".into(),
            text: "Alerts are being looked at and sent.".into(),
            ticket: String::new(),
            ..Self::test(link, at)
        }
    }

    /// A channel was disabled.
    pub fn disabled(channel: &str, id: Uuid, why: &str, link: String, at: OffsetDateTime) -> Self {
        Self {
            event: "channel_disabled".into(),
            step: Step::Notice,
            severity: Severity::Urgent,
            title: format!("Alerts no longer reach “{channel}”"),
            text: format!(
                "The channel “{channel}” has taken nothing for five days and was disabled ({why}). Its messages wait. Put it right \
                 and press “Replay” on its page; nothing is lost."
            ),
            ticket: ticket_key(&[b"channel", id.as_bytes()]),
            ..Self::test(link, at)
        }
    }

    /// `alert.opened`, `alert.closed`, …: what machines switch on.
    pub fn kind(&self) -> String {
        match self.event.as_str() {
            "test" | "heartbeat" | "channel_disabled" => self.event.clone(),
            _ => format!("alert.{}", self.step.as_str()),
        }
    }
}

/// `TNY-` and twelve characters: the same for the same parts, for ever.
pub fn ticket_key(parts: &[&[u8]]) -> String {
    let mut all = Vec::new();
    for part in parts {
        all.extend((part.len() as u64).to_be_bytes());
        all.extend(*part);
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &all);
    let mut key = String::from("TNY-");
    for byte in digest.as_ref().iter().take(6) {
        let _ = write!(key, "{byte:02X}");
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_key_is_stable_and_tells_causes_apart() {
        let key = ticket_key(&[b"tenant", b"expired"]);
        assert_eq!(key, ticket_key(&[b"tenant", b"expired"]));
        assert_ne!(key, ticket_key(&[b"tenante", b"xpired"]));
        assert_eq!(key.len(), 16);
    }
}
