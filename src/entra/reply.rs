//! From a reply of the sign-in host to a value or a [`Failure`]: `error` is looked for before the status, since error
//! bodies have been seen with HTTP 200.

use serde_json::{Map, Value};

use super::http::{Call, Reply};
use super::wire::{EntraError, EntraTokens};
use super::{Challenge, Exchange, Failure, Meaning, meaning, redact};
use crate::outbound::Cut;

impl Call {
    /// The exchange, its answer read by `accept` when it is a whole JSON object with status 200 and without `error`.
    /// `secrets` are masked in what a failure keeps.
    pub fn read<T>(
        self,
        secrets: &[&str],
        accept: impl FnOnce(&Map<String, Value>) -> Result<T, &'static str>,
    ) -> Exchange<T> {
        let outcome = match &self.reply {
            Err(meaning) => Err(unanswered(*meaning).into()),
            Ok(reply) => match reply.object() {
                Some(fields) if reply.status == 200 && !fields.contains_key("error") => {
                    accept(&fields).map_err(|reason| reply.malformed(reason, secrets).into())
                }
                _ => Err(reply.failure(secrets).into()),
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
        let meaning = meaning::of(self.status, &error);
        let mask = |text: String| redact::text(&text, secrets);
        let framed = self.framed(meaning, &error.description, secrets);
        Failure {
            error: Some(mask(error.error)),
            suberror: error.suberror.map(mask),
            codes: error.codes,
            trace_id: error.trace_id.map(mask).or(framed.trace_id),
            correlation_id: error.correlation_id.map(mask),
            timestamp: error.timestamp.map(mask),
            challenge: error
                .claims
                .and_then(|claims| Challenge::from_json(&mask(claims))),
            ..framed
        }
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
        self.framed(meaning::of_status(self.status), &description, secrets)
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
        self.framed(Meaning::Malformed, &description, secrets)
    }

    /// What every failure with a reply keeps of it.
    pub fn framed(&self, meaning: Meaning, description: &str, secrets: &[&str]) -> Failure {
        let description = redact::text(description, secrets);
        Failure {
            trace_id: self.trace_id.clone(),
            retry_after: self.retry_after,
            http_status: Some(self.status),
            raw: redact::body(&self.body, secrets),
            ..Failure::own(meaning, description)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(status: u16, body: Vec<u8>) -> Reply {
        Reply {
            status,
            trace_id: None,
            ests_server: None,
            retry_after: None,
            challenge: None,
            body,
            cut: None,
        }
    }

    #[test]
    fn the_trace_id_of_the_body_wins_over_the_header() {
        let mut reply = reply(
            400,
            br#"{"error":"invalid_grant","trace_id":"body"}"#.into(),
        );
        reply.trace_id = Some("header".into());
        assert_eq!(reply.failure(&[]).trace_id.as_deref(), Some("body"));
        reply.body = br#"{"error":"invalid_grant"}"#.into();
        assert_eq!(reply.failure(&[]).trace_id.as_deref(), Some("header"));
    }

    proptest! {
        #[test]
        fn any_reply_becomes_a_failure_that_holds_no_token(
            status in 100_u16..600,
            noise: Vec<u8>,
            token in "[A-Za-z0-9._-]{24,60}",
            field in "access_token|refresh_token|id_token|device_code|other",
            cut in any::<proptest::sample::Index>(),
        ) {
            let mut body = format!(r#"{{"{field}":"{token}","error":"x {token}"}}"#).into_bytes();
            body.extend(noise);
            body.truncate(cut.index(body.len() + 1));
            let reply = reply(status, body);
            for failure in [reply.failure(&[&token]), reply.refused_tokens(&[&token])] {
                let shown = format!("{}{failure:?}{failure}{}", failure.raw, failure.description);
                prop_assert!(!shown.contains(&token[..8]), "{}", shown);
            }
        }
    }
}
