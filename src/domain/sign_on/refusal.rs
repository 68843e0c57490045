//! Every way in which a sign-on ends without anybody coming in, and the word for each in the audit log.

use time::Duration;

use crate::domain::audit::Outcome;
use crate::oidc::{IdTokenError, PersonError, ProviderError, RedeemError};

/// Why nobody came in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("too many failures, the next attempt is in {wait}")]
    TooSoon { wait: Duration },
    /// Unknown, used, too old, or another browser's.
    #[error("nobody left from this browser with that state")]
    UnknownTrip,
    /// Said no at the provider, or the provider did.
    #[error("declined at the provider")]
    Declined,
    /// The answer names another provider (RFC 9207).
    #[error("the answer is another provider's")]
    MixedUp,
    #[error(transparent)]
    Provider(ProviderError),
    #[error("the provider does not take the code")]
    Code,
    #[error(transparent)]
    Token(IdTokenError),
    #[error(transparent)]
    Person(PersonError),
    #[error("no technician has this identity")]
    NotLinked,
    #[error("no group gives a role")]
    NoRole,
    #[error("too many groups for the provider to name")]
    TooManyGroups,
    #[error("no evidence of a second factor")]
    NoSecondFactor,
    #[error("the technician is disabled")]
    Disabled,
    #[error("the provider gives another role to the last owner")]
    LastOwner,
    #[error("the one-time link is not valid")]
    LinkGone,
    #[error("another technician has this identity")]
    TakenIdentity,
    #[error("another technician has this e-mail address")]
    TakenAddress,
    #[error("the provider names no e-mail address")]
    NoAddress,
    /// Another person is signed in than when the browser left.
    #[error("another technician is signed in")]
    OtherTechnician,
    /// Somebody proves again who they are, with an account that is not theirs here.
    #[error("another account than the one tied to this login")]
    OtherAccount,
    /// The provider did not ask anew, or does not say when it did.
    #[error("not proved anew at the provider")]
    NotAgain,
}

impl From<ProviderError> for Refused {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<RedeemError> for Refused {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Provider(error) => Self::Provider(error),
            RedeemError::Code => Self::Code,
            RedeemError::Token(error) => Self::Token(error),
            RedeemError::Person(error) => Self::Person(error),
        }
    }
}

impl Refused {
    /// What the audit log calls it.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::TooSoon { .. } => "too many failures",
            Self::UnknownTrip => "unknown state",
            Self::Declined => "declined at the provider",
            Self::MixedUp => "answer of another provider",
            Self::Provider(ProviderError::Down) => "provider does not answer",
            Self::Provider(ProviderError::Odd(_)) => "provider not understood",
            Self::Provider(ProviderError::Unfit(_)) => "provider does not fit the settings",
            Self::Code => "code not taken",
            Self::Token(_) => "id_token not acceptable",
            Self::Person(PersonError::Nobody(_)) => "nobody named",
            Self::Person(PersonError::OtherTenant) => "other tenant",
            Self::Person(PersonError::PersonalAccount) => "personal account",
            Self::Person(PersonError::Guest) => "guest account",
            Self::NotLinked => "identity not linked",
            Self::NoRole => "no role",
            Self::TooManyGroups => "too many groups",
            Self::NoSecondFactor => "no second factor",
            Self::Disabled => "disabled",
            Self::LastOwner => "last owner",
            Self::LinkGone => "link not valid",
            Self::TakenIdentity => "identity of another technician",
            Self::TakenAddress => "address of another technician",
            Self::NoAddress => "no address",
            Self::OtherTechnician => "another technician is signed in",
            Self::OtherAccount => "another account",
            Self::NotAgain => "not proved anew",
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        match self {
            Self::Provider(_) => Outcome::Failed,
            _ => Outcome::Denied,
        }
    }

    /// Whether it is a reason to slow the address down. What went wrong at the provider, or was said no to there, is no guess.
    pub(super) fn counts(&self) -> bool {
        !matches!(self, Self::Provider(_) | Self::Declined)
    }
}
