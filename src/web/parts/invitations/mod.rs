//! Invitations as technicians see them in both portals: rows with their actions, filters, held sign-ins, and the mail.

mod held;
mod mail;
mod row;

pub use held::HeldView;
pub use mail::{Delivery, hand_over, note};
pub use row::{Chip, InvitationRow, chips};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;

use crate::web::kit::paths::{self, TenantPaths};

/// Filters of a list of invitations, as in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// A state, or `all`; empty for what is pending.
    pub state: String,
    pub q: String,
    pub page: Option<i64>,
    pub size: Option<i64>,
}

impl ListQuery {
    /// The domain's filter; an unknown state finds nothing rather than everything.
    pub fn filter(&self) -> crate::domain::invitation::Filter {
        let state = match self.state.as_str() {
            "" => Some("pending".to_owned()),
            "all" => None,
            state => Some(state.to_owned()),
        };
        crate::domain::invitation::Filter {
            state,
            search: self.q.clone(),
        }
    }
}

/// Which page asked, so that the way back leads there. Any other word means the tenant's own list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum From {
    #[default]
    Invitations,
    M365,
    /// "Switch to App Registration" on the M365 page.
    App,
    /// "Make it last longer" on the M365 page.
    Longer,
    /// "Resend Invitation" on the M365 page.
    Resend,
    Status,
    Tenants,
    Pending,
    Overview,
}

impl From {
    /// From the word in an address or form.
    pub fn read(word: &str) -> Self {
        match word {
            "m365" => Self::M365,
            "app" => Self::App,
            "longer" => Self::Longer,
            "resend" => Self::Resend,
            "status" => Self::Status,
            "tenants" => Self::Tenants,
            "pending" => Self::Pending,
            "overview" => Self::Overview,
            _ => Self::Invitations,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitations => "invitations",
            Self::M365 => "m365",
            Self::App => "app",
            Self::Longer => "longer",
            Self::Resend => "resend",
            Self::Status => "status",
            Self::Tenants => "tenants",
            Self::Pending => "pending",
            Self::Overview => "overview",
        }
    }

    /// The heading of the dialog opened from there.
    pub const fn title(self) -> &'static str {
        match self {
            Self::M365 => "Switch to auth token",
            Self::App => "Switch to App Registration",
            Self::Longer => "Make it last longer",
            Self::Resend => "Resend Invitation",
            Self::Status | Self::Tenants | Self::Overview => "Renew",
            Self::Invitations | Self::Pending => "New invitation",
        }
    }

    /// What the administrator's name in the dialog is for.
    pub const fn admin_hint(self) -> &'static str {
        match self {
            Self::App => {
                "Whom the link is for. Any Global Administrator of the tenant may consent."
            }
            _ => {
                "Whoever else signs in is refused. Leave it empty, and you confirm afterwards who signed in."
            }
        }
    }

    /// Where to go back to.
    pub fn address(self, tenant: TenantPaths<'_>) -> String {
        match self {
            Self::Invitations => tenant.invitations(),
            Self::App => tenant.app_registration(),
            Self::M365 | Self::Longer | Self::Resend => tenant.m365(),
            Self::Status => paths::AUTHENTICATION_STATUS.to_owned(),
            Self::Tenants => paths::TENANTS.to_owned(),
            Self::Pending => paths::PENDING_INVITATIONS.to_owned(),
            Self::Overview => tenant.overview(),
        }
    }
}

/// Was the link alone asked for (by a script of ours that shows it in place)?
#[derive(Clone, Copy, Debug)]
pub struct WantsText(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for WantsText {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let accept = parts.headers.get(axum::http::header::ACCEPT);
        Ok(Self(accept.is_some_and(|kind| kind == "text/plain")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_made_way_back_stays_within_the_tenant() {
        let paths = TenantPaths("contoso");
        let back = From::read("https://evil.example/").address(paths);
        assert_eq!(back, "/tenants/contoso/invitations");
        for word in [
            "m365",
            "resend",
            "status",
            "tenants",
            "pending",
            "overview",
            "invitations",
        ] {
            assert_eq!(From::read(word).as_str(), word);
        }
    }
}
