//! Claims that a token must carry: our standing announcement that we handle challenges, and what a challenge asks for
//! (continuous access evaluation; Microsoft, "Claims challenges, claims requests, and client capabilities").

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value, json};

/// Longest challenge that is read, bytes, encoded.
const LONGEST: usize = 8 * 1024;

/// Base64 and base64url alike once `-_` are replaced; padding as it comes.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a resource asks for before it accepts a token of ours again: a JSON object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge(Map<String, Value>);

impl Challenge {
    /// From the value of a `WWW-Authenticate` header (`Bearer … error="insufficient_claims", claims="…"`), or from the
    /// encoded claims alone.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let Some((before, tail)) = text.split_once("claims=\"") else {
            return Self::decode(text);
        };
        if !before.contains("insufficient_claims") && !tail.contains("insufficient_claims") {
            return None;
        }
        let (encoded, _) = tail.split_once('"')?;
        Self::decode(encoded)
    }

    /// From the JSON text as a failure keeps it.
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    fn decode(encoded: &str) -> Option<Self> {
        let standard = encoded.trim().replace('-', "+").replace('_', "/");
        let decoded = String::from_utf8(LENIENT.decode(standard).ok()?).ok()?;
        Self::from_json(&decoded)
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }
}

/// The `claims` parameter of a token request: capability `cp1`, and what a challenge asked for. With `cp1` access tokens
/// live for 20 to 28 hours, and may be refused at any time before.
pub(super) fn requested(challenge: Option<&Challenge>) -> String {
    let mut claims = challenge.map(|asked| asked.0.clone()).unwrap_or_default();
    let access_token = claims.entry("access_token").or_insert_with(|| json!({}));
    if !access_token.is_object() {
        *access_token = json!({});
    }
    if let Some(asked) = access_token.as_object_mut() {
        asked.insert("xms_cc".to_owned(), json!({"values": ["cp1"]}));
    }
    Value::Object(claims).to_string()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    const ASKED: &str =
        r#"{"access_token":{"nbf":{"essential":true,"value":"1760000000"}},"x":"??>>"}"#;

    #[test]
    fn a_challenge_is_read_in_every_base64_from_a_header_and_alone() {
        for encoded in [
            STANDARD.encode(ASKED),
            STANDARD_NO_PAD.encode(ASKED),
            URL_SAFE.encode(ASKED),
            URL_SAFE_NO_PAD.encode(ASKED),
        ] {
            let header = format!(
                r#"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", error="insufficient_claims", claims="{encoded}""#
            );
            assert_eq!(Challenge::read(&header).unwrap().to_json(), ASKED);
            assert_eq!(Challenge::read(&encoded).unwrap().to_json(), ASKED);
        }
    }

    #[test]
    fn another_401_is_no_challenge() {
        for header in [
            r#"Bearer realm="", client_id="00000003-0000-0000-c000-000000000000""#,
            r#"Bearer error="insufficient_claims", claims="not base64 {}""#,
            r#"Bearer error="invalid_token", claims="e30=""#,
            "",
            "W10=",
        ] {
            assert_eq!(Challenge::read(header), None, "{header}");
        }
        assert_eq!(Challenge::read(&STANDARD.encode("x".repeat(9000))), None);
    }

    #[test]
    fn what_is_asked_and_what_we_can_do_go_together() {
        assert_eq!(
            requested(None),
            r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#
        );
        assert_eq!(
            requested(Challenge::from_json(ASKED).as_ref()),
            r#"{"access_token":{"nbf":{"essential":true,"value":"1760000000"},"xms_cc":{"values":["cp1"]}},"x":"??>>"}"#
        );
        let odd = Challenge::from_json(r#"{"access_token":7}"#);
        assert_eq!(requested(odd.as_ref()), requested(None));
    }

    proptest! {
        #[test]
        fn odd_challenges_never_panic(tail in "[ -~]{0,80}") {
            let _ = Challenge::read(&format!("Bearer error=\"insufficient_claims\", claims=\"{tail}"));
            let _ = Challenge::read(&tail);
        }
    }
}
