//! What an app-only access token says of itself, for diagnosis alone: it is the resource's to verify, and a token that
//! cannot be read says nothing. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use uuid::Uuid;

/// The claims that tell how far Microsoft has come with a consent.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub tid: Option<Uuid>,
    pub appid: Option<Uuid>,
    /// The service principal; missing while the consent still spreads.
    pub oid: Option<Uuid>,
    #[serde(default)]
    pub roles: Vec<String>,
}

/// How a token fits what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Whole,
    /// Names no service principal yet.
    Spreading,
    /// Another tenant's or another application's.
    Foreign,
    /// Opaque.
    Silent,
}

impl Claims {
    /// The middle of a JWT, unverified.
    pub fn read(token: &SecretString) -> Option<Self> {
        let middle = token.expose_secret().split('.').nth(1)?;
        let json = URL_SAFE_NO_PAD.decode(middle.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&json).ok()
    }
}

/// Is the token one for our application in this tenant, with a service principal behind it?
pub(super) fn fit(claims: Option<&Claims>, tenant: Uuid, client_id: Uuid) -> Fit {
    let Some(claims) = claims else {
        return Fit::Silent;
    };
    if claims.tid.is_some_and(|tid| tid != tenant)
        || claims.appid.is_some_and(|app| app != client_id)
    {
        return Fit::Foreign;
    }
    match (claims.tid, claims.oid) {
        (None, _) => Fit::Silent,
        (Some(_), None) => Fit::Spreading,
        (Some(_), Some(_)) => Fit::Whole,
    }
}

/// The application permissions in a token, as `tokens.scopes` keeps them: `.default` alone when it carries none, nothing
/// when it cannot be read.
pub(in crate::keeper) fn roles_as_scopes(token: &SecretString) -> Vec<String> {
    match Claims::read(token) {
        Some(claims) if claims.tid.is_none() => Vec::new(),
        Some(claims) if claims.roles.is_empty() => vec![".default".to_owned()],
        Some(claims) => claims.roles,
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TENANT: Uuid = Uuid::from_u128(1);
    const APP: Uuid = Uuid::from_u128(2);

    fn token(claims: &Value) -> SecretString {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string())).into()
    }

    fn fits(claims: &Value) -> Fit {
        fit(Claims::read(&token(claims)).as_ref(), TENANT, APP)
    }

    #[test]
    fn a_token_without_service_principal_still_spreads() {
        let whole = json!({"tid": TENANT, "appid": APP, "oid": APP});
        assert_eq!(fits(&whole), Fit::Whole);
        assert_eq!(fits(&json!({"tid": TENANT, "appid": APP})), Fit::Spreading);
        assert_eq!(fits(&json!({"tid": APP, "appid": APP})), Fit::Foreign);
        assert_eq!(fits(&json!({"tid": TENANT, "appid": TENANT})), Fit::Foreign);
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        assert_eq!(fit(None, TENANT, APP), Fit::Silent);
        assert_eq!(fits(&json!({})), Fit::Silent);
        for opaque in ["", "opaque", "a.%%%.c", "a.e30.c"] {
            assert!(roles_as_scopes(&opaque.into()).is_empty(), "{opaque}");
        }
    }

    #[test]
    fn no_permission_at_all_is_told_apart_from_no_word() {
        let bare = token(&json!({"tid": TENANT}));
        assert_eq!(roles_as_scopes(&bare), [".default"]);
        let some = token(&json!({"tid": TENANT, "roles": ["Directory.Read.All"]}));
        assert_eq!(roles_as_scopes(&some), ["Directory.Read.All"]);
    }
}
