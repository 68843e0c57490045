//! Authorization codes: ten minutes, one use, bound to client, redirect URI and PKCE challenge (RFC 7636).

use aws_lc_rs::{constant_time, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::interactive::SignedIn;
use super::ledger::{Class, Origin};
use super::refresh::{Redeemed, for_user};
use super::scope::Scopes;
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::{App, State};

const LIFETIME: Duration = Duration::minutes(10);
const CODE_BYTES: usize = 256;

/// One authorization code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuthorizationCode {
    pub client: Uuid,
    pub redirect_uri: String,
    /// `code_challenge` and whether its method is `S256` (else `plain`).
    pub challenge: Option<(String, bool)>,
    pub scopes: Scopes,
    pub nonce: Option<String>,
    pub signed_in: SignedIn,
    #[serde(with = "time::serde::rfc3339")]
    pub issued_at: OffsetDateTime,
    pub redeemed: bool,
}

impl State {
    /// Issue `code`, forgetting those of the day before.
    pub fn issue_code(&mut self, code: AuthorizationCode) -> String {
        let issued_at = code.issued_at;
        self.codes
            .retain(|_, c| issued_at - c.issued_at < Duration::DAY);
        let value = format!("1.A{}", super::ledger::opaque::<CODE_BYTES>());
        self.codes.insert(value.clone(), code);
        value
    }
}

/// What a client sends to redeem a code.
pub struct Redemption<'a> {
    pub code: &'a str,
    pub redirect_uri: &'a str,
    pub verifier: Option<&'a str>,
    /// The tenant of the token endpoint; absent: `organizations` or `common`.
    pub tenant: Option<Uuid>,
    pub class: Class,
}

/// Redeem a code for tokens of `scopes`, or of those it was asked with.
pub fn redeem(
    state: &mut State,
    app: &App,
    redemption: &Redemption<'_>,
    scopes: Option<Scopes>,
    now: OffsetDateTime,
) -> Result<Redeemed, Aadsts> {
    let code = state
        .codes
        .get_mut(redemption.code)
        .filter(|c| c.client == app.client_id)
        .ok_or_else(aadsts::grant_malformed)?;
    if code.redeemed {
        return Err(aadsts::code_redeemed());
    }
    if now - code.issued_at > LIFETIME {
        return Err(aadsts::code_expired());
    }
    if code.redirect_uri != redemption.redirect_uri {
        return Err(aadsts::reply_address_differs(
            redemption.redirect_uri,
            &code.redirect_uri,
        ));
    }
    if redemption
        .tenant
        .is_some_and(|t| t != code.signed_in.tenant)
    {
        return Err(aadsts::wrong_tenant_for_grant());
    }
    if !proves(code.challenge.as_ref(), redemption.verifier) {
        return Err(aadsts::verifier_mismatch());
    }
    code.redeemed = true;
    let code = code.clone();
    let tenant = state.live_tenant(code.signed_in.tenant)?;
    let user = state
        .users
        .get(&code.signed_in.user)
        .filter(|u| !u.deleted)
        .ok_or_else(|| aadsts::user_deleted(code.signed_in.user, tenant.id))?;
    if !user.enabled {
        return Err(aadsts::user_disabled());
    }
    let scopes = scopes.unwrap_or(code.scopes);
    let granted = for_user(tenant, user.oid, app, &scopes)?;
    let origin = Origin {
        family: crate::clock::random_uuid(),
        user: user.oid,
        tenant: user.tenant,
        client: app.client_id,
        class: redemption.class,
        signed_in_at: code.signed_in.at,
        mfa_at: code.signed_in.mfa_at,
        device_code: false,
    };
    let refresh_token = scopes
        .wants("offline_access")
        .then(|| state.ledger.issue(origin.clone(), now));
    Ok(Redeemed {
        tenant: code.signed_in.tenant,
        origin,
        scopes,
        granted,
        refresh_token,
        nonce: code.nonce,
    })
}

fn proves(challenge: Option<&(String, bool)>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some((challenge, hashed)), Some(verifier)) => {
            let shown = if *hashed {
                URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
            } else {
                verifier.to_owned()
            };
            constant_time::verify_slices_are_equal(shown.as_bytes(), challenge.as_bytes()).is_ok()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_rfc_7636_appendix_b_proves_its_challenge_and_no_other_does() {
        let challenge = (
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
            true,
        );
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(proves(Some(&challenge), Some(verifier)));
        assert!(!proves(Some(&challenge), Some("other")));
        assert!(!proves(Some(&challenge), None));
        assert!(!proves(None, Some(verifier)));
    }
}
