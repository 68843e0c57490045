//! What stands in the tokens: access tokens, id tokens, client info.

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::keys::Keys;
use super::refresh::Redeemed;
use crate::simulator::directory::{App, Resource, State, Tenant, User};
use crate::simulator::json::put;

/// The claims of an access token that Graph reads back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessClaims {
    pub aud: String,
    pub iss: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
    pub appid: Uuid,
    pub tid: Uuid,
    /// The user, or for app-only tokens the service principal; missing while consent still propagates.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub oid: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upn: Option<String>,
    /// Delegated scopes, space separated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub roles: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub wids: BTreeSet<Uuid>,
    /// Client capabilities; `cp1`: handles claims challenges.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub xms_cc: Vec<String>,
    pub idtyp: String,
    pub uti: String,
    pub ver: String,
}

/// The instants of a token.
#[derive(Clone, Copy, Debug)]
pub struct Life {
    pub now: OffsetDateTime,
    pub seconds: i64,
    pub handles_claims: bool,
    /// A token signed before may be handed out again.
    pub reuse: bool,
}

impl Life {
    /// A life from now on: 60 to 90 minutes, or 20 to 28 hours for clients that handle claims challenges.
    pub fn draw(state: &mut State, now: OffsetDateTime, handles_claims: bool) -> Self {
        let (least, spread) = if handles_claims {
            (20 * 3600, 8 * 3600)
        } else {
            (3600, 1800)
        };
        let more = i64::try_from(state.chance(spread + 1)).unwrap_or(0);
        Self {
            now,
            seconds: least + more,
            handles_claims,
            reuse: state.settings.cached_signatures,
        }
    }
}

/// An access token for a user.
pub fn access_token(
    keys: &Keys,
    issuer_base: &str,
    redeemed: &Redeemed,
    user: &User,
    life: Life,
) -> String {
    let sign = || {
        let scopes: Vec<_> = redeemed.granted.iter().map(String::as_str).collect();
        keys.sign(&AccessClaims {
            oid: Some(user.oid),
            upn: Some(user.upn.clone()),
            scp: Some(scopes.join(" ")),
            wids: user.roles.clone(),
            idtyp: "user".to_owned(),
            ..claims(
                issuer_base,
                redeemed.scopes.resource,
                redeemed.origin.client,
                redeemed.tenant,
                life,
            )
        })
    };
    if life.reuse {
        let what = (user.oid, redeemed.tenant, Some(redeemed.scopes.resource));
        return keys.signed_before(what, life.now, sign);
    }
    sign()
}

/// An app-only access token to be made.
#[derive(Clone, Debug)]
pub struct AppToken {
    pub resource: Resource,
    pub client: Uuid,
    pub tenant: Uuid,
    /// The service principal; absent while it still propagates.
    pub principal: Option<Uuid>,
    pub roles: BTreeSet<String>,
    pub life: Life,
}

/// Sign an app-only access token.
pub fn app_token(keys: &Keys, issuer_base: &str, token: &AppToken) -> String {
    keys.sign(&AccessClaims {
        oid: token.principal,
        roles: Some(token.roles.clone()),
        idtyp: "app".to_owned(),
        ..claims(
            issuer_base,
            token.resource,
            token.client,
            token.tenant,
            token.life,
        )
    })
}

fn claims(
    issuer_base: &str,
    resource: Resource,
    client: Uuid,
    tenant: Uuid,
    life: Life,
) -> AccessClaims {
    let now = life.now.unix_timestamp();
    AccessClaims {
        aud: resource.identifier().to_owned(),
        iss: format!("{issuer_base}/{tenant}/"),
        iat: now,
        nbf: now,
        exp: now + life.seconds,
        appid: client,
        tid: tenant,
        oid: None,
        upn: None,
        scp: None,
        roles: None,
        wids: BTreeSet::new(),
        xms_cc: if life.handles_claims {
            vec!["cp1".to_owned()]
        } else {
            Vec::new()
        },
        idtyp: String::new(),
        uti: super::ledger::opaque::<16>(),
        ver: "1.0".to_owned(),
    }
}

/// An id token (OpenID Connect, version 2.0 of Entra's), one hour long.
pub fn id_token(
    keys: &Keys,
    issuer_base: &str,
    redeemed: &Redeemed,
    user: &User,
    tenant: &Tenant,
    app: &App,
    life: Life,
) -> String {
    let sign = || signed_id_token(keys, issuer_base, redeemed, user, tenant, app, life.now);
    if life.reuse && redeemed.nonce.is_none() {
        return keys.signed_before((user.oid, tenant.id, None), life.now, sign);
    }
    sign()
}

fn signed_id_token(
    keys: &Keys,
    issuer_base: &str,
    redeemed: &Redeemed,
    user: &User,
    tenant: &Tenant,
    app: &App,
    now: OffsetDateTime,
) -> String {
    let iat = now.unix_timestamp();
    let mut claims = json!({
        "aud": app.client_id,
        "iss": format!("{issuer_base}/{}/v2.0", tenant.id),
        "iat": iat,
        "nbf": iat,
        "exp": (now + Duration::HOUR).unix_timestamp(),
        "aio": super::ledger::opaque::<48>(),
        "auth_time": redeemed.origin.signed_in_at.unix_timestamp(),
        "rh": format!("1.A{}.", super::ledger::opaque::<24>()),
        "sub": pairwise(user.oid, app.client_id),
        "tid": tenant.id,
        "uti": super::ledger::opaque::<16>(),
        "sid": redeemed.origin.family,
        "acct": i32::from(user.tenant != tenant.id),
        "tenant_region_scope": tenant.region,
        "wids": user.roles,
        "ver": "2.0",
    });
    let mut put = |name: &str, value: Value| {
        put(&mut claims, name, value);
    };
    if redeemed.scopes.wants("profile") {
        put("oid", json!(user.oid));
        put("name", json!(user.name));
        put("preferred_username", json!(user.upn));
        put(
            "login_hint",
            json!(format!("O.{}", URL_SAFE_NO_PAD.encode(&user.upn))),
        );
    }
    if redeemed.scopes.wants("email") {
        put("email", json!(user.upn));
    }
    if user.tenant != tenant.id {
        put(
            "idp",
            json!(format!("https://sts.windows.net/{}/", user.tenant)),
        );
    }
    if let Some(nonce) = &redeemed.nonce {
        put("nonce", json!(nonce));
    }
    keys.sign(&claims)
}

/// `client_info`: base64url of `{"uid","utid"}`, from which MSAL builds the account id.
pub fn client_info(user: &User) -> String {
    let json = json!({"uid": user.oid, "utid": user.tenant}).to_string();
    URL_SAFE_NO_PAD.encode(json)
}

/// The subject of a user as one client sees it.
fn pairwise(user: Uuid, client: Uuid) -> String {
    let both = [user.as_bytes().as_slice(), client.as_bytes().as_slice()].concat();
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &both))
}
