//! The typed result of an answer that holds tokens. What is accepted is decided in `wire`; who the tokens belong to, in
//! `id_token`.

use std::time::Duration;

use oauth2::TokenResponse;
use secrecy::SecretString;

use super::wire::EntraTokens;

/// How a delegated grant was obtained, which decides how it must be refreshed and how long it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenClass {
    /// Device code: refreshed without a credential (sending one gives 700025).
    Public,
    /// Authorization code redeemed with our credential: refreshed with it.
    Confidential,
}

/// An accepted token answer.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Opaque; printable, at most 16 KiB.
    pub access_token: SecretString,
    /// Empty: keep the present one.
    pub refresh_token: Option<SecretString>,
    /// Unverified until `Entra::verify_id_token` has seen it.
    pub id_token: Option<SecretString>,
    /// Life of the access token. Empty when the value was missing or odd: keep the refresh token, treat the access
    /// token as expired.
    pub expires_in: Option<Duration>,
    /// When Microsoft suggests to renew, counted from now.
    pub refresh_in: Option<Duration>,
    /// Granted scopes as the answer names them; empty when the answer does not.
    pub scopes: Vec<String>,
    /// Base64url of `{"uid","utid"}`, only when asked for.
    pub client_info: Option<String>,
}

impl From<&EntraTokens> for Tokens {
    fn from(read: &EntraTokens) -> Self {
        let secret = |text: &String| SecretString::from(text.clone());
        Self {
            access_token: secret(read.access_token().secret()),
            refresh_token: read.refresh_token().map(|token| secret(token.secret())),
            id_token: read.id_token.clone(),
            expires_in: read.expires_in(),
            refresh_in: read.refresh_in,
            scopes: read
                .scopes()
                .map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect())
                .unwrap_or_default(),
            client_info: read.client_info.clone(),
        }
    }
}
