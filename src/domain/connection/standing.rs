//! A tenant's current connection: how it was obtained, by whom, and what is known of its health.

use std::str::FromStr;

use time::OffsetDateTime;
use uuid::Uuid;

use super::forecast::{Expected, Known, forecast};
use super::state::{ExpiryReason, UnknownWord};
use crate::domain::diagnosis::{Category, Method, Realm, TokenClass};
use crate::storage::{ConnectionId, MsalErrorId};

/// How we are let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// On behalf of an administrator: a refresh token from a sign-in.
    AuthToken,
    /// As the application itself: client credentials, no refresh token.
    AppOnly,
}

impl Mode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthToken => "auth_token",
            Self::AppOnly => "app_only",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::AuthToken => "Auth token",
            Self::AppOnly => "App registration",
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "auth_token" => Ok(Self::AuthToken),
            "app_only" => Ok(Self::AppOnly),
            _ => Err(UnknownWord),
        }
    }
}

/// The current connection.
#[derive(Clone, Debug)]
pub struct Standing {
    pub id: ConnectionId,
    pub mode: Mode,
    pub entra_tenant_id: Uuid,
    /// User principal name of who authorised us; empty for an app.
    pub admin_username: String,
    pub admin_name: String,
    /// None for client credentials.
    pub token_class: Option<TokenClass>,
    pub obtained_by: Method,
    pub obtained_at: OffsetDateTime,
    pub realm: Realm,
    pub last_ok_at: Option<OffsetDateTime>,
    pub last_error_id: Option<MsalErrorId>,
    pub cause: Option<Category>,
    pub expires: Option<(OffsetDateTime, ExpiryReason)>,
    /// Sign-in frequency in seconds as Microsoft last named it.
    pub sign_in_frequency_s: Option<i32>,
    /// Seconds that the grants before it lived, again and again.
    pub rhythm_s: Option<i32>,
    /// From here on a policy that the customer has announced ends it.
    pub policy_ends_at: Option<OffsetDateTime>,
    /// The latest end of the access tokens held.
    pub access_until: Option<OffsetDateTime>,
}

impl Standing {
    /// How the sign-in went, in words.
    pub const fn obtained_words(&self) -> &'static str {
        match self.obtained_by {
            Method::DeviceCode => "device code",
            Method::BrowserSignIn => "“Sign in with Microsoft”",
            Method::AppOnly => "client credentials",
        }
    }

    /// Every date at which it may lapse by itself, the earliest first.
    pub fn forecast(&self, credential_ends_at: Option<OffsetDateTime>) -> Vec<Expected> {
        forecast(&Known {
            app_only: self.mode == Mode::AppOnly,
            obtained_at: self.obtained_at,
            last_ok_at: self.last_ok_at.unwrap_or(self.obtained_at),
            public_class: self.token_class == Some(TokenClass::Public),
            federated: self.realm == Realm::Federated,
            sign_in_frequency_s: self.sign_in_frequency_s,
            rhythm_s: self.rhythm_s,
            policy_ends_at: self.policy_ends_at,
            credential_ends_at,
        })
    }

    /// How the customer's domain checks passwords, in words.
    pub const fn realm_words(&self) -> &'static str {
        match self.realm {
            Realm::Managed => "Managed (Entra checks the password)",
            Realm::Federated => "Federated (the customer's own identity provider)",
            Realm::Unknown => "Not known yet",
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A device-code connection of a managed account, obtained in 1970.
    pub fn sample() -> Standing {
        Standing {
            id: ConnectionId::from(Uuid::nil()),
            mode: Mode::AuthToken,
            entra_tenant_id: Uuid::nil(),
            admin_username: "admin@contoso.example".into(),
            admin_name: "Ada Admin".into(),
            token_class: Some(TokenClass::Public),
            obtained_by: Method::DeviceCode,
            obtained_at: OffsetDateTime::UNIX_EPOCH,
            realm: Realm::Managed,
            last_ok_at: None,
            last_error_id: None,
            cause: None,
            expires: None,
            sign_in_frequency_s: None,
            rhythm_s: None,
            policy_ends_at: None,
            access_until: None,
        }
    }
}
