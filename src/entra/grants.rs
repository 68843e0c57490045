//! The grants of the token endpoint that the `oauth2` crate carries: refresh, client credentials, authorization code
//! with PKCE, and the authorize address.
//!
//! The crate builds the requests and reads whole answers into [`EntraTokens`] and [`EntraError`]. Where it cannot serve:
//! - it hides status, headers and raw body of a refusal, so the adapter keeps the reply and the failure is made from it;
//! - an error body with HTTP 200, HTML and cut bodies reach it only as parse errors: `reply` reads them;
//! - it knows no client assertion: sent as extra parameters;
//! - device code polling has a fixed error type and sleeps in a loop until the end: see `device`.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Mutex;

use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken,
    RequestTokenError, Scope, StandardRevocableToken, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use super::claims::{Challenge, requested};
use super::credential::{ASSERTION_TYPE, assertion};
use super::http::{Call, Outgoing, Verb};
use super::reply::unanswered;
use super::wire::{EntraError, EntraTokens};
use super::{
    App, CallRecord, Credential, Entra, Exchange, Failure, Meaning, Operation, TenantSegment,
    TokenClass, Tokens,
};

/// The crate's client with Entra's answers.
pub(super) type Client<Auth = EndpointNotSet, Token = EndpointNotSet> = oauth2::Client<
    EntraError,
    EntraTokens,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    Auth,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    Token,
>;

const UNREADABLE_KEY: &str =
    "The private key of the client certificate is not a readable RSA key (PEM).";

type TokenClient = Client<EndpointNotSet, EndpointSet>;
type Outcome = Result<EntraTokens, RequestTokenError<NoReply, EntraError>>;

/// The adapter has no whole answer to give; what there was is kept beside it.
#[derive(Debug, thiserror::Error)]
#[error("no whole answer")]
pub(super) struct NoReply;

/// What one request shows of us: parameters, and the secrets to mask in what is kept of the answer.
struct Presented {
    client: TokenClient,
    extra: Vec<(&'static str, String)>,
    secrets: Vec<SecretString>,
}

impl Presented {
    /// Announce what we can handle, and pass on what a challenge asked for.
    fn ask(&mut self, challenge: Option<&Challenge>) {
        self.extra.push(("claims", requested(challenge)));
    }
}

impl Entra {
    /// New tokens for `scope` (of one resource; `offline_access openid profile` may ride along) from a refresh token.
    /// A grant of the public class is refreshed without credential. `challenge`: what a resource asked for when it refused
    /// an access token of ours.
    pub async fn refresh(
        &self,
        tenant: Uuid,
        app: &App,
        class: TokenClass,
        refresh_token: &SecretString,
        scope: &str,
        challenge: Option<&Challenge>,
    ) -> Exchange<Tokens> {
        let credential = match class {
            TokenClass::Public => None,
            TokenClass::Confidential => app.credential.as_ref(),
        };
        let segment = TenantSegment::Tenant(tenant);
        let mut presented = match self.present(&segment, app.client_id, credential) {
            Ok(presented) => presented,
            Err(failure) => return self.unsent(Operation::Refresh, failure),
        };
        presented.secrets.push(refresh_token.clone());
        presented.ask(challenge);
        let token = RefreshToken::new(refresh_token.expose_secret().to_owned());
        let mut request = presented
            .client
            .exchange_refresh_token(&token)
            .add_scopes(scopes(scope));
        for (name, value) in presented.extra.iter().cloned() {
            request = request.add_extra_param(name, value);
        }
        let wire = Wire::new(self, Operation::Refresh);
        let outcome = request.request_async(&wire).await;
        wire.finish(outcome, &presented.secrets)
    }

    /// An app-only token for `resource` (e.g. `https://graph.microsoft.com`); the app must have a credential.
    pub async fn client_credentials(
        &self,
        tenant: Uuid,
        app: &App,
        resource: &str,
        challenge: Option<&Challenge>,
    ) -> Exchange<Tokens> {
        let operation = Operation::ClientCredentials;
        let segment = TenantSegment::Tenant(tenant);
        let mut presented = match self.present(&segment, app.client_id, app.credential.as_ref()) {
            Ok(presented) => presented,
            Err(failure) => return self.unsent(operation, failure),
        };
        presented.ask(challenge);
        let scope = format!("{}/.default", resource.trim_end_matches('/'));
        let mut request = presented
            .client
            .exchange_client_credentials()
            .add_scope(Scope::new(scope));
        for (name, value) in presented.extra.iter().cloned() {
            request = request.add_extra_param(name, value);
        }
        let wire = Wire::new(self, operation);
        let outcome = request.request_async(&wire).await;
        wire.finish(outcome, &presented.secrets)
    }

    /// Tokens for the code that came back from [`Entra::authorize`], with the same `redirect_uri` and its `verifier`.
    pub async fn redeem_code(
        &self,
        segment: &TenantSegment,
        app: &App,
        code: &SecretString,
        verifier: &SecretString,
        redirect_uri: &Url,
        scope: &str,
    ) -> Exchange<Tokens> {
        let operation = Operation::CodeExchange;
        let mut presented = match self.present(segment, app.client_id, app.credential.as_ref()) {
            Ok(presented) => presented,
            Err(failure) => return self.unsent(operation, failure),
        };
        presented.ask(None);
        presented.secrets.extend([code.clone(), verifier.clone()]);
        let mut request = presented
            .client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect_uri.clone())))
            .add_extra_param("scope", scope.to_owned());
        for (name, value) in presented.extra.iter().cloned() {
            request = request.add_extra_param(name, value);
        }
        let wire = Wire::new(self, operation);
        let outcome = request.request_async(&wire).await;
        wire.finish(outcome, &presented.secrets)
    }

    /// The crate's client for this tenant's token endpoint, with our credential when there is one to show.
    fn present(
        &self,
        segment: &TenantSegment,
        client_id: Uuid,
        credential: Option<&Credential>,
    ) -> Result<Presented, Box<Failure>> {
        let address = self.inner.endpoints.at(segment, "oauth2/v2.0/token");
        let audience = address.to_string();
        let mut client = Client::new(ClientId::new(client_id.to_string()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(address));
        let (mut extra, mut secrets) = (Vec::new(), Vec::new());
        match credential {
            None => {}
            Some(Credential::Secret(secret)) => {
                client =
                    client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned()));
                secrets.push(secret.clone());
            }
            Some(Credential::Certificate {
                private_key_pem,
                certificate_der,
            }) => {
                let now = self.inner.clock.now();
                let signed = assertion(client_id, private_key_pem, certificate_der, &audience, now)
                    .map_err(|_| Failure::own(Meaning::AppLevel, UNREADABLE_KEY))?;
                extra.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
                extra.push(("client_assertion", signed.expose_secret().to_owned()));
                secrets.push(signed);
            }
        }
        Ok(Presented {
            client,
            extra,
            secrets,
        })
    }

    /// A call that failed before anything was sent.
    fn unsent<T>(&self, operation: Operation, failure: Box<Failure>) -> Exchange<T> {
        Exchange {
            call: CallRecord::unsent(operation, self.inner.clock.now()),
            outcome: Err(failure),
        }
    }
}

fn scopes(text: &str) -> impl Iterator<Item = Scope> {
    text.split_whitespace()
        .map(|scope| Scope::new(scope.into()))
}

/// The adapter between the crate and our HTTP client; keeps the call as it went.
struct Wire<'a> {
    entra: &'a Entra,
    operation: Operation,
    call: Mutex<Option<Call>>,
}

impl<'c> AsyncHttpClient<'c> for Wire<'_> {
    type Error = NoReply;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoReply>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl<'a> Wire<'a> {
    fn new(entra: &'a Entra, operation: Operation) -> Self {
        Self {
            entra,
            operation,
            call: Mutex::new(None),
        }
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoReply> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| NoReply)?;
        let http = &self.entra.inner.http;
        let call = http
            .send(Outgoing {
                operation: self.operation,
                url,
                verb: Verb::Post(request.into_body()),
                bearer: None,
                cap: http.limits.body,
            })
            .await;
        // Headers stay behind: the crate would refuse good tokens over an odd Content-Type.
        let response = match &call.reply {
            Ok(reply) if reply.cut.is_none() => {
                let mut response = HttpResponse::new(reply.body.clone());
                if let Ok(status) = reply.status.try_into() {
                    *response.status_mut() = status;
                }
                Ok(response)
            }
            _ => Err(NoReply),
        };
        if let Ok(mut kept) = self.call.lock() {
            *kept = Some(call);
        }
        response
    }

    /// The exchange: the crate's reading where it carried the answer, else ours of the kept reply.
    fn finish(self, outcome: Outcome, secrets: &[SecretString]) -> Exchange<Tokens> {
        let secrets: Vec<&str> = secrets.iter().map(ExposeSecret::expose_secret).collect();
        let Some(call) = self.call.into_inner().ok().flatten() else {
            return self
                .entra
                .unsent(self.operation, unanswered(Meaning::Unreachable).into());
        };
        let outcome = match (outcome, &call.reply) {
            (_, Err(meaning)) => Err(unanswered(*meaning).into()),
            (Ok(tokens), Ok(_)) => Ok(Tokens::from(&tokens)),
            (Err(RequestTokenError::ServerResponse(error)), Ok(reply)) => {
                Err(reply.refusal(error, &secrets).into())
            }
            (Err(_), Ok(reply)) => Err(reply.refused_tokens(&secrets).into()),
        };
        Exchange {
            call: call.record,
            outcome,
        }
    }
}
