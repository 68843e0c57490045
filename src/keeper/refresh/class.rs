//! From a failure's meaning to the class that the protocol acts on.

use std::time::Duration;

use crate::entra::{Certainty, Failure, Meaning};

/// A loop signal stops the connection for at least this long.
const LOOP_PAUSE: Duration = Duration::from_mins(10);
const LOOP_SIGNAL: u32 = 50_196;
const CONSENT_CODES: [u32; 8] = [
    65_001, 65_004, 90_008, 90_093, 90_094, 90_095, 900_941, 900_981,
];

/// What the refresh protocol does with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Told to wait, for how long when told.
    Throttled(Option<Duration>),
    /// Microsoft's or the network's trouble.
    Transient,
    /// A refusal that nobody knows: transient first.
    Unknown,
    /// Our application or credential.
    AppLevel,
    /// Our enterprise application is gone from this tenant.
    AppAbsent,
    /// Only a person can help.
    Definitive,
    /// May pass by itself.
    Ambiguous,
    /// Consent for this resource is missing.
    ConsentMissing,
    /// This resource cannot be had in this tenant.
    ResourceRefused,
}

impl Class {
    /// The class of a failed call of the token endpoint.
    pub fn of(failure: &Failure) -> Self {
        match failure.meaning {
            Meaning::Throttled => Self::Throttled(pause(failure)),
            Meaning::Rejected(_) if lacks_consent(failure) => Self::ConsentMissing,
            Meaning::Rejected(Certainty::Definitive) => Self::Definitive,
            Meaning::Rejected(Certainty::Ambiguous) => Self::Ambiguous,
            Meaning::AppLevel => Self::AppLevel,
            Meaning::AppAbsent => Self::AppAbsent,
            Meaning::ResourceRefused => Self::ResourceRefused,
            Meaning::Transient if refused_by_an_unknown_word(failure) => Self::Unknown,
            _ => Self::Transient,
        }
    }

    /// As in `msal_errors.class`, `entra_calls.outcome` and `refresh_schedule.last_error_class`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled(_) => "throttled",
            Self::Transient => "transient",
            Self::Unknown => "unknown",
            Self::AppLevel => "app_level",
            Self::AppAbsent => "app_absent",
            Self::Definitive => "rejected",
            Self::Ambiguous => "rejected_ambiguous",
            Self::ConsentMissing => "consent_missing",
            Self::ResourceRefused => "resource_refused",
        }
    }

    /// Counts towards mass trouble: one cause of ours or Microsoft's can look like many dead customers.
    pub const fn may_be_everybodys(self) -> bool {
        matches!(
            self,
            Self::AppLevel | Self::AppAbsent | Self::Ambiguous | Self::ResourceRefused
        )
    }

    /// The grant was refused, so the token before may be tried once.
    pub const fn refuses_the_grant(self) -> bool {
        matches!(self, Self::Definitive | Self::Ambiguous)
    }
}

fn pause(failure: &Failure) -> Option<Duration> {
    if failure.codes.contains(&LOOP_SIGNAL) {
        return Some(failure.retry_after.unwrap_or_default().max(LOOP_PAUSE));
    }
    failure.retry_after
}

fn lacks_consent(failure: &Failure) -> bool {
    failure.suberror.as_deref() == Some("consent_required")
        || failure.error.as_deref() == Some("consent_required")
        || failure
            .code()
            .is_some_and(|code| CONSENT_CODES.contains(&code))
}

/// Refused in due form, but for a reason that is not in our lists.
fn refused_by_an_unknown_word(failure: &Failure) -> bool {
    let client_side = failure
        .http_status
        .is_some_and(|status| (400..500).contains(&status));
    client_side && failure.error.is_some()
}
