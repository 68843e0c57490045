//! The addresses a browser is sent to: sign-in with PKCE (RFC 7636, S256) and admin consent. No request is made here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::claims::{Challenge, requested};
use super::grants::Client;
use super::{Entra, TenantSegment};
use crate::clock::random_bytes;

/// What to ask for at the authorize endpoint.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    pub client_id: Uuid,
    /// Exactly as registered, platform "Web".
    pub redirect_uri: Url,
    pub scopes: Vec<String>,
    /// Comes back unchanged; must be bound to the browser by the caller.
    pub state: SecretString,
    /// Prefills the account.
    pub login_hint: Option<String>,
    /// `organizations` or a federated domain: skips home-realm discovery.
    pub domain_hint: Option<String>,
    pub prompt: Option<Prompt>,
    /// What an earlier refusal asked for.
    pub challenge: Option<Challenge>,
}

/// Microsoft takes one of these, never two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    Login,
    None,
    Consent,
    SelectAccount,
}

impl Prompt {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::None => "none",
            Self::Consent => "consent",
            Self::SelectAccount => "select_account",
        }
    }
}

/// Where to send the browser, and what to keep until it comes back.
#[derive(Clone, Debug)]
pub struct Authorize {
    pub url: Url,
    /// Must be found in the `id_token`.
    pub nonce: String,
    /// PKCE verifier for [`Entra::redeem_code`].
    pub verifier: SecretString,
}

impl Entra {
    /// A sign-in address with a fresh nonce and PKCE pair.
    pub fn authorize(&self, segment: &TenantSegment, request: &AuthorizeRequest) -> Authorize {
        use secrecy::ExposeSecret;

        let endpoint = self.inner.endpoints.at(segment, "oauth2/v2.0/authorize");
        let client = Client::new(ClientId::new(request.client_id.to_string()))
            .set_auth_uri(AuthUrl::from_url(endpoint))
            .set_redirect_uri(RedirectUrl::from_url(request.redirect_uri.clone()));
        let verifier = URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let nonce = URL_SAFE_NO_PAD.encode(random_bytes::<16>());
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.clone()));
        let mut address = client
            .authorize_url(|| CsrfToken::new(request.state.expose_secret().to_owned()))
            .add_scopes(request.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .add_extra_param("response_mode", "query")
            .add_extra_param("nonce", nonce.clone());
        for (name, value) in [
            (
                "prompt",
                request.prompt.map(|prompt| prompt.as_str().to_owned()),
            ),
            ("login_hint", request.login_hint.clone()),
            ("domain_hint", request.domain_hint.clone()),
            ("claims", Some(requested(request.challenge.as_ref()))),
        ] {
            if let Some(value) = value {
                address = address.add_extra_param(name, value);
            }
        }
        Authorize {
            url: address.url().0,
            nonce,
            verifier: verifier.into(),
        }
    }

    /// The admin-consent address. `scope` is `{resource}/.default` for all declared permissions, or named delegated
    /// ones. The `tenant` of the redirect back is unauthenticated input.
    pub fn admin_consent_url(
        &self,
        segment: &TenantSegment,
        client_id: Uuid,
        scope: &str,
        redirect_uri: &Url,
        state: &str,
    ) -> Url {
        let mut url = self.inner.endpoints.at(segment, "v2.0/adminconsent");
        url.query_pairs_mut()
            .append_pair("client_id", &client_id.to_string())
            .append_pair("scope", scope)
            .append_pair("redirect_uri", redirect_uri.as_str())
            .append_pair("state", state);
        url
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_lc_rs::digest::{SHA256, digest};
    use secrecy::ExposeSecret;

    use super::*;
    use crate::clock::Clock;
    use crate::entra::Endpoints;

    fn request() -> AuthorizeRequest {
        AuthorizeRequest {
            client_id: Uuid::nil(),
            redirect_uri: Url::parse("https://portal.example/onboarding/return").unwrap(),
            scopes: vec!["openid".into(), "offline_access".into()],
            state: "the state".into(),
            login_hint: Some("admin@contoso.example".into()),
            domain_hint: None,
            prompt: Some(Prompt::SelectAccount),
            challenge: None,
        }
    }

    #[test]
    fn a_sign_in_address_says_all_that_entra_needs() {
        let entra = Entra::new(Endpoints::global(), Clock::system()).unwrap();
        let built = entra.authorize(&TenantSegment::Organizations, &request());
        assert_eq!(built.url.path(), "/organizations/oauth2/v2.0/authorize");
        let query: HashMap<_, _> = built.url.query_pairs().into_owned().collect();
        let expected_challenge =
            URL_SAFE_NO_PAD.encode(digest(&SHA256, built.verifier.expose_secret().as_bytes()));
        for (name, value) in [
            ("client_id", "00000000-0000-0000-0000-000000000000"),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", "https://portal.example/onboarding/return"),
            ("scope", "openid offline_access"),
            ("state", "the state"),
            ("nonce", &built.nonce),
            ("code_challenge", &expected_challenge),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
            ("login_hint", "admin@contoso.example"),
            (
                "claims",
                r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#,
            ),
        ] {
            assert_eq!(query.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(query.len(), 12);
        assert!(!format!("{built:?}").contains(built.verifier.expose_secret()));
    }

    #[test]
    fn nonce_and_verifier_are_new_each_time() {
        let entra = Entra::new(Endpoints::global(), Clock::system()).unwrap();
        let build = || entra.authorize(&TenantSegment::Organizations, &request());
        let (first, second) = (build(), build());
        assert_ne!(first.nonce, second.nonce);
        assert_ne!(
            first.verifier.expose_secret(),
            second.verifier.expose_secret()
        );
    }

    #[test]
    fn admin_consent_names_tenant_scope_and_state() {
        let entra = Entra::new(Endpoints::global(), Clock::system()).unwrap();
        let back = Url::parse("https://portal.example/onboarding/return").unwrap();
        let segment = TenantSegment::Tenant(Uuid::nil());
        let url = entra.admin_consent_url(
            &segment,
            Uuid::nil(),
            "https://graph.microsoft.com/.default",
            &back,
            "s&t",
        );
        insta::assert_snapshot!(url, @"https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0/adminconsent?client_id=00000000-0000-0000-0000-000000000000&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default&redirect_uri=https%3A%2F%2Fportal.example%2Fonboarding%2Freturn&state=s%26t");
    }
}
