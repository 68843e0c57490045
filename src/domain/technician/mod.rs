//! A person of the MSP with a login: identity and role. `sign_in` proves who it is, `link` sets a password, `limit` says
//! which tenants they see, `manage` says who has a login at all.

mod brake;
mod breached;
pub mod factor;
mod hashing;
mod limit;
mod link;
mod login_name;
mod manage;
mod own_password;
mod password;
mod permission;
mod saved_view;
mod session;
mod sign_in;
mod store;

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use sqlx::PgPool;
use time::OffsetDateTime;

pub use breached::{Breached, ListError};
pub use hashing::{Busy, PasswordHash, hash};
pub(in crate::domain) use hashing::{hash_text, verify_text};
pub use limit::{
    Choice, Limit, LimitError, MOST_TENANTS, Named, Reach, limit, named, reach, set_limit,
};
pub(super) use link::accept_by_sign_on;
pub use link::{
    LIFETIME as LINK_LIFETIME, LinkError, LinkToken, find_by_link, set_password_by_link,
};
pub use login_name::{LoginName, NotAnAddress};
pub(super) use manage::create_for_sign_on;
pub use manage::{
    AddError, ChangeError, Listed, NewTechnician, NotAName, Who, add, change_role,
    create_with_password, disable, display_name, enable, end_logins, list, reset,
};
pub use own_password::{change_own_password, has_password, prove_password};
pub use password::{
    LONGEST as LONGEST_PASSWORD, Password, PasswordError, SHORTEST as SHORTEST_PASSWORD,
};
pub use permission::Permission;
pub use saved_view::{SaveError, SavedView, remove_view, save_view, views};
pub use session::{
    OpenSession, end_other_sessions, end_session, open_sessions, sessions_of_everybody,
};
pub use sign_in::{Attempt, Device, SignInError, complete, sign_in};

use super::op::{Actor, Op, Scope};
use crate::storage::TechnicianId;

/// What a technician may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
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

    /// What it may do, for whoever gives it.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Viewer => "looks at everything and changes nothing",
            Self::Technician => "works with tenants: invites, validates, edits",
            Self::Admin => "also manages technicians and settings",
            Self::Owner => "may do everything, also disconnect all customers",
        }
    }

    /// Whether this role may give `other`, or change somebody who has it.
    pub const fn may_give(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(other, Self::Owner),
            Self::Technician | Self::Viewer => false,
        }
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
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Technician {
    pub id: TechnicianId,
    /// The login name: trimmed, lower-case.
    pub email: String,
    pub display_name: String,
    pub role: Role,
    /// Disabled technicians cannot sign in and their sessions end.
    pub disabled: bool,
    /// May see some tenants only (`limit`). An owner never is.
    pub limited: bool,
}

impl Technician {
    pub fn is_active(&self) -> bool {
        !self.disabled
    }

    /// Which tenants this technician may see.
    pub fn scope(&self) -> Scope {
        if self.limited {
            Scope::granted_to(self.id)
        } else {
            Scope::all()
        }
    }

    /// This technician as the one who acts, from a browser at `ip`.
    pub fn acting_from(&self, ip: String) -> Actor {
        Actor::Technician {
            id: self.id,
            email: self.email.clone(),
            ip,
        }
    }
}

/// Count a wrong guess by an address that was no login (an invitation link that does not exist); from the 25th within a
/// quarter of an hour on, how long that address must wait before it is listened to again.
pub async fn slow_down(op: &mut Op, ip: &str) -> Result<Option<time::Duration>, sqlx::Error> {
    let admission = brake::admit(op, &[brake::Subject::address(ip)]).await?;
    Ok(match admission {
        brake::Admission::Go(_) => None,
        brake::Admission::Wait(wait) => Some(wait),
    })
}

/// What [`slow_down`] counted was no wrong guess.
pub(super) async fn take_back(op: &mut Op, ip: &str) -> Result<(), sqlx::Error> {
    brake::take_back(op, &[brake::Subject::address(ip)]).await
}

/// End every login of this technician, in the act of a neighbour that writes the entry.
pub(super) async fn end_sessions(op: &mut Op, id: TechnicianId) -> Result<u64, sqlx::Error> {
    store::end_sessions(op, id).await
}

/// The technician with this id.
pub async fn find(op: &mut Op, id: TechnicianId) -> Result<Option<Technician>, sqlx::Error> {
    store::find(op.db(), id).await
}

/// The technician who signs in by this name.
pub async fn find_by_login_name(
    op: &mut Op,
    name: &LoginName,
) -> Result<Option<Technician>, sqlx::Error> {
    let found = store::find_by_login_name(op, name).await?;
    Ok(found.map(|(technician, _)| technician))
}

/// Forget failed logins that no longer slow anybody down; returns how many. Run by a worker.
pub async fn sweep_failures(pool: &PgPool, now: OffsetDateTime) -> Result<u64, sqlx::Error> {
    store::delete_failures(pool, now - brake::WINDOW).await
}
