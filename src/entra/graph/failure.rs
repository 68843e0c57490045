//! From a Graph error to its meaning (Microsoft Graph, "error responses"; continuous access evaluation for challenges).

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use crate::entra::http::Reply;
use crate::entra::wire::{codes_in, short, text};
use crate::entra::{Failure, Meaning, redact};

pub(super) fn read(reply: &Reply, secrets: &[&str]) -> Failure {
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
    let claims = reply.challenge.as_deref().and_then(claims);
    let inner_code = short(inner, "code");
    let meaning = meaning(
        reply.status,
        code.as_deref(),
        inner_code.as_deref(),
        claims.is_some(),
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
        claims,
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

/// Base64 and base64url alike once `-_` are replaced; padding as it comes.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The decoded `claims` of a `WWW-Authenticate: Bearer … error="insufficient_claims", claims="…"` challenge.
fn claims(challenge: &str) -> Option<String> {
    let (before, tail) = challenge.split_once("claims=\"")?;
    if !before.contains("insufficient_claims") && !tail.contains("insufficient_claims") {
        return None;
    }
    let (encoded, _) = tail.split_once('"')?;
    let standard = encoded.trim().replace('-', "+").replace('_', "/");
    let decoded = String::from_utf8(LENIENT.decode(standard).ok()?).ok()?;
    serde_json::from_str::<Map<String, Value>>(&decoded).ok()?;
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

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

    #[test]
    fn a_challenge_is_read_in_every_base64() {
        let json = r#"{"access_token":{"nbf":{"essential":true,"value":"1760000000"}},"x":"??>>"}"#;
        for encoded in [
            STANDARD.encode(json),
            STANDARD_NO_PAD.encode(json),
            URL_SAFE.encode(json),
            URL_SAFE_NO_PAD.encode(json),
        ] {
            let header = format!(
                r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="{encoded}""#
            );
            assert_eq!(claims(&header).as_deref(), Some(json));
        }
        assert_eq!(
            claims(r#"Bearer realm="", client_id="00000003-0000-0000-c000-000000000000""#),
            None
        );
        assert_eq!(
            claims(r#"Bearer error="insufficient_claims", claims="not base64 {}""#),
            None
        );
    }

    proptest! {
        #[test]
        fn odd_challenges_never_panic(tail in "[ -~]{0,80}") {
            let _ = claims(&format!("Bearer error=\"insufficient_claims\", claims=\"{tail}"));
        }
    }
}
