//! A failed call by meaning, never by HTTP code. Which answer has which meaning is decided in `meaning`; what to do
//! about it (retry, suspect, ask a person) is the keeper's business, and why it happened the diagnosis'.

use std::fmt;
use std::time::Duration;

use super::Challenge;

/// What a failed call means for the one who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// 429, or Entra's loop signal (50196) or tenant limit (90055) in any dress: wait `retry_after`, change nothing.
    Throttled,
    /// Microsoft's trouble, or an error that nobody knows: try later with backoff.
    Transient,
    /// The grant was refused.
    Rejected(Certainty),
    /// Our application or its credential was refused: open the app's breaker, touch no connection.
    AppLevel,
    /// Our enterprise application is absent or switched off in this tenant (700016, 7000229, 7000112, …). One tenant
    /// alone: it must consent again. Many tenants at once: our registration is gone, an incident.
    AppAbsent,
    /// The grant may live, but this one resource cannot be had in this tenant (500011, 500014, 650052, a wrong scope).
    ResourceRefused,
    /// Graph answered 401: the access token is over or wrong. Refresh once and try once more.
    AccessTokenRefused,
    /// Graph answered 401 with a claims challenge: refresh once with `claims`.
    ClaimsChallenge,
    /// Graph answered 403: a permission or a role is missing.
    Denied,
    /// Graph says that the identity is not known yet (up to a minute after consent): try again.
    NotReplicated,
    /// Graph answered 404: the object does not exist.
    NotFound,
    /// An answer that is not well-formed: wrong shape, cut off, too long, HTML, a redirect.
    Malformed,
    /// No connection was made, so nobody can have acted on the request.
    Unreachable,
    /// The request was sent and no status came back: Microsoft may or may not have acted on it.
    NoReply,
}

impl Meaning {
    /// The stable name, as stored and as a metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Rejected(Certainty::Definitive) => "rejected",
            Self::Rejected(Certainty::Ambiguous) => "rejected_ambiguous",
            Self::AppLevel => "app_level",
            Self::AppAbsent => "app_absent",
            Self::ResourceRefused => "resource_refused",
            Self::AccessTokenRefused => "access_token_refused",
            Self::ClaimsChallenge => "claims_challenge",
            Self::Denied => "denied",
            Self::NotReplicated => "not_replicated",
            Self::NotFound => "not_found",
            Self::Malformed => "malformed",
            Self::Unreachable => "unreachable",
            Self::NoReply => "no_reply",
        }
    }
}

/// How sure a refusal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// A person must act; asking again cannot help.
    Definitive,
    /// May pass by itself: confirm before anybody is called.
    Ambiguous,
}

/// A failed call with everything worth recording. Holds no secret: what we sent and any token in the answer is masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    pub meaning: Meaning,
    /// `error` of the answer; for Graph `error.code`.
    pub error: Option<String>,
    /// `suberror` of the answer, empty counts as missing.
    pub suberror: Option<String>,
    /// AADSTS numbers in the answer's order: `error_codes`, else those in the description.
    pub codes: Vec<u32>,
    /// `error_description` (Graph: `error.message`), else our own sentence about what went wrong.
    pub description: String,
    /// From the body, else from the response header.
    pub trace_id: Option<String>,
    /// As the answer's body gives it, which may differ from the one that we sent.
    pub correlation_id: Option<String>,
    /// As received, e.g. `2026-03-02 08:15:42Z`.
    pub timestamp: Option<String>,
    /// What to ask for on the next request.
    pub challenge: Option<Challenge>,
    /// From `Retry-After`, clamped to 1 s – 1 h.
    pub retry_after: Option<Duration>,
    /// Empty when no status line arrived.
    pub http_status: Option<u16>,
    /// The body as received, lossily decoded, at most 64 KiB, secrets masked.
    pub raw: String,
}

impl Failure {
    /// A failure that no answer describes.
    pub(super) fn own(meaning: Meaning, description: impl Into<String>) -> Self {
        Self {
            meaning,
            error: None,
            suberror: None,
            codes: Vec::new(),
            description: description.into(),
            trace_id: None,
            correlation_id: None,
            timestamp: None,
            challenge: None,
            retry_after: None,
            http_status: None,
            raw: String::new(),
        }
    }

    /// The number that names the cause: the last that is not a wrapper (70002; 50000 when another follows).
    pub fn code(&self) -> Option<u32> {
        let tells = |code: &&u32| !matches!(**code, 70_002 | 50_000);
        self.codes
            .iter()
            .rev()
            .find(tells)
            .or_else(|| self.codes.last())
            .copied()
    }

    /// What the end of a device code flow means for its page.
    pub fn device(&self) -> DeviceFailure {
        match self.error.as_deref() {
            Some("authorization_declined") => DeviceFailure::Declined,
            Some("expired_token" | "code_expired") => DeviceFailure::Expired,
            Some("bad_verification_code") => DeviceFailure::BadCode,
            Some("access_denied") if self.code() == Some(65_004) => DeviceFailure::Declined,
            _ if matches!(self.code(), Some(700_171 | 70_017)) => DeviceFailure::Declined,
            _ if matches!(self.code(), Some(70_019 | 70_020)) => DeviceFailure::Expired,
            Some("invalid_grant") if matches!(self.code(), Some(70_000 | 7_000_014)) => {
                DeviceFailure::BadCode
            }
            _ => match self.meaning {
                Meaning::Rejected(_) => DeviceFailure::Refused,
                Meaning::AppLevel | Meaning::AppAbsent | Meaning::ResourceRefused => {
                    DeviceFailure::Application
                }
                Meaning::Throttled => DeviceFailure::Throttled,
                _ => DeviceFailure::Trouble,
            },
        }
    }
}

/// Why a device code flow ended without tokens, for the onboarding page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceFailure {
    /// The person pressed cancel or refused consent: offer a new code.
    Declined,
    /// The code lapsed: offer a new code.
    Expired,
    /// The device code was not recognised or already redeemed: stop, offer a new code.
    BadCode,
    /// Policy or account state refused at redemption although the browser said that all is well: diagnose by code.
    Refused,
    /// Our application was refused: ours to repair.
    Application,
    /// Polled too fast: back off for minutes, then a new code.
    Throttled,
    /// Nothing was decided: the same device code may be polled again.
    Trouble,
}

impl fmt::Debug for Failure {
    /// Without the raw body and the description, which may name people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("meaning", &self.meaning)
            .field("error", &self.error)
            .field("suberror", &self.suberror)
            .field("codes", &self.codes)
            .field("http_status", &self.http_status)
            .field("trace_id", &self.trace_id)
            .field("retry_after", &self.retry_after)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.meaning.as_str())?;
        if let Some(error) = &self.error {
            write!(f, ": {error}")?;
        }
        if let Some(code) = self.code() {
            write!(f, " (AADSTS{code})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
