//! From a failure's meaning to the class that the protocol acts on.

use std::time::Duration;

use crate::entra::{Certainty, Exchange, Failure, Meaning};
use crate::keeper::gate::Heard;

const LOOP_SIGNAL: u32 = 50_196;
const CONSENT_CODES: [u32; 8] = [
    65_001, 65_004, 90_008, 90_093, 90_094, 90_095, 900_941, 900_981,
];

/// What the refresh protocol does with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Told to wait, for how long when told.
    Throttled(Option<Duration>),
    /// This connection asked too often (50196): it alone has to wait, for how long when told.
    Looping(Option<Duration>),
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
            // Also within an `invalid_grant`: it says nothing about the grant.
            _ if failure.codes.contains(&LOOP_SIGNAL) => Self::Looping(failure.retry_after),
            Meaning::Throttled => Self::Throttled(failure.retry_after),
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
            Self::Throttled(_) | Self::Looping(_) => "throttled",
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

    /// Counts towards mass trouble: one cause of ours or Microsoft's can look like many dead customers. What shuts our
    /// application's breaker is seen there; an optional resource is absent in many tenants, and nobody minds.
    pub const fn may_be_everybodys(self, required: bool) -> bool {
        match self {
            Self::Unknown | Self::AppAbsent | Self::Ambiguous => true,
            Self::ResourceRefused => required,
            _ => false,
        }
    }

    /// What the gate makes of it.
    pub const fn heard(self) -> Heard {
        match self {
            Self::Throttled(asked) => Heard::Throttled(asked),
            Self::Transient => Heard::Transient,
            Self::AppLevel => Heard::RefusesUs,
            _ => Heard::Fine,
        }
    }

    /// The grant was refused, so the token before may be tried once.
    pub const fn refuses_the_grant(self) -> bool {
        matches!(self, Self::Definitive | Self::Ambiguous)
    }
}

/// What the gate makes of a call outside of the refresh protocol.
pub fn heard<T>(exchange: &Exchange<T>) -> Heard {
    match &exchange.outcome {
        Ok(_) => Heard::Fine,
        Err(failure) => Class::of(failure).heard(),
    }
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
