//! A connection's state as the keeper keeps it; how it is called on screen is the portal's business.

use std::str::FromStr;

/// As in `connections.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Waits beside the current connection: for consent to the rest, or for a technician's confirmation.
    Pending,
    Active,
    /// Refused by an ambiguous answer that has yet to be confirmed.
    Suspect,
    /// A person must act.
    NeedsConsent,
    /// A sealed value does not open, or the tokens became somebody else's.
    Quarantined,
    /// Replaced, disconnected, refused or lapsed; its secrets are erased.
    Revoked,
}

/// A state that this program does not know.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no connection state")]
pub struct UnknownState(String);

impl State {
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Active,
        Self::Suspect,
        Self::NeedsConsent,
        Self::Quarantined,
        Self::Revoked,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspect => "suspect",
            Self::NeedsConsent => "needs_consent",
            Self::Quarantined => "quarantined",
            Self::Revoked => "revoked",
        }
    }

    /// The grant is believed to work.
    pub const fn is_living(self) -> bool {
        matches!(self, Self::Active | Self::Suspect)
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownState(text.to_owned()))
    }
}
