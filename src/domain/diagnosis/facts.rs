//! What the caller knows about a connection besides the error: everything optional, nothing
//! looked up here.

use time::OffsetDateTime;

/// How the customer's domain checks passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Realm {
    /// By Entra itself.
    Managed,
    /// By AD FS, Okta or the like.
    Federated,
    #[default]
    Unknown,
}

/// How a connection's token was obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    DeviceCode,
    /// Authorization code with PKCE, "Sign in with Microsoft".
    BrowserSignIn,
    /// Client credentials; nothing that could be revoked with a user.
    AppOnly,
}

/// The class by which Entra decides how long a refresh token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenClass {
    /// Obtained without a client secret or certificate, as by device code.
    Public,
    Confidential,
}

/// Facts about one connection at the instant of its error. [`Facts::default`] knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The instant of the diagnosis.
    pub now: Option<OffsetDateTime>,
    /// When a person last signed in for this connection.
    pub obtained_at: Option<OffsetDateTime>,
    pub obtained_by: Option<Method>,
    pub token_class: Option<TokenClass>,
    /// The last successful refresh or use.
    pub last_ok_at: Option<OffsetDateTime>,
    /// When the access tokens held now lapse.
    pub access_until: Option<OffsetDateTime>,
    pub realm: Realm,
    /// Whether the tenant is known to have a sign-in frequency policy of 12 hours.
    pub twelve_hour_policy: bool,
    /// Graph `lastPasswordChangeDateTime` of the connection's account.
    pub password_changed_at: Option<OffsetDateTime>,
    /// Graph `signInSessionsValidFromDateTime` of the connection's account.
    pub sessions_valid_from: Option<OffsetDateTime>,
    /// Graph `accountEnabled` of the connection's account.
    pub account_enabled: Option<bool>,
}
