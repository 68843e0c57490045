//! What a key lets a script do. A key names scopes; its owner's role must still allow each of them when it is used.

use std::fmt;
use std::str::FromStr;

use crate::domain::technician::{Permission, Role};

/// One kind of thing that a route of the API lets a key do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ApiScope {
    TenantsRead,
    TenantsWrite,
    InvitationsRead,
    InvitationsWrite,
    MsalErrorsRead,
    TokensRead,
    AccessTokensCreate,
    CampaignsRead,
    CampaignsWrite,
    AlertsRead,
    AlertsWrite,
}

impl ApiScope {
    pub const ALL: [Self; 11] = [
        Self::TenantsRead,
        Self::TenantsWrite,
        Self::InvitationsRead,
        Self::InvitationsWrite,
        Self::MsalErrorsRead,
        Self::TokensRead,
        Self::AccessTokensCreate,
        Self::CampaignsRead,
        Self::CampaignsWrite,
        Self::AlertsRead,
        Self::AlertsWrite,
    ];

    /// As stored, and as the API's documents name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TenantsRead => "tenants:read",
            Self::TenantsWrite => "tenants:write",
            Self::InvitationsRead => "invitations:read",
            Self::InvitationsWrite => "invitations:write",
            Self::MsalErrorsRead => "msal-errors:read",
            Self::TokensRead => "tokens:read",
            Self::AccessTokensCreate => "access-tokens:create",
            Self::CampaignsRead => "campaigns:read",
            Self::CampaignsWrite => "campaigns:write",
            Self::AlertsRead => "alerts:read",
            Self::AlertsWrite => "alerts:write",
        }
    }

    /// For whoever gives it.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::TenantsRead => "read tenants and how their connections stand",
            Self::TenantsWrite => "add, change and validate tenants",
            Self::InvitationsRead => "read invitations",
            Self::InvitationsWrite => "create, resend and revoke invitations",
            Self::MsalErrorsRead => "read recorded errors and their diagnosis",
            Self::TokensRead => "read the states of tokens, never a token",
            Self::AccessTokensCreate => "be handed access tokens",
            Self::CampaignsRead => "read campaigns",
            Self::CampaignsWrite => "stop campaigns",
            Self::AlertsRead => "read alerts",
            Self::AlertsWrite => "snooze alerts and end a snooze",
        }
    }

    /// What the key's owner must be allowed for this.
    pub const fn permission(self) -> Permission {
        match self {
            Self::TenantsRead
            | Self::InvitationsRead
            | Self::MsalErrorsRead
            | Self::TokensRead
            | Self::CampaignsRead
            | Self::AlertsRead => Permission::Look,
            Self::TenantsWrite
            | Self::InvitationsWrite
            | Self::AccessTokensCreate
            | Self::CampaignsWrite
            | Self::AlertsWrite => Permission::Work,
        }
    }
}

impl ApiScope {
    /// Whether somebody of this role, limited to some tenants or not, may do this, and so let a key do it.
    pub fn is_within(self, role: Role, limited: bool) -> bool {
        let permission = self.permission();
        role.may(permission) && !(limited && permission.concerns_all_tenants())
    }
}

impl fmt::Display for ApiScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scope of the API")]
pub struct UnknownScope;

impl FromStr for ApiScope {
    type Err = UnknownScope;

    fn from_str(word: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == word)
            .ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_only_looks_gives_no_scope_that_changes_or_hands_out() {
        for scope in ApiScope::ALL {
            let reads = scope.as_str().ends_with(":read");
            assert_eq!(Role::Viewer.may(scope.permission()), reads, "{scope}");
            assert_eq!(scope.as_str().parse(), Ok(scope));
        }
        assert_eq!("keys:write".parse::<ApiScope>(), Err(UnknownScope));
    }
}
