//! What can be told about, and how loudly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A word that no event and no severity has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

/// What a rule may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    Expired,
    Expiring,
    Retrying,
    Incident,
    Credential,
    InvitationOpened,
    InvitationCompleted,
    InvitationFailed,
    InvitationLapsing,
    ValidationFailed,
    KeySuspended,
    /// The end of any of these that has one.
    Recovered,
}

impl Event {
    pub const ALL: [Self; 12] = [
        Self::Expired,
        Self::Expiring,
        Self::Retrying,
        Self::Incident,
        Self::Credential,
        Self::InvitationOpened,
        Self::InvitationCompleted,
        Self::InvitationFailed,
        Self::InvitationLapsing,
        Self::ValidationFailed,
        Self::KeySuspended,
        Self::Recovered,
    ];

    /// As stored and as machines read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::Retrying => "retrying",
            Self::Incident => "incident",
            Self::Credential => "credential",
            Self::InvitationOpened => "invitation_opened",
            Self::InvitationCompleted => "invitation_completed",
            Self::InvitationFailed => "invitation_failed",
            Self::InvitationLapsing => "invitation_lapsing",
            Self::ValidationFailed => "validation_failed",
            Self::KeySuspended => "key_suspended",
            Self::Recovered => "recovered",
        }
    }

    /// For people, in a few words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Expired => "Authorisation expired",
            Self::Expiring => "Authorisation about to expire",
            Self::Retrying => "Renewals fail for a while",
            Self::Incident => "Incident: many tenants, one cause",
            Self::Credential => "Secret or certificate about to end",
            Self::InvitationOpened => "Invitation opened",
            Self::InvitationCompleted => "Invitation completed",
            Self::InvitationFailed => "Invitation failed",
            Self::InvitationLapsing => "Invitation about to lapse",
            Self::ValidationFailed => "Validation failed",
            Self::KeySuspended => "API key suspended",
            Self::Recovered => "Over: works again",
        }
    }

    /// What happens once and has no end to wait for.
    pub const fn is_momentary(self) -> bool {
        matches!(
            self,
            Self::InvitationOpened
                | Self::InvitationCompleted
                | Self::KeySuspended
                | Self::Recovered
        )
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Event {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .ok_or(UnknownWord)
    }
}

/// How loudly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Urgent,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Urgent];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Urgent => "urgent",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Info => "Info",
            Self::Warning => "Warning",
            Self::Urgent => "Urgent",
        }
    }
}

impl FromStr for Severity {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|one| one.as_str() == word)
            .ok_or(UnknownWord)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_again() {
        for event in Event::ALL {
            assert_eq!(event.as_str().parse(), Ok(event));
        }
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse(), Ok(severity));
            // Messages hold the word as well.
            assert_eq!(serde_json::json!(severity), severity.as_str());
        }
    }
}
