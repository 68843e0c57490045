//! The states shown to people, and the words beside them. Which tenant is in which state is decided by the SQL function
//! `authentication_status`; nothing here decides it again.

use std::str::FromStr;

/// A tenant's standing as shown. The order is the order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShownState {
    /// A person is needed.
    Expired,
    /// Transient trouble; access may still work.
    Retrying,
    /// Works, with a date at which it ends by itself.
    Expiring,
    /// A link is out, or a grant waits for consent or a technician's confirmation.
    InvitationPending,
    NotConnected,
    Valid,
    /// Paused by the MSP.
    Suspended,
}

impl ShownState {
    /// Every state, the most urgent first.
    pub const ALL: [Self; 7] = [
        Self::Expired,
        Self::Retrying,
        Self::Expiring,
        Self::InvitationPending,
        Self::NotConnected,
        Self::Valid,
        Self::Suspended,
    ];

    /// The word in addresses and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Retrying => "retrying",
            Self::Expiring => "expiring",
            Self::InvitationPending => "invitation_pending",
            Self::NotConnected => "not_connected",
            Self::Valid => "valid",
            Self::Suspended => "suspended",
        }
    }

    /// The words on screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Expired => "Expired",
            Self::Retrying => "Retrying",
            Self::Expiring => "Expiring",
            Self::InvitationPending => "Invitation pending",
            Self::NotConnected => "Not connected",
            Self::Valid => "Valid",
            Self::Suspended => "Suspended",
        }
    }
}

/// A word that is none of those known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such word")]
pub struct UnknownWord;

impl FromStr for ShownState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or(UnknownWord)
    }
}

/// Why an authorisation that works today has a date at which it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryReason {
    /// Entra forgets a refresh token that nobody used for 90 days.
    Idle,
    /// The customer's Conditional Access asks for a new sign-in at this rhythm.
    SignInFrequency,
    /// Federated users whose password dates are not synchronised get 12 hours.
    Federated,
    /// Our client secret or certificate ends.
    Credential,
    /// Earlier authorisations of this tenant all ended after this time.
    Rhythm,
    /// A policy that the tenant has announced.
    Policy,
}

impl ExpiryReason {
    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::SignInFrequency => "sign_in_frequency",
            Self::Federated => "federated",
            Self::Credential => "credential",
            Self::Rhythm => "rhythm",
            Self::Policy => "policy",
        }
    }

    /// What ends, in a few words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Idle => "Limit of 90 idle days",
            Self::SignInFrequency => "Sign-in frequency policy",
            Self::Federated => "12-hour limit of federated users",
            Self::Credential => "The secret or certificate ends",
            Self::Rhythm => "Earlier ones ended after this time",
            Self::Policy => "Announced policy of the customer",
        }
    }
}

impl FromStr for ExpiryReason {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "idle" => Ok(Self::Idle),
            "sign_in_frequency" => Ok(Self::SignInFrequency),
            "federated" => Ok(Self::Federated),
            "credential" => Ok(Self::Credential),
            "rhythm" => Ok(Self::Rhythm),
            "policy" => Ok(Self::Policy),
            _ => Err(UnknownWord),
        }
    }
}

/// What a grant that is stored but not in use waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingReason {
    /// Some required resource still lacks consent.
    AwaitingConsent,
    /// A technician has to confirm who signed in.
    AwaitingConfirmation,
}

impl PendingReason {
    /// In a few words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::AwaitingConsent => "Signed in, awaiting consent",
            Self::AwaitingConfirmation => "Signed in, awaiting confirmation",
        }
    }
}

impl FromStr for PendingReason {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "awaiting_consent" => Ok(Self::AwaitingConsent),
            "awaiting_confirmation" => Ok(Self::AwaitingConfirmation),
            _ => Err(UnknownWord),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_by_its_word() {
        for state in ShownState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("broken".parse::<ShownState>().is_err());
    }

    #[test]
    fn what_needs_a_person_comes_first() {
        let mut states = ShownState::ALL;
        states.sort();
        assert_eq!(states, ShownState::ALL);
        assert_eq!(states[0], ShownState::Expired);
    }
}
