//! Who has a login: adding, listing, resetting, disabling. Nobody sets another's password; they hand over a one-time link.

use time::OffsetDateTime;

use super::hashing::PasswordHash;
use super::link::{self, LinkToken};
use super::{LoginName, Role, Technician, store};
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::Op;
use crate::storage::{TechnicianId, Violation, violation};

/// Somebody who is to get a login.
#[derive(Clone, Debug)]
pub struct NewTechnician {
    pub email: LoginName,
    pub display_name: String,
    pub role: Role,
}

/// The text is no name of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a name of 1 to 100 characters")]
pub struct NotAName;

/// As colleagues and customers read it.
pub fn display_name(typed: &str) -> Result<String, NotAName> {
    let name = typed.trim();
    if name.is_empty() || name.chars().count() > 100 || plain(name) != name {
        return Err(NotAName);
    }
    Ok(name.to_owned())
}

/// Why nobody was added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error("a technician with this e-mail address exists already")]
    Exists,
    #[error(transparent)]
    Database(sqlx::Error),
}

impl From<sqlx::Error> for AddError {
    fn from(error: sqlx::Error) -> Self {
        match violation(&error) {
            Some(Violation::Unique("technicians_email_key")) => Self::Exists,
            _ => Self::Database(error),
        }
    }
}

/// Whom a change concerns.
#[derive(Clone, Copy, Debug)]
pub enum Who<'a> {
    Name(&'a LoginName),
    Id(TechnicianId),
}

impl<'a> From<&'a LoginName> for Who<'a> {
    fn from(name: &'a LoginName) -> Self {
        Self::Name(name)
    }
}

impl From<TechnicianId> for Who<'_> {
    fn from(id: TechnicianId) -> Self {
        Self::Id(id)
    }
}

/// Why a technician stays as they are.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("there is no such technician")]
    NotFound,
    #[error("this technician is disabled")]
    Disabled,
    #[error("this is the last active owner; make another one first")]
    LastOwner,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A technician in the list.
#[derive(Clone, Debug)]
pub struct Listed {
    pub technician: Technician,
    /// Whether the one-time link was used.
    pub has_password: bool,
    /// Whether an account of the sign-on provider is tied to the login.
    pub has_sign_on: bool,
    pub last_login_at: Option<OffsetDateTime>,
}

/// Everybody, by e-mail.
pub async fn list(op: &mut Op) -> Result<Vec<Listed>, sqlx::Error> {
    store::list(op).await
}

/// Add a technician; the link sets the first password.
pub async fn add(op: &mut Op, new: &NewTechnician) -> Result<(Technician, LinkToken), AddError> {
    let technician = insert(op, new, None).await?;
    let link = link::issue(op, technician.id).await?;
    Ok((technician, link))
}

/// Add a technician whose password is known: the demo's, which prints it.
pub async fn create_with_password(
    op: &mut Op,
    new: &NewTechnician,
    hash: &PasswordHash,
) -> Result<Technician, AddError> {
    insert(op, new, Some(hash)).await
}

/// Add a technician without a password, who comes in on a provider's word.
pub(in crate::domain) async fn create_for_sign_on(
    op: &mut Op,
    new: &NewTechnician,
) -> Result<Technician, AddError> {
    insert(op, new, None).await
}

async fn insert(
    op: &mut Op,
    new: &NewTechnician,
    hash: Option<&PasswordHash>,
) -> Result<Technician, AddError> {
    let id = TechnicianId::new();
    let technician = store::insert(op, id, new, hash.map(PasswordHash::as_phc)).await?;
    Entry::new("technician.added")
        .object("technician", id)
        .detail("email", new.email.as_str())
        .detail("role", new.role.as_str())
        .write(op)
        .await?;
    Ok(technician)
}

/// Forget the password, end every login and make a new link.
pub async fn reset(
    op: &mut Op,
    who: impl Into<Who<'_>>,
) -> Result<(Technician, LinkToken), ChangeError> {
    let technician = find(op, who.into()).await?;
    if technician.disabled {
        return Err(ChangeError::Disabled);
    }
    store::forget_password(op, technician.id).await?;
    store::end_sessions(op, technician.id).await?;
    let link = link::issue(op, technician.id).await?;
    Entry::new("technician.reset")
        .object("technician", technician.id)
        .write(op)
        .await?;
    Ok((technician, link))
}

/// Take the login away: sessions and links end, the history stays.
pub async fn disable(op: &mut Op, who: impl Into<Who<'_>>) -> Result<Technician, ChangeError> {
    let technician = find(op, who.into()).await?;
    refuse_for_last_owner(op, &technician).await?;
    store::set_state(op, technician.id, "disabled").await?;
    store::end_sessions(op, technician.id).await?;
    store::delete_links(op, technician.id).await?;
    Entry::new("technician.disabled")
        .object("technician", technician.id)
        .write(op)
        .await?;
    Ok(Technician {
        disabled: true,
        ..technician
    })
}

/// Give a disabled technician the login back, with the password they had.
pub async fn enable(op: &mut Op, who: impl Into<Who<'_>>) -> Result<Technician, ChangeError> {
    let technician = find(op, who.into()).await?;
    store::set_state(op, technician.id, "active").await?;
    Entry::new("technician.enabled")
        .object("technician", technician.id)
        .write(op)
        .await?;
    Ok(Technician {
        disabled: false,
        ..technician
    })
}

/// Somebody's new role.
#[derive(Debug)]
pub struct RoleChange {
    pub technician: Technician,
    /// They were limited to some tenants, and an owner never is; it does not come back with a lesser role.
    pub limit_lifted: bool,
}

/// Give another role; it counts from their next request on.
pub async fn change_role(
    op: &mut Op,
    who: impl Into<Who<'_>>,
    role: Role,
) -> Result<RoleChange, ChangeError> {
    let technician = find(op, who.into()).await?;
    if technician.role == role {
        return Ok(RoleChange {
            technician,
            limit_lifted: false,
        });
    }
    refuse_for_last_owner(op, &technician).await?;
    store::set_role(op, technician.id, role).await?;
    store::renew_sessions(op, technician.id).await?;
    // An owner is never limited.
    let limit_lifted = role == Role::Owner && store::limits::delete(op, technician.id).await?;
    let mut entry = Entry::new("technician.role_changed").object("technician", technician.id);
    if limit_lifted {
        entry = entry.detail("limit_lifted", true);
    }
    entry
        .detail("from", technician.role.as_str())
        .detail("to", role.as_str())
        .write(op)
        .await?;
    let technician = Technician {
        role,
        limited: technician.limited && !limit_lifted,
        ..technician
    };
    Ok(RoleChange {
        technician,
        limit_lifted,
    })
}

/// End every login; the password stays. Gives how many there were.
pub async fn end_logins(op: &mut Op, who: impl Into<Who<'_>>) -> Result<u64, ChangeError> {
    let technician = find(op, who.into()).await?;
    let ended = store::end_sessions(op, technician.id).await?;
    Entry::new("technician.logins_ended")
        .object("technician", technician.id)
        .detail("logins", ended.to_string())
        .write(op)
        .await?;
    Ok(ended)
}

async fn refuse_for_last_owner(op: &mut Op, technician: &Technician) -> Result<(), ChangeError> {
    let owns = technician.role == Role::Owner && technician.is_active();
    if owns && store::count_active_owners(op).await? <= 1 {
        return Err(ChangeError::LastOwner);
    }
    Ok(())
}

pub(super) async fn find(op: &mut Op, who: Who<'_>) -> Result<Technician, ChangeError> {
    let found = match who {
        Who::Id(id) => store::find(op.db(), id).await?,
        Who::Name(name) => store::find_by_login_name(op, name)
            .await?
            .map(|(technician, _)| technician),
    };
    found.ok_or(ChangeError::NotFound)
}
