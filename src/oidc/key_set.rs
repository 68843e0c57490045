//! A provider's signing keys: reading a key set (RFC 7517) and when to fetch it again. Fetching is the callers', of which
//! Microsoft's own client (`entra::keys`) is one.

use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

const KEPT: Duration = Duration::hours(24);
const BETWEEN_FETCHES: Duration = Duration::minutes(5);

/// A key set has as many keys as are in use and coming; more are not read.
const MOST_KEYS: usize = 100;

/// What kind of key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Rsa,
    P256,
}

/// One signing key.
#[derive(Clone)]
pub struct SigningKey {
    kid: Option<String>,
    family: Family,
    /// The one algorithm it is for, when the provider says so.
    algorithm: Option<Algorithm>,
    /// The issuer whose tokens it signs, with the literal `{tenantid}` or a tenant: Microsoft's addition.
    pub issuer: Option<String>,
    pub key: DecodingKey,
}

/// The keys as last fetched.
#[derive(Default)]
pub struct KeySet {
    keys: Vec<SigningKey>,
    fetched_at: Option<OffsetDateTime>,
    tried_at: Option<OffsetDateTime>,
}

impl Family {
    /// The family whose keys sign by this algorithm; none for those that are not accepted.
    pub const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::RS256 | Algorithm::PS256 => Some(Self::Rsa),
            Algorithm::ES256 => Some(Self::P256),
            _ => None,
        }
    }
}

impl SigningKey {
    fn serves(&self, algorithm: Algorithm) -> bool {
        Family::of(algorithm) == Some(self.family)
            && self.algorithm.is_none_or(|only| only == algorithm)
    }

    /// A key as if read.
    #[cfg(any(test, feature = "faults"))]
    pub fn of(kid: &str, issuer: Option<String>, key: DecodingKey) -> Self {
        Self {
            kid: Some(kid.to_owned()),
            family: Family::Rsa,
            algorithm: None,
            issuer,
            key,
        }
    }
}

impl KeySet {
    /// The key of this name for this algorithm. A token that names no key finds one only where there is no choice.
    pub fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<SigningKey> {
        let mut fitting = self.keys.iter().filter(|key| {
            key.serves(algorithm) && kid.is_none_or(|kid| key.kid.as_deref() == Some(kid))
        });
        let first = fitting.next()?;
        (kid.is_some() || fitting.next().is_none()).then(|| first.clone())
    }

    /// Whether the set is to be fetched before this key is looked for: it never was, it is older than 24 hours, or the key
    /// is unknown; not more often than every 5 minutes.
    pub fn should_fetch(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: OffsetDateTime,
    ) -> bool {
        let passed =
            |since: Option<OffsetDateTime>, wait| since.is_none_or(|since| now - since >= wait);
        if self.fetched_at.is_none() {
            return true;
        }
        let wanted = passed(self.fetched_at, KEPT) || self.find(kid, algorithm).is_none();
        wanted && passed(self.tried_at, BETWEEN_FETCHES)
    }

    /// A fetch begins.
    pub fn tried(&mut self, now: OffsetDateTime) {
        self.tried_at = Some(now);
    }

    /// A fetch succeeded.
    pub fn replace(&mut self, keys: Vec<SigningKey>, now: OffsetDateTime) {
        (self.keys, self.fetched_at) = (keys, Some(now));
    }
}

/// The signing keys of a key set that we can use; others are skipped, none at all is an error.
pub fn signing_keys(fields: &Map<String, Value>) -> Result<Vec<SigningKey>, &'static str> {
    let keys = fields.get("keys").and_then(Value::as_array);
    let keys: Vec<_> = keys
        .ok_or("no keys")?
        .iter()
        .take(MOST_KEYS)
        .filter_map(Value::as_object)
        .filter_map(signing_key)
        .collect();
    (!keys.is_empty())
        .then_some(keys)
        .ok_or("no usable signing key")
}

fn signing_key(key: &Map<String, Value>) -> Option<SigningKey> {
    let text = |name| {
        key.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    if text("use").is_some_and(|usage| usage != "sig") {
        return None;
    }
    let (family, decoding) = match text("kty")? {
        "RSA" => (
            Family::Rsa,
            DecodingKey::from_rsa_components(text("n")?, text("e")?).ok()?,
        ),
        "EC" if text("crv") == Some("P-256") => (
            Family::P256,
            DecodingKey::from_ec_components(text("x")?, text("y")?).ok()?,
        ),
        _ => return None,
    };
    let algorithm = match text("alg") {
        None => None,
        Some(name) => {
            let algorithm: Algorithm = name.parse().ok()?;
            (Family::of(algorithm) == Some(family)).then_some(())?;
            Some(algorithm)
        }
    };
    Some(SigningKey {
        kid: text("kid").map(ToOwned::to_owned),
        family,
        algorithm,
        issuer: text("issuer").map(ToOwned::to_owned),
        key: decoding,
    })
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
    fn only_signing_keys_that_we_can_use_are_taken() {
        let keys = set(&json!({"keys":[
            {"kty":"RSA","use":"sig","kid":"a","n":"AQAB","e":"AQAB","issuer":"https://l/{tenantid}/v2.0"},
            {"kty":"RSA","use":"enc","kid":"b","n":"AQAB","e":"AQAB"},
            {"kty":"EC","crv":"P-256","kid":"c","x":"AQAB","y":"AQAB"},
            {"kty":"EC","crv":"P-384","kid":"d","x":"AQAB","y":"AQAB"},
            {"kty":"oct","kid":"e","k":"AQAB"},
            {"kty":"RSA","kid":"f","n":"not base64!","e":"AQAB"},
            {"kty":"RSA","kid":"g","n":"AQAB","e":"AQAB","alg":"HS256"},
            {"kty":"RSA","kid":"h","n":"AQAB","e":"AQAB","alg":"PS256"}, 7, {}]}))
        .unwrap();
        let names: Vec<_> = keys.iter().filter_map(|key| key.kid.as_deref()).collect();
        assert_eq!(names, ["a", "c", "h"]);
        assert!(set(&json!({"keys":[]})).is_err() && set(&json!({})).is_err());
    }

    #[test]
    fn a_key_serves_its_family_and_its_own_algorithm_alone() {
        let mut keys = KeySet::default();
        let given = json!({"keys":[
            {"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"},
            {"kty":"RSA","kid":"b","n":"AQAB","e":"AQAB","alg":"PS256"},
            {"kty":"EC","crv":"P-256","kid":"c","x":"AQAB","y":"AQAB"}]});
        keys.replace(set(&given).unwrap(), datetime!(2026-03-02 12:00 UTC));
        assert!(keys.find(Some("a"), Algorithm::RS256).is_some());
        assert!(keys.find(Some("a"), Algorithm::ES256).is_none());
        assert!(keys.find(Some("b"), Algorithm::RS256).is_none());
        assert!(keys.find(Some("c"), Algorithm::ES256).is_some());
        assert!(keys.find(Some("c"), Algorithm::HS256).is_none());
        assert!(keys.find(None, Algorithm::ES256).is_some(), "the only one");
        assert!(keys.find(None, Algorithm::PS256).is_none(), "two would do");
    }

    #[test]
    fn keys_are_fetched_when_old_or_unknown_but_not_more_often_than_every_five_minutes() {
        let noon = datetime!(2026-03-02 12:00 UTC);
        let mut known = KeySet::default();
        let should = |known: &KeySet, kid, at| known.should_fetch(Some(kid), Algorithm::RS256, at);
        assert!(should(&known, "a", noon));
        let given = json!({"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]});
        known.tried(noon);
        known.replace(set(&given).unwrap(), noon);
        assert!(!should(&known, "a", noon + Duration::hours(23)));
        assert!(should(&known, "a", noon + Duration::hours(24)));
        assert!(!should(&known, "b", noon + Duration::minutes(4)));
        assert!(should(&known, "b", noon + Duration::minutes(5)));
    }
}
