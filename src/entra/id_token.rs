//! Who signed in: verifying an `id_token` (OpenID Connect Core section 3.1.3.7 with Microsoft's issuer template). Whether
//! that person is the expected one is the keeper's decision.

use std::fmt;

use jsonwebtoken::{Algorithm, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};
use uuid::{Uuid, uuid};

use super::keys::Lookup;
use super::wire::text;
use super::{CallRecord, Endpoints, Entra, Failure};
use crate::oidc::key_set::SigningKey;

/// The tenant of all personal Microsoft accounts.
pub const CONSUMERS: Uuid = uuid!("9188040d-6c67-4c5b-b112-36a304b66dad");

/// Clock difference that is forgiven.
const LEEWAY: Duration = Duration::seconds(300);

/// What the token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// Our application: `aud`.
    pub client_id: Uuid,
    /// The bound tenant; empty while a tenant is still to be learned.
    pub tenant: Option<Uuid>,
    /// Of the authorize request; empty for device code and refresh.
    pub nonce: Option<&'a str>,
}

/// The verified claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdClaims {
    /// Tenant and object id together are the person's identity; everything else may change.
    pub tid: Uuid,
    pub oid: Uuid,
    pub preferred_username: Option<String>,
    pub upn: Option<String>,
    pub name: Option<String>,
    pub email: Option<String>,
    /// Another identity provider or tenant vouches for this person: a guest.
    pub guest: bool,
    /// Directory-role template ids, when the registration asks for them.
    pub role_templates: Vec<Uuid>,
    pub issued_at: OffsetDateTime,
    /// When the person last proved who they are, if asked for.
    pub auth_time: Option<OffsetDateTime>,
}

/// Why a token says nothing about who signed in, or the wrong thing.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    #[error("the id_token is not well-formed: {0}")]
    Malformed(&'static str),
    #[error("the id_token is not signed with RS256")]
    Algorithm,
    #[error("the id_token is signed with a key that Microsoft does not publish")]
    UnknownKey,
    #[error("the signature of the id_token is wrong")]
    Signature,
    #[error("the id_token is from another issuer")]
    Issuer,
    #[error("the id_token is for another application")]
    Audience,
    #[error("the id_token has expired")]
    Expired,
    #[error("the id_token is not valid yet")]
    NotYetValid,
    #[error("the id_token answers another request")]
    Nonce,
    /// Genuine, but a personal Microsoft account; the claims say whose.
    #[error("the account is a personal Microsoft account")]
    PersonalAccount(Box<IdClaims>),
    /// Genuine, but of another tenant; the claims say whose.
    #[error("the account belongs to another tenant")]
    OtherTenant(Box<IdClaims>),
    #[error("Microsoft's signing keys cannot be fetched: {0}")]
    KeysUnavailable(Box<Failure>),
}

/// The verdict, and the call for signing keys if one had to be made.
#[derive(Debug)]
#[must_use = "the call belongs into entra_calls"]
pub struct IdTokenCheck {
    pub keys_call: Option<CallRecord>,
    pub outcome: Result<IdClaims, IdTokenError>,
}

impl Entra {
    /// Verify signature, issuer, audience, times (300 s leeway), nonce and tenant of an `id_token`.
    pub async fn verify_id_token(&self, token: &SecretString, expect: Expect<'_>) -> IdTokenCheck {
        let token = token.expose_secret();
        let kid = match key_id(token) {
            Ok(kid) => kid,
            Err(error) => {
                return IdTokenCheck {
                    keys_call: None,
                    outcome: Err(error),
                };
            }
        };
        let Lookup { call, key } = self.signing_key(&kid).await;
        let outcome = match key {
            Ok(Some(key)) => verify(
                token,
                &key,
                expect,
                &self.inner.endpoints,
                self.inner.clock.now(),
            ),
            Ok(None) => Err(IdTokenError::UnknownKey),
            Err(failure) => Err(IdTokenError::KeysUnavailable(failure)),
        };
        IdTokenCheck {
            keys_call: call,
            outcome,
        }
    }
}

pub(super) fn key_id(token: &str) -> Result<String, IdTokenError> {
    let header =
        jsonwebtoken::decode_header(token).map_err(|_| IdTokenError::Malformed("header"))?;
    if header.alg != Algorithm::RS256 {
        return Err(IdTokenError::Algorithm);
    }
    // RFC 7515 section 4.1.11: what must be understood and is not makes the token invalid. We understand no extension.
    if header.crit.is_some() {
        return Err(IdTokenError::Malformed("crit"));
    }
    header.kid.ok_or(IdTokenError::Malformed("kid"))
}

pub(super) fn verify(
    token: &str,
    key: &SigningKey,
    expect: Expect<'_>,
    endpoints: &Endpoints,
    now: OffsetDateTime,
) -> Result<IdClaims, IdTokenError> {
    // Everything but the signature is checked below: against our clock, and with an error of its own each.
    let mut signature_only = Validation::new(Algorithm::RS256);
    signature_only.validate_exp = false;
    signature_only.validate_aud = false;
    signature_only.required_spec_claims.clear();
    let Claims(claims) = jsonwebtoken::decode::<Claims>(token, &key.key, &signature_only)
        .map_err(|_| IdTokenError::Signature)?
        .claims;
    check(&claims, key.issuer.as_deref(), expect, endpoints, now)
}

/// What the claims must say, once the signature is known to be right.
pub(super) fn check(
    claims: &Map<String, Value>,
    keys_issuer: Option<&str>,
    expect: Expect<'_>,
    endpoints: &Endpoints,
    now: OffsetDateTime,
) -> Result<IdClaims, IdTokenError> {
    let tid = id(claims, "tid").ok_or(IdTokenError::Malformed("tid"))?;
    let issuer = endpoints.issuer(&tid.to_string());
    let keys_issuer = keys_issuer.map(|issuer| issuer.replace("{tenantid}", &tid.to_string()));
    if text(claims, "iss").as_ref() != Some(&issuer)
        || keys_issuer.is_some_and(|of_key| of_key != issuer)
    {
        return Err(IdTokenError::Issuer);
    }
    if id(claims, "aud") != Some(expect.client_id) {
        return Err(IdTokenError::Audience);
    }
    check_times(claims, now)?;
    if expect
        .nonce
        .is_some_and(|nonce| text(claims, "nonce").as_deref() != Some(nonce))
    {
        return Err(IdTokenError::Nonce);
    }
    let person = person(claims, tid)?;
    if tid == CONSUMERS {
        Err(IdTokenError::PersonalAccount(Box::new(person)))
    } else if expect.tenant.is_some_and(|bound| bound != tid) {
        Err(IdTokenError::OtherTenant(Box::new(person)))
    } else {
        Ok(person)
    }
}

/// The claims, each named once: of two with one name nobody knows which is meant (RFC 7519 section 4).
#[derive(Clone)]
pub(super) struct Claims(pub Map<String, Value>);

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Once;
        impl<'de> Visitor<'de> for Once {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("claims, each named once")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let mut claims = Map::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a claim is named twice"));
                    }
                }
                Ok(Claims(claims))
            }
        }
        from.deserialize_map(Once)
    }
}

fn check_times(claims: &Map<String, Value>, now: OffsetDateTime) -> Result<(), IdTokenError> {
    let expires = instant(claims, "exp").ok_or(IdTokenError::Malformed("exp"))?;
    if now - expires > LEEWAY {
        return Err(IdTokenError::Expired);
    }
    if instant(claims, "nbf").is_some_and(|valid_from| valid_from - now > LEEWAY) {
        return Err(IdTokenError::NotYetValid);
    }
    Ok(())
}

fn person(claims: &Map<String, Value>, tid: Uuid) -> Result<IdClaims, IdTokenError> {
    let roles = claims.get("wids").and_then(Value::as_array);
    Ok(IdClaims {
        tid,
        oid: id(claims, "oid").ok_or(IdTokenError::Malformed("oid"))?,
        preferred_username: text(claims, "preferred_username"),
        upn: text(claims, "upn"),
        name: text(claims, "name"),
        email: text(claims, "email"),
        guest: is_guest(claims, tid),
        role_templates: roles
            .map(|roles| {
                roles
                    .iter()
                    .filter_map(|role| role.as_str()?.parse().ok())
                    .collect()
            })
            .unwrap_or_default(),
        issued_at: instant(claims, "iat").ok_or(IdTokenError::Malformed("iat"))?,
        auth_time: instant(claims, "auth_time"),
    })
}

/// `acct` 1, an `idp` that is not this tenant, or the name form of an external account.
fn is_guest(claims: &Map<String, Value>, tid: Uuid) -> bool {
    let says_guest = claims
        .get("acct")
        .is_some_and(|acct| acct == 1 || acct == "1");
    let foreign_idp = text(claims, "idp").is_some_and(|idp| !idp.contains(&tid.to_string()));
    let external_name = ["preferred_username", "upn"]
        .iter()
        .filter_map(|name| text(claims, name))
        .any(|name| name.to_ascii_uppercase().contains("#EXT#"));
    says_guest || foreign_idp || external_name
}

/// A GUID as Microsoft writes it, in no other dress.
fn id(claims: &Map<String, Value>, name: &str) -> Option<Uuid> {
    let text = text(claims, name)?;
    text.parse().ok().filter(|_| text.len() == 36)
}

fn instant(claims: &Map<String, Value>, name: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(claims.get(name)?.as_i64()?).ok()
}

#[cfg(test)]
mod tests;
