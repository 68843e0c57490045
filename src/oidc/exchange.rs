//! The two legs of a sign-on by code (RFC 6749 section 4.1 with PKCE, RFC 7636): the address to leave for, and the exchange of
//! what came back. The `oauth2` crate builds both.

use std::borrow::Cow;
use std::pin::Pin;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::basic::{
    BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
    BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointNotSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::metadata::Metadata;
use super::wire::Http;
use super::{IdTokenError, Provider, ProviderError, RedeemError, Return};
use crate::clock::random_bytes;

/// The token answer with the one field that OpenID Connect adds.
type Answer = StandardTokenResponse<IdTokenField, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
>;

#[derive(Deserialize, Serialize)]
pub(super) struct IdTokenField {
    #[serde(skip_serializing)]
    id_token: Option<SecretString>,
}

impl ExtraTokenFields for IdTokenField {}

impl std::fmt::Debug for IdTokenField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdTokenField")
    }
}

/// What the code was exchanged for; lives until the person is known, and is stored nowhere.
pub(super) struct Tokens(Answer);

impl Tokens {
    pub fn id_token(&self) -> Result<&str, IdTokenError> {
        let token = self.0.extra_fields().id_token.as_ref();
        token
            .map(ExposeSecret::expose_secret)
            .ok_or(IdTokenError::Malformed("there is none"))
    }

    pub fn access_token(&self) -> &str {
        self.0.access_token().secret()
    }
}

/// What is kept while the browser is away.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Comes back with the browser, once.
    pub state: SecretString,
    /// Must be found in the `id_token`.
    pub nonce: String,
    /// PKCE: shows that who exchanges the code is who asked for it.
    pub verifier: SecretString,
}

/// An address to send the browser to, and what is to be kept.
#[derive(Clone, Debug)]
pub struct Leaving {
    pub address: Url,
    pub departure: Departure,
}

impl Departure {
    fn new() -> Self {
        let random = || URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        Self {
            state: random().into(),
            nonce: random(),
            verifier: random().into(),
        }
    }
}

impl Provider {
    /// Where to send the browser, with a fresh state, nonce and PKCE pair. `anew` asks the provider to have the person prove
    /// who they are although it may know them (OpenID Connect Core section 3.1.2.1).
    pub async fn leave(&self, anew: bool) -> Result<Leaving, ProviderError> {
        let metadata = self.metadata().await?;
        let (settings, departure) = (self.settings(), Departure::new());
        let verifier = PkceCodeVerifier::new(departure.verifier.expose_secret().to_owned());
        let client = Client::new(ClientId::new(settings.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(metadata.authorization_endpoint.clone()))
            .set_redirect_uri(RedirectUrl::from_url(settings.redirect_uri.clone()));
        let mut request = client
            .authorize_url(|| CsrfToken::new(departure.state.expose_secret().to_owned()))
            .add_scopes(settings.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .add_extra_param("nonce", departure.nonce.clone());
        if anew {
            request = request
                .add_extra_param("prompt", "login")
                .add_extra_param("max_age", "0");
        }
        let address = request.url().0;
        Ok(Leaving { address, departure })
    }

    pub(super) async fn exchange(
        &self,
        metadata: &Metadata,
        back: Return<'_>,
    ) -> Result<Tokens, RedeemError> {
        let settings = self.settings();
        let mut client = Client::new(ClientId::new(settings.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(metadata.token_endpoint.clone()))
            .set_auth_type(if metadata.wants_secret_in_body {
                AuthType::RequestBody
            } else {
                AuthType::BasicAuth
            });
        if let Some(secret) = &settings.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
        }
        let verifier = PkceCodeVerifier::new(back.verifier.expose_secret().to_owned());
        let redirect_uri = RedirectUrl::from_url(settings.redirect_uri.clone());
        let code = AuthorizationCode::new(back.code.expose_secret().to_owned());
        let answer = client
            .exchange_code(code)
            .set_pkce_verifier(verifier)
            .set_redirect_uri(Cow::Owned(redirect_uri))
            .request_async(&Wire(&self.inner.http))
            .await;
        answer.map(Tokens).map_err(refusal)
    }
}

/// What a refusal of the token endpoint means (RFC 6749 section 5.2). Its description is dropped: it is a stranger's text.
fn refusal(error: RequestTokenError<ProviderError, BasicErrorResponse>) -> RedeemError {
    match error {
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            BasicErrorResponseType::InvalidGrant => RedeemError::Code,
            BasicErrorResponseType::InvalidClient | BasicErrorResponseType::UnauthorizedClient => {
                ProviderError::Unfit("it does not take our client secret").into()
            }
            BasicErrorResponseType::InvalidRequest | BasicErrorResponseType::InvalidScope => {
                ProviderError::Unfit("it does not take the request").into()
            }
            _ => ProviderError::Odd("an error of its own").into(),
        },
        RequestTokenError::Request(error) => error.into(),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            ProviderError::Odd("its tokens are not readable").into()
        }
    }
}

/// The adapter between the crate and our HTTP client.
struct Wire<'a>(&'a Http);

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = ProviderError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.0.send(request))
    }
}
