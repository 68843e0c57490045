//! Entra's two JSON answers of the token endpoint as the `oauth2` crate sees them: tokens and error. Side fields of an
//! odd type count as absent; only what an answer cannot do without makes it unreadable.

use std::fmt;
use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, ErrorResponse, RefreshToken, Scope, TokenResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest token that is accepted, bytes.
const LONGEST_TOKEN: usize = 16 * 1024;
/// Longest life that is believed, seconds (two days).
const LONGEST_LIFE: u64 = 172_800;

/// An error of the token or device code endpoint (RFC 6749 section 5.2 with Microsoft's fields).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Map<String, Value>")]
pub(super) struct EntraError {
    pub error: String,
    pub description: String,
    pub suberror: Option<String>,
    pub codes: Vec<u32>,
    pub trace_id: Option<String>,
    pub correlation_id: Option<String>,
    pub timestamp: Option<String>,
    pub claims: Option<String>,
}

impl TryFrom<Map<String, Value>> for EntraError {
    type Error = &'static str;

    fn try_from(fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let description = text(&fields, "error_description").unwrap_or_default();
        let mut codes: Vec<u32> = fields
            .get("error_codes")
            .and_then(Value::as_array)
            .map(|codes| codes.iter().filter_map(number).collect())
            .unwrap_or_default();
        if codes.is_empty() {
            codes = codes_in(&description);
        }
        Ok(Self {
            error: short(&fields, "error").ok_or("no error field")?,
            description,
            suberror: short(&fields, "suberror"),
            codes,
            trace_id: short(&fields, "trace_id"),
            correlation_id: short(&fields, "correlation_id"),
            timestamp: short(&fields, "timestamp"),
            claims: text(&fields, "claims"),
        })
    }
}

impl fmt::Display for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error)
    }
}

impl ErrorResponse for EntraError {}

/// AADSTS numbers of a message in order, each of 4 to 8 digits.
pub(super) fn codes_in(message: &str) -> Vec<u32> {
    message
        .split("AADSTS")
        .skip(1)
        .filter_map(|tail| {
            let digits = tail
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(tail.len());
            tail.get(..digits)
                .filter(|digits| (4..=8).contains(&digits.len()))?
                .parse()
                .ok()
        })
        .collect()
}

/// An answer with tokens, accepted or refused as a whole while it is read.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "Map<String, Value>")]
pub(super) struct EntraTokens {
    access_token: AccessToken,
    token_type: BasicTokenType,
    refresh_token: Option<RefreshToken>,
    #[serde(skip_serializing)]
    pub id_token: Option<SecretString>,
    expires_in: Option<Duration>,
    pub refresh_in: Option<Duration>,
    scopes: Option<Vec<Scope>>,
    #[serde(skip_serializing)]
    pub client_info: Option<String>,
}

impl TryFrom<Map<String, Value>> for EntraTokens {
    type Error = &'static str;

    /// Accept what is well-formed: type Bearer, tokens printable and at most 16 KiB.
    fn try_from(fields: Map<String, Value>) -> Result<Self, Self::Error> {
        if fields.contains_key("error") {
            return Err("an error field beside the tokens");
        }
        if !text(&fields, "token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer")) {
            return Err("token_type is not Bearer");
        }
        Ok(Self {
            access_token: token(&fields, "access_token")?
                .map(AccessToken::new)
                .ok_or("no access_token")?,
            token_type: BasicTokenType::Bearer,
            refresh_token: token(&fields, "refresh_token")?.map(RefreshToken::new),
            id_token: token(&fields, "id_token")
                .ok()
                .flatten()
                .map(SecretString::from),
            expires_in: seconds(&fields, "expires_in", 1..=LONGEST_LIFE),
            refresh_in: seconds(&fields, "refresh_in", 1..=LONGEST_LIFE),
            scopes: text(&fields, "scope").map(|scopes| {
                scopes
                    .split_whitespace()
                    .map(|scope| Scope::new(scope.into()))
                    .collect()
            }),
            client_info: token(&fields, "client_info").ok().flatten(),
        })
    }
}

impl fmt::Debug for EntraTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraTokens")
            .field("expires_in", &self.expires_in)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl TokenResponse for EntraTokens {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }
    fn expires_in(&self) -> Option<Duration> {
        self.expires_in
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        self.scopes.as_ref()
    }
}

/// A text field; absent, of another type and empty are the same.
pub(super) fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields
        .get(name)?
        .as_str()
        .filter(|value| !value.is_empty())
        .map(str::to_owned)
}

/// A text field of an identifier's length; longer counts as absent.
pub(super) fn short(fields: &Map<String, Value>, name: &str) -> Option<String> {
    text(fields, name).filter(|value| value.len() <= 256)
}

/// A token field: absent or null, or printable ASCII without spaces of 1 byte to 16 KiB, or else an error.
pub(super) fn token(
    fields: &Map<String, Value>,
    name: &str,
) -> Result<Option<String>, &'static str> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(token))
            if (1..=LONGEST_TOKEN).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(Some(token.clone()))
        }
        Some(_) => Err("a token that is empty, too long, not printable or not a text"),
    }
}

/// Seconds within `range`, as number or as digits; anything else counts as absent.
pub(super) fn seconds(
    fields: &Map<String, Value>,
    name: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Option<Duration> {
    let value = match fields.get(name)? {
        Value::Number(number) => number.as_u64()?,
        Value::String(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()?
        }
        _ => return None,
    };
    range.contains(&value).then(|| Duration::from_secs(value))
}

fn number(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use oauth2::TokenResponse;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn tokens(value: Value) -> Result<EntraTokens, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_answer_is_accepted() {
        let read = tokens(json!({"token_type":"bearer","scope":"openid User.Read","expires_in":"4567",
            "ext_expires_in":4567,"refresh_in":2283,"access_token":"at","refresh_token":"1.A!","id_token":"e.e.e"}))
        .unwrap();
        assert_eq!(read.expires_in(), Some(Duration::from_secs(4567)));
        assert_eq!(read.refresh_in, Some(Duration::from_secs(2283)));
        assert_eq!(read.refresh_token().unwrap().secret(), "1.A!");
        assert_eq!(read.scopes().unwrap().len(), 2);
    }

    #[test]
    fn an_odd_side_field_costs_only_itself() {
        for odd in [
            json!(0),
            json!(-1),
            json!(172_801),
            json!("soon"),
            json!(null),
            json!(3.5),
            json!([1]),
        ] {
            let read = tokens(
                json!({"token_type":"Bearer","access_token":"at","refresh_token":"rt",
                "expires_in":odd,"refresh_in":odd,"scope":7,"id_token":{}}),
            )
            .unwrap();
            assert_eq!((read.expires_in(), read.refresh_in), (None, None));
            assert_eq!(read.refresh_token().unwrap().secret(), "rt");
            assert!(read.id_token.is_none() && read.scopes().is_none());
        }
    }

    #[test]
    fn what_an_answer_cannot_do_without_is_demanded() {
        let whole =
            json!({"token_type":"Bearer","access_token":"at","refresh_token":"rt","expires_in":1});
        for (field, bad) in [
            ("token_type", json!("pop")),
            ("token_type", json!(null)),
            ("access_token", json!("")),
            ("access_token", json!(null)),
            ("access_token", json!("two words")),
            ("access_token", json!("x".repeat(LONGEST_TOKEN + 1))),
            ("refresh_token", json!("")),
            ("refresh_token", json!("line\nbreak")),
            ("refresh_token", json!(5)),
            ("error", json!("invalid_grant")),
        ] {
            let mut answer = whole.clone();
            answer[field] = bad.clone();
            assert!(tokens(answer).is_err(), "{field} = {bad}");
        }
        assert!(tokens(json!([whole])).is_err());
    }

    #[test]
    fn codes_come_from_the_list_else_from_the_message() {
        let read = |value: Value| serde_json::from_value::<EntraError>(value).unwrap().codes;
        assert_eq!(
            read(json!({"error":"e","error_codes":[70002,"50012",null,-1]})),
            [70_002, 50_012]
        );
        assert_eq!(
            read(json!({"error":"e","error_description":
                "AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret. AADSTS123456789 AADSTS1"})),
            [70_002, 50_012]
        );
    }

    #[test]
    fn an_error_needs_its_error_field_as_text() {
        for bad in [
            json!({}),
            json!({"error":""}),
            json!({"error":{"code":"x"}}),
            json!("invalid_grant"),
        ] {
            assert!(serde_json::from_value::<EntraError>(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_read_without_panic_and_debug_is_silent(bytes: Vec<u8>, secret in "[a-z]{12}") {
            let _ = serde_json::from_slice::<EntraError>(&bytes);
            let _ = serde_json::from_slice::<EntraTokens>(&bytes);
            let read = tokens(json!({"token_type":"Bearer","access_token":secret,"refresh_token":secret,"id_token":secret})).unwrap();
            let shown = format!("{read:?}");
            prop_assert!(!shown.contains(&secret));
        }
    }
}
