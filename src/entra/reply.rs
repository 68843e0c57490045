//! From a reply of the sign-in host to a value or a [`Failure`]: `error` is looked for before the status, since error
//! bodies have been seen with HTTP 200.

use serde_json::{Map, Value};

use super::http::{Call, Cut, Reply};
use super::wire::{EntraError, EntraTokens};
use super::{Exchange, Failure, Meaning, meaning, redact};

impl Call {
    /// The exchange, its answer read by `accept` when it is a whole JSON object with status 200 and without `error`.
    /// `secrets` are masked in what a failure keeps.
    pub fn read<T>(
        self,
        secrets: &[&str],
        accept: impl FnOnce(&Map<String, Value>) -> Result<T, &'static str>,
    ) -> Exchange<T> {
        let outcome = match &self.reply {
            Err(meaning) => Err(unanswered(*meaning)),
            Ok(reply) => match reply.object() {
                Some(fields) if reply.status == 200 && !fields.contains_key("error") => {
                    accept(&fields).map_err(|reason| reply.malformed(reason, secrets))
                }
                _ => Err(reply.failure(secrets)),
            },
        };
        Exchange {
            call: self.record,
            outcome,
        }
    }
}

/// The failure of a call that brought no status line.
pub(super) fn unanswered(meaning: Meaning) -> Failure {
    Failure::own(
        meaning,
        if meaning == Meaning::NoReply {
            "The request was sent, but no answer came in time."
        } else {
            "No connection to Microsoft could be made."
        },
    )
}

impl Reply {
    /// The body when it is whole and a JSON object.
    pub fn object(&self) -> Option<Map<String, Value>> {
        if self.cut.is_some() {
            return None;
        }
        serde_json::from_slice(&self.body).ok()
    }

    /// What a reply that holds no accepted answer means.
    pub fn failure(&self, secrets: &[&str]) -> Failure {
        match self.object().map(EntraError::try_from) {
            Some(Ok(error)) => self.refusal(error, secrets),
            _ => self.unreadable(secrets),
        }
    }

    /// A failure that Entra describes.
    pub fn refusal(&self, error: EntraError, secrets: &[&str]) -> Failure {
        Failure {
            codes: error.codes.clone(),
            trace_id: error.trace_id.clone().or_else(|| self.trace_id.clone()),
            suberror: error.suberror.clone(),
            description: redact::text(&error.description, secrets),
            correlation_id: error.correlation_id.clone(),
            timestamp: error.timestamp.clone(),
            claims: error.claims.clone(),
            ..self.framed(meaning::of(self.status, &error), String::new(), secrets)
        }
        .with_error(error.error)
    }

    /// A failure that only the status and the raw body describe.
    fn unreadable(&self, secrets: &[&str]) -> Failure {
        let what = match self.cut {
            Some(Cut::TooLong) => "longer than is read",
            Some(Cut::BrokenOff) => "broken off",
            None if self.body.is_empty() => "empty",
            None => "not in the agreed form",
        };
        let description = format!("The answer (HTTP {}) is {what}.", self.status);
        self.framed(meaning::of_status(self.status), description, secrets)
    }

    /// Why a reply of the token endpoint was not accepted as tokens.
    pub fn refused_tokens(&self, secrets: &[&str]) -> Failure {
        match self.object() {
            Some(fields) if self.status == 200 && !fields.contains_key("error") => {
                let reason = EntraTokens::try_from(fields).err();
                self.malformed(reason.unwrap_or("no tokens"), secrets)
            }
            _ => self.failure(secrets),
        }
    }

    /// A failure because something in an otherwise good answer is not acceptable.
    pub fn malformed(&self, reason: &str, secrets: &[&str]) -> Failure {
        let description = format!("The answer is not acceptable: {reason}.");
        self.framed(Meaning::Malformed, description, secrets)
    }

    /// What every failure with a reply keeps of it.
    pub fn framed(&self, meaning: Meaning, description: String, secrets: &[&str]) -> Failure {
        Failure {
            trace_id: self.trace_id.clone(),
            retry_after: self.retry_after,
            http_status: Some(self.status),
            raw: redact::body(&self.body, secrets),
            ..Failure::own(meaning, description)
        }
    }
}

impl Failure {
    pub(super) fn with_error(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }
}
