//! Verifying an `id_token`: signature, issuer, audience, times, nonce (OpenID Connect Core sections 3.1.3.7 and 3.1.3.6).
//! Pure; the keys are found by the caller, and whether the person may come in is decided in `domain::sign_on`.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::key_set::{Family, SigningKey};
use super::strict;

/// Clock difference that is forgiven.
pub const LEEWAY: Duration = Duration::seconds(300);
/// Longest token that is read, bytes.
const LONGEST: usize = 16 * 1024;
/// Header fields that would have us take a key from the token itself, or that we would have to understand (RFC 7515
/// section 4.1): none of them belongs into an `id_token` for us.
const FORBIDDEN: [&str; 9] = [
    "crit", "jwk", "jku", "x5u", "x5c", "b64", "zip", "enc", "cty",
];

/// What the token must say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expect<'a> {
    /// Our application: `aud`.
    pub client_id: &'a str,
    /// The provider, or with the literal `{tenantid}` any of Microsoft's tenants.
    pub issuer: &'a str,
    /// Of the authorize request.
    pub nonce: &'a str,
    /// When that request was made; what was issued before answers another.
    pub begun_at: OffsetDateTime,
    pub now: OffsetDateTime,
    /// That came along with the token, for `at_hash`.
    pub access_token: &'a str,
}

/// Why a token says nothing about who signed in, or the wrong thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    #[error("the id_token is not well-formed: {0}")]
    Malformed(&'static str),
    #[error("the id_token is signed by a method that is not accepted")]
    Algorithm,
    #[error("the id_token is signed with a key that the provider does not publish")]
    UnknownKey,
    #[error("the signature of the id_token is wrong")]
    Signature,
    #[error("the id_token is from another issuer")]
    Issuer,
    #[error("the id_token is for another application")]
    Audience,
    /// Either the clocks differ or it is an old one.
    #[error("the id_token has expired or was issued before it was asked for")]
    Expired,
    #[error("the id_token is not valid yet")]
    NotYetValid,
    #[error("the id_token answers another request")]
    Nonce,
    #[error("the id_token belongs to another access token")]
    AccessToken,
}

/// The protected header, as far as it decides anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub algorithm: Algorithm,
    pub kid: Option<String>,
}

/// Read the header, before any signature is looked at; `accepted` are the provider's algorithms among ours.
pub(super) fn header(token: &str, accepted: &[Algorithm]) -> Result<Header, IdTokenError> {
    let [header, ..] = parts(token)?;
    let fields = part(header).ok_or(IdTokenError::Malformed("header"))?;
    if FORBIDDEN.iter().any(|name| fields.contains_key(*name)) {
        return Err(IdTokenError::Malformed("header field"));
    }
    // Other kinds of tokens that the same key signs (RFC 8725 section 3.11).
    let typ = fields.get("typ").map(|typ| typ.as_str().unwrap_or("odd"));
    if typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(IdTokenError::Malformed("typ"));
    }
    let algorithm = fields
        .get("alg")
        .and_then(Value::as_str)
        .and_then(|name| name.parse().ok())
        .filter(|algorithm| Family::of(*algorithm).is_some() && accepted.contains(algorithm))
        .ok_or(IdTokenError::Algorithm)?;
    let kid = match fields.get("kid") {
        None => None,
        Some(Value::String(kid)) if (1..=256).contains(&kid.len()) => Some(kid.clone()),
        Some(_) => return Err(IdTokenError::Malformed("kid")),
    };
    Ok(Header { algorithm, kid })
}

/// Verify everything that every provider's token must fulfil; gives the claims.
pub(super) fn verify(
    token: &str,
    header: &Header,
    key: &SigningKey,
    expect: Expect<'_>,
) -> Result<Map<String, Value>, IdTokenError> {
    let [_, payload, signature] = parts(token)?;
    let signed = token
        .rsplit_once('.')
        .map(|(signed, _)| signed)
        .unwrap_or_default();
    let genuine =
        jsonwebtoken::crypto::verify(signature, signed.as_bytes(), &key.key, header.algorithm);
    if !genuine.unwrap_or(false) {
        return Err(IdTokenError::Signature);
    }
    let claims = part(payload).ok_or(IdTokenError::Malformed("claims"))?;
    check_issuer(&claims, key, expect.issuer)?;
    check_audience(&claims, expect.client_id)?;
    check_times(&claims, expect)?;
    if text(&claims, "nonce") != Some(expect.nonce) {
        return Err(IdTokenError::Nonce);
    }
    check_access_token(&claims, expect.access_token)?;
    Ok(claims)
}

fn parts(token: &str) -> Result<[&str; 3], IdTokenError> {
    if token.len() > LONGEST {
        return Err(IdTokenError::Malformed("size"));
    }
    let mut parts = token.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header), Some(payload), Some(signature), None) => Ok([header, payload, signature]),
        _ => Err(IdTokenError::Malformed("parts")),
    }
}

fn part(encoded: &str) -> Option<Map<String, Value>> {
    strict::object(&URL_SAFE_NO_PAD.decode(encoded).ok()?)
}

/// The pinned issuer, in Microsoft's template with the tenant that the token names; and the one the key belongs to.
fn check_issuer(
    claims: &Map<String, Value>,
    key: &SigningKey,
    expected: &str,
) -> Result<(), IdTokenError> {
    let in_tenant =
        |template: &str| template.replace("{tenantid}", text(claims, "tid").unwrap_or_default());
    let issuer = text(claims, "iss").ok_or(IdTokenError::Malformed("iss"))?;
    let of_key = key.issuer.as_deref().map(in_tenant);
    if issuer == in_tenant(expected) && of_key.is_none_or(|of_key| of_key == issuer) {
        Ok(())
    } else {
        Err(IdTokenError::Issuer)
    }
}

/// For us, and for nobody else besides: we trust no other audience.
fn check_audience(claims: &Map<String, Value>, client_id: &str) -> Result<(), IdTokenError> {
    let for_us = match claims.get("aud") {
        Some(Value::String(audience)) => audience == client_id,
        Some(Value::Array(audiences)) => {
            !audiences.is_empty() && audiences.iter().all(|audience| audience == client_id)
        }
        _ => return Err(IdTokenError::Malformed("aud")),
    };
    let presented_by_us = claims.get("azp").is_none_or(|party| party == client_id);
    if for_us && presented_by_us {
        Ok(())
    } else {
        Err(IdTokenError::Audience)
    }
}

fn check_times(claims: &Map<String, Value>, expect: Expect<'_>) -> Result<(), IdTokenError> {
    let expires = instant(claims, "exp").ok_or(IdTokenError::Malformed("exp"))?;
    let issued = instant(claims, "iat").ok_or(IdTokenError::Malformed("iat"))?;
    if expect.now - expires > LEEWAY || expect.begun_at - issued > LEEWAY {
        return Err(IdTokenError::Expired);
    }
    let valid_from = match claims.get("nbf") {
        None => issued,
        Some(_) => instant(claims, "nbf").ok_or(IdTokenError::Malformed("nbf"))?,
    };
    if valid_from.max(issued) - expect.now > LEEWAY {
        return Err(IdTokenError::NotYetValid);
    }
    Ok(())
}

/// `at_hash` when there is one: the left half of the access token's SHA-256, which all three algorithms share.
fn check_access_token(claims: &Map<String, Value>, access_token: &str) -> Result<(), IdTokenError> {
    let Some(claimed) = claims.get("at_hash") else {
        return Ok(());
    };
    let hash = digest::digest(&digest::SHA256, access_token.as_bytes());
    let half = hash.as_ref().get(..16).unwrap_or_default();
    if *claimed == URL_SAFE_NO_PAD.encode(half) {
        Ok(())
    } else {
        Err(IdTokenError::AccessToken)
    }
}

/// A claim that is a text and not empty.
pub(super) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// Seconds since 1970, some providers' with a fraction.
pub(super) fn instant(claims: &Map<String, Value>, name: &str) -> Option<OffsetDateTime> {
    let number = claims.get(name)?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number out of range saturates, and is then no instant"
    )]
    let seconds = number
        .as_i64()
        .or_else(|| number.as_f64().map(|seconds| seconds.floor() as i64))?;
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

    fn with(header: &str) -> String {
        format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn a_header_decides_by_method_and_key_alone() {
        let read = header(
            &with(r#"{"alg":"ES256","kid":"a","typ":"JWT","x5t":"x"}"#),
            &OURS,
        );
        let expected = Header {
            algorithm: Algorithm::ES256,
            kid: Some("a".into()),
        };
        assert_eq!(read, Ok(expected));
        assert!(header(&with(r#"{"alg":"RS256"}"#), &OURS).is_ok());
        let refused = header(&with(r#"{"alg":"RS256"}"#), &[Algorithm::ES256]);
        assert_eq!(refused, Err(IdTokenError::Algorithm));
    }

    #[test]
    fn methods_keys_and_kinds_that_are_not_ours_are_refused() {
        for alg in [
            "none", "None", "HS256", "HS512", "RS512", "EdDSA", "", "rs256",
        ] {
            let refused = header(&with(&format!(r#"{{"alg":"{alg}"}}"#)), &OURS);
            assert_eq!(refused, Err(IdTokenError::Algorithm), "{alg}");
        }
        for field in [
            r#""crit":["exp"]"#,
            r#""jwk":{}"#,
            r#""jku":"https://evil.example/""#,
            r#""x5u":"https://evil.example/""#,
            r#""x5c":[]"#,
            r#""b64":false"#,
            r#""zip":"DEF""#,
            r#""typ":"at+jwt""#,
            r#""typ":7"#,
            r#""kid":7"#,
            r#""kid":"""#,
            r#""alg":"RS256""#,
        ] {
            let refused = header(&with(&format!(r#"{{"alg":"RS256",{field}}}"#)), &OURS);
            assert!(
                matches!(refused, Err(IdTokenError::Malformed(_))),
                "{field}"
            );
        }
        for token in ["", "a", "a.b", "a.b.c.d", "....", &"a".repeat(LONGEST + 1)] {
            assert!(header(token, &OURS).is_err(), "{token}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(token: String, json: String) {
            let _ = header(&token, &OURS);
            let _ = header(&with(&json), &OURS);
        }
    }
}
