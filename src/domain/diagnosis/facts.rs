//! What the caller knows besides the error: everything optional, nothing looked up here.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::rhythm::Life;
use super::seen::Seen;

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

/// Our own application, as far as a diagnosis needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OurApp {
    pub client_id: Option<Uuid>,
    /// When the last of its usable secrets and certificates ends; none when not known.
    pub credential_ends_at: Option<OffsetDateTime>,
}

/// Trouble that others have at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shared {
    pub kind: SharedKind,
    /// How many tenants it touches; 0 when nobody was counted.
    pub tenants: i64,
    pub since: OffsetDateTime,
}

/// What many suffer from at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedKind {
    /// Microsoft's sign-in service does not answer.
    Microsoft,
    /// Our application or its credential is refused.
    OurApp,
    /// Many customers are refused by the very number of this error.
    SameError,
}

/// Facts about one connection at the instant of its error. [`Facts::default`] knows nothing.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The instant of the diagnosis.
    pub now: Option<OffsetDateTime>,
    /// When the error came.
    pub failed_at: Option<OffsetDateTime>,
    /// The account that signed in, for the texts.
    pub account: Option<String>,
    /// When a person last signed in for this connection.
    pub obtained_at: Option<OffsetDateTime>,
    pub obtained_by: Option<Method>,
    pub token_class: Option<TokenClass>,
    /// The last successful refresh or use.
    pub last_ok_at: Option<OffsetDateTime>,
    /// When the access tokens held now lapse.
    pub access_until: Option<OffsetDateTime>,
    /// Other resources of the same connection still got tokens after the error.
    pub others_work: bool,
    pub realm: Realm,
    /// Ended authorisations of this tenant, this one included when it is dead; the newest first.
    pub past: Vec<Life>,
    /// What Microsoft Graph told about the tenant.
    pub seen: Seen,
    pub our_app: OurApp,
    pub shared: Option<Shared>,
}

impl Facts {
    /// How old the sign-in was when the error came.
    pub(super) fn age(&self) -> Option<Duration> {
        let failed = self.failed_at.or(self.now)?;
        Some(failed - self.obtained_at?).filter(|age| !age.is_negative())
    }
}
