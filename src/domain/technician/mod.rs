//! A person of the MSP with a login: identity and role. Passwords are proved in `password`, links are made in `link`.

mod store;

use std::fmt;
use std::str::FromStr;

use super::op::Op;
use crate::storage::TechnicianId;

/// What a technician may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks at everything and changes nothing.
    Viewer,
    /// Works with tenants: invites, validates, edits.
    Technician,
    /// Also manages technicians and settings.
    Admin,
    /// Everything; the first technician of an installation.
    Owner,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Technician, Self::Viewer];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Technician => "technician",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// Whether this role may change anything at all.
    pub const fn may_change(self) -> bool {
        !matches!(self, Self::Viewer)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected owner, admin, technician or viewer")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == word)
            .ok_or(UnknownRole)
    }
}

/// A technician without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Technician {
    pub id: TechnicianId,
    /// The login name: trimmed, lower-case.
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// Disabled technicians cannot sign in and their sessions end.
    pub disabled: bool,
}

impl Technician {
    pub fn is_active(&self) -> bool {
        !self.disabled
    }
}

/// The technician with this id.
pub async fn find(op: &mut Op, id: TechnicianId) -> Result<Option<Technician>, sqlx::Error> {
    store::find(op, id).await
}
