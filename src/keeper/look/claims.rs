//! A token taken apart for people: header and claims, never the signature, so that nothing of it can be used; and values
//! masked that tell people nothing but could tell machines something. Pure, unverified: it is the resource's to verify.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::keeper::message::look::Parts;

/// Claims shown as they are; all others are masked. Microsoft, "access token claims reference".
const SHOWN: [&str; 34] = [
    "acct",
    "acr",
    "acrs",
    "alg",
    "amr",
    "app_displayname",
    "appid",
    "appidacr",
    "aud",
    "auth_time",
    "azp",
    "azpacr",
    "exp",
    "family_name",
    "given_name",
    "iat",
    "idp",
    "idtyp",
    "iss",
    "kid",
    "name",
    "nbf",
    "oid",
    "preferred_username",
    "roles",
    "scp",
    "tenant_region_scope",
    "tid",
    "typ",
    "unique_name",
    "upn",
    "ver",
    "wids",
    "xms_cc",
];
/// Characters of a masked value that stay.
const STAYS: usize = 3;

/// Header and claims; none when the token is no JWT.
pub(super) fn read(token: &SecretString) -> Option<Parts> {
    let mut parts = token.expose_secret().split('.');
    let (header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some(Parts {
        header: masked(object(header)?),
        claims: masked(object(claims)?),
    })
}

fn object(encoded: &str) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

fn masked(fields: Map<String, Value>) -> Map<String, Value> {
    fields
        .into_iter()
        .map(|(name, value)| {
            let value = if SHOWN.contains(&name.as_str()) {
                value
            } else {
                hidden(&value)
            };
            (name, value)
        })
        .collect()
}

/// The first characters of a long text; numbers, truth values and short words tell nothing and stay.
fn hidden(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > STAYS => {
            let first: String = text.chars().take(STAYS).collect();
            Value::String(format!("{first}…"))
        }
        Value::Array(_) | Value::Object(_) => Value::String("…".to_owned()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value) -> SecretString {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmF0dXJl", part(header), part(claims)).into()
    }

    #[test]
    fn people_read_who_for_whom_and_how_long() {
        let claims = json!({"aud": "https://graph.microsoft.com", "upn": "ada@contoso.example", "exp": 1_790_000_000,
            "scp": "User.Read", "amr": ["pwd", "mfa"], "uti": "aBcDeFgH1234", "aio": "E2NgYPj…", "xms_st": {"sub": "x"}});
        let parts = read(&token(
            &json!({"alg": "RS256", "nonce": "n-0S6_WzA2Mj"}),
            &claims,
        ))
        .unwrap();
        assert_eq!(parts.claims["upn"], "ada@contoso.example");
        assert_eq!(parts.claims["amr"], json!(["pwd", "mfa"]));
        assert_eq!(parts.claims["uti"], "aBc…");
        assert_eq!(parts.claims["xms_st"], "…");
        assert_eq!(parts.header["nonce"], "n-0…");
        assert_eq!(parts.header["alg"], "RS256");
    }

    #[test]
    fn nothing_of_the_signature_is_told() {
        let parts = read(&token(&json!({}), &json!({"aud": "x"}))).unwrap();
        assert!(!format!("{parts:?}").contains("c2lnbmF0dXJl"));
    }

    #[test]
    fn an_opaque_token_says_nothing() {
        for opaque in [
            "",
            "opaque",
            "a.b",
            "e30.e30",
            "e30.e30.x.y",
            "e30.W10.x",
            "%.%.%",
        ] {
            assert_eq!(read(&opaque.into()), None, "{opaque}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[a-zA-Z0-9_.=-]{0,200}") {
            let _ = read(&text.into());
        }
    }
}
