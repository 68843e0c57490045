//! From a Graph error to its meaning (Microsoft Graph, "error responses"; continuous access evaluation for challenges).

use serde_json::Map;

use crate::entra::http::Reply;
use crate::entra::wire::{codes_in, short, text};
use crate::entra::{Challenge, Failure, Meaning, redact};

pub(in crate::entra) fn read(reply: &Reply, secrets: &[&str]) -> Failure {
    let body = reply.object();
    let error = body
        .as_ref()
        .and_then(|body| body.get("error")?.as_object());
    let empty = Map::new();
    let error = error.unwrap_or(&empty);
    let inner = ["innerError", "innererror"]
        .iter()
        .find_map(|name| error.get(*name)?.as_object())
        .unwrap_or(&empty);

    let code = short(error, "code");
    let message = text(error, "message").unwrap_or_default();
    let challenge = reply.challenge.as_deref().and_then(Challenge::read);
    let inner_code = short(inner, "code");
    let meaning = meaning(
        reply.status,
        code.as_deref(),
        inner_code.as_deref(),
        challenge.is_some(),
    );
    let mask = |text: String| redact::text(&text, secrets);
    let codes = codes_in(&message);
    let framed = reply.framed(meaning, &message, secrets);
    Failure {
        error: code.map(mask),
        suberror: inner_code.map(mask),
        codes,
        trace_id: short(inner, "request-id").map(mask).or(framed.trace_id),
        correlation_id: short(inner, "client-request-id").map(mask),
        timestamp: short(inner, "date").map(mask),
        challenge,
        ..framed
    }
}

fn meaning(status: u16, code: Option<&str>, inner: Option<&str>, challenged: bool) -> Meaning {
    let throttled = status == 429
        || matches!(code, Some("TooManyRequests"))
        || matches!(inner, Some("throttledRequest"));
    match (status, code) {
        _ if throttled => Meaning::Throttled,
        (408 | 425 | 500.., _) => Meaning::Transient,
        (401 | 403, Some("Authorization_IdentityNotFound")) => Meaning::NotReplicated,
        (401, _) if challenged => Meaning::ClaimsChallenge,
        (401, _) => Meaning::AccessTokenRefused,
        (403, _) => Meaning::Denied,
        (404, _) => Meaning::NotFound,
        // A request that Graph does not take is our fault with this one thing, not the tenant's.
        (400..=499, Some(_)) => Meaning::ResourceRefused,
        _ => Meaning::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_answer_has_its_meaning() {
        for (status, code, inner, challenged, expected) in [
            (
                401,
                Some("InvalidAuthenticationToken"),
                None,
                false,
                Meaning::AccessTokenRefused,
            ),
            (
                401,
                Some("InvalidAuthenticationToken"),
                None,
                true,
                Meaning::ClaimsChallenge,
            ),
            (
                401,
                Some("Authorization_IdentityNotFound"),
                None,
                false,
                Meaning::NotReplicated,
            ),
            (
                403,
                Some("Authorization_IdentityNotFound"),
                None,
                false,
                Meaning::NotReplicated,
            ),
            (
                403,
                Some("Authorization_RequestDenied"),
                None,
                false,
                Meaning::Denied,
            ),
            (403, None, None, false, Meaning::Denied),
            (
                404,
                Some("Request_ResourceNotFound"),
                None,
                false,
                Meaning::NotFound,
            ),
            (429, Some("UnknownError"), None, false, Meaning::Throttled),
            (
                403,
                Some("accessDenied"),
                Some("throttledRequest"),
                false,
                Meaning::Throttled,
            ),
            (503, None, None, false, Meaning::Transient),
            (
                400,
                Some("Request_UnsupportedQuery"),
                None,
                false,
                Meaning::ResourceRefused,
            ),
            (400, None, None, false, Meaning::Malformed),
            (302, None, None, false, Meaning::Malformed),
        ] {
            assert_eq!(
                meaning(status, code, inner, challenged),
                expected,
                "{status} {code:?} {inner:?}"
            );
        }
    }
}
