//! The answer that holds tokens: what is accepted of it, and the typed result. Nothing is decided here about who the
//! tokens belong to (see `id_token`).

use std::time::Duration;

use secrecy::SecretString;

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
