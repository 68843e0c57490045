//! Microsoft's signing keys: fetched, kept for 24 hours, fetched again for an unknown key at most once in 5 minutes.
//! Whether a token signed with one is acceptable is decided in `id_token`.

use jsonwebtoken::DecodingKey;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

use super::wire::text;
use super::{CallRecord, Entra, Exchange, Failure, Operation, TenantSegment};

const KEPT: Duration = Duration::hours(24);
const BETWEEN_FETCHES: Duration = Duration::minutes(5);

/// One RSA signing key.
#[derive(Clone)]
pub(super) struct SigningKey {
    kid: String,
    /// The issuer whose tokens it signs, with the literal `{tenantid}` or a tenant; absent in older key sets.
    pub issuer: Option<String>,
    pub key: DecodingKey,
}

/// The keys as last fetched.
#[derive(Default)]
pub(super) struct Keys {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    keys: Vec<SigningKey>,
    fetched_at: Option<OffsetDateTime>,
    tried_at: Option<OffsetDateTime>,
}

/// A looked-up key, the call if one was made, and its failure if it failed.
pub(super) struct Lookup {
    pub call: Option<CallRecord>,
    pub key: Result<Option<SigningKey>, Box<Failure>>,
}

impl Entra {
    /// The signing key named `kid`. Keys past their 24 hours serve on while they cannot be fetched anew.
    pub(super) async fn signing_key(&self, kid: &str) -> Lookup {
        let now = self.inner.clock.now();
        let mut known = self.inner.keys.known.lock().await;
        if !known.should_fetch(kid, now) {
            let key = Ok(known.find(kid));
            return Lookup { call: None, key };
        }
        known.tried_at = Some(now);
        let Exchange { call, outcome } = self.fetch_keys().await;
        let key = match outcome {
            Ok(keys) => {
                known.keys = keys;
                known.fetched_at = Some(now);
                Ok(known.find(kid))
            }
            Err(failure) => known.find(kid).map(Some).ok_or(failure),
        };
        let call = Some(call);
        Lookup { call, key }
    }

    async fn fetch_keys(&self) -> Exchange<Vec<SigningKey>> {
        let endpoints = &self.inner.endpoints;
        let url = endpoints.at(&TenantSegment::Organizations, "discovery/v2.0/keys");
        let http = &self.inner.http;
        http.get(Operation::Jwks, url, None)
            .await
            .read(&[], signing_keys)
    }
}

impl Known {
    fn find(&self, kid: &str) -> Option<SigningKey> {
        self.keys.iter().find(|key| key.kid == kid).cloned()
    }

    fn should_fetch(&self, kid: &str, now: OffsetDateTime) -> bool {
        let passed =
            |since: Option<OffsetDateTime>, wait| since.is_none_or(|since| now - since >= wait);
        if self.fetched_at.is_none() {
            return true;
        }
        let wanted = passed(self.fetched_at, KEPT) || self.find(kid).is_none();
        wanted && passed(self.tried_at, BETWEEN_FETCHES)
    }
}

/// The RSA signing keys of a key set; others are skipped, none at all is an error.
pub(super) fn signing_keys(fields: &Map<String, Value>) -> Result<Vec<SigningKey>, &'static str> {
    let keys = fields.get("keys").and_then(Value::as_array);
    let keys: Vec<_> = keys
        .ok_or("no keys")?
        .iter()
        .filter_map(Value::as_object)
        .filter(|key| text(key, "kty").as_deref() == Some("RSA"))
        .filter(|key| text(key, "use").is_none_or(|usage| usage == "sig"))
        .filter_map(|key| {
            Some(SigningKey {
                kid: text(key, "kid")?,
                issuer: text(key, "issuer"),
                key: DecodingKey::from_rsa_components(&text(key, "n")?, &text(key, "e")?).ok()?,
            })
        })
        .collect();
    (!keys.is_empty())
        .then_some(keys)
        .ok_or("no RSA signing key")
}

#[cfg(any(test, feature = "faults"))]
impl SigningKey {
    pub fn of(kid: &str, issuer: Option<String>, key: DecodingKey) -> Self {
        let kid = kid.to_owned();
        Self { kid, issuer, key }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn set(value: &Value) -> Result<Vec<SigningKey>, &'static str> {
        signing_keys(value.as_object().unwrap())
    }

    #[test]
    fn only_rsa_signing_keys_are_taken() {
        let keys = set(&json!({"keys":[
            {"kty":"RSA","use":"sig","kid":"a","n":"AQAB","e":"AQAB","issuer":"https://l/{tenantid}/v2.0"},
            {"kty":"RSA","use":"enc","kid":"b","n":"AQAB","e":"AQAB"},
            {"kty":"EC","kid":"c","x":"AQAB","y":"AQAB"},
            {"kty":"RSA","kid":"d","n":"not base64!","e":"AQAB"}, 7, {}]}))
        .unwrap();
        let names: Vec<_> = keys.iter().map(|key| key.kid.as_str()).collect();
        assert_eq!(names, ["a"]);
        assert!(set(&json!({"keys":[]})).is_err() && set(&json!({})).is_err());
    }

    #[test]
    fn keys_are_fetched_when_old_or_unknown_but_not_more_often_than_every_five_minutes() {
        let noon = datetime!(2026-03-02 12:00 UTC);
        let mut known = Known::default();
        assert!(known.should_fetch("a", noon));
        known.keys = set(&json!({"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]})).unwrap();
        (known.fetched_at, known.tried_at) = (Some(noon), Some(noon));
        assert!(!known.should_fetch("a", noon + Duration::hours(23)));
        assert!(known.should_fetch("a", noon + Duration::hours(24)));
        assert!(!known.should_fetch("b", noon + Duration::minutes(4)));
        assert!(known.should_fetch("b", noon + Duration::minutes(5)));
    }
}
