//! Which tenants a technician may see: all, only some, or all but some, named one by one or by their tags. What a rule means
//! is kept in `technician_tenants` by the database, in the transaction of whoever changes a rule, a tag or a tenant.

use super::manage::{ChangeError, Who, find};
use super::{Role, store};
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::domain::tenant;
use crate::storage::{TechnicianId, TenantId};

/// More than so many are better named by a tag.
pub const MOST_TENANTS: usize = 1_000;

/// Which tenants a technician may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Limit {
    #[default]
    All,
    /// These and no others.
    Only(Choice),
    /// All but these, also those that come later.
    Except(Choice),
}

/// Tenants that have one of the tags, or are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Lower-case, sorted.
    pub tags: Vec<String>,
    pub tenants: Vec<TenantId>,
}

/// A tenant as a rule names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub id: TenantId,
    pub short_name: String,
    pub full_name: String,
}

/// How many tenants a limit leaves, of how many that are not archived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    pub seen: i64,
    pub all: i64,
}

/// Why a limit stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum LimitError {
    #[error("an owner is never limited")]
    Owner,
    #[error("nothing was chosen")]
    Empty,
    #[error("too many tenants were named")]
    TooMany,
    /// One of them is no tag.
    #[error("what was named is no tag")]
    NoSuchTag,
    /// One of them is no tenant.
    #[error("a tenant that was named is not there")]
    NoSuchTenant,
    #[error(transparent)]
    Change(#[from] ChangeError),
}

impl From<sqlx::Error> for LimitError {
    fn from(error: sqlx::Error) -> Self {
        Self::Change(error.into())
    }
}

impl Limit {
    /// As stored; none for everything.
    pub const fn kind(&self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Only(_) => Some("only"),
            Self::Except(_) => Some("except"),
        }
    }

    /// What is named; none for everything.
    pub const fn choice(&self) -> Option<&Choice> {
        match self {
            Self::All => None,
            Self::Only(choice) | Self::Except(choice) => Some(choice),
        }
    }

    fn check(&self) -> Result<(), LimitError> {
        match self.choice() {
            Some(choice) if choice.tags.is_empty() && choice.tenants.is_empty() => {
                Err(LimitError::Empty)
            }
            // What the page offers are tags; anything else was written by hand.
            Some(choice) if !choice.tags.iter().all(|tag| tenant::is_tag(tag)) => {
                Err(LimitError::NoSuchTag)
            }
            Some(choice) if choice.tenants.len() > MOST_TENANTS => Err(LimitError::TooMany),
            _ => Ok(()),
        }
    }
}

impl Role {
    /// Whether this role may say which tenants somebody of role `other` sees: an admin is limited only by an owner.
    pub const fn may_limit(self, other: Self) -> bool {
        match self {
            Self::Owner => !matches!(other, Self::Owner),
            Self::Admin => matches!(other, Self::Technician | Self::Viewer),
            Self::Technician | Self::Viewer => false,
        }
    }
}

/// The limit of one technician.
pub async fn limit(op: &mut Op, id: TechnicianId) -> Result<Limit, sqlx::Error> {
    store::limits::find(op, id).await
}

/// Limit a technician, or lift their limit; it counts from their next request on.
pub async fn set_limit(
    op: &mut Op,
    who: impl Into<Who<'_>>,
    limit: &Limit,
) -> Result<(), LimitError> {
    limit.check()?;
    let technician = find(op, who.into()).await?;
    let before = store::limits::find(op, technician.id).await?;
    if before == *limit {
        return Ok(());
    }
    let (Some(kind), Some(choice)) = (limit.kind(), limit.choice()) else {
        store::limits::delete(op, technician.id).await?;
        Entry::new("technician.limit_lifted")
            .object("technician", technician.id)
            .write(op)
            .await?;
        return Ok(());
    };
    if technician.role == Role::Owner {
        return Err(LimitError::Owner);
    }
    if named(op, &choice.tenants).await?.len() != choice.tenants.len() {
        return Err(LimitError::NoSuchTenant);
    }
    store::limits::upsert(op, technician.id, kind, choice).await?;
    let reach = reach(op, limit).await?;
    let ids: Vec<String> = choice.tenants.iter().map(ToString::to_string).collect();
    Entry::new("technician.limited")
        .object("technician", technician.id)
        .detail("kind", kind)
        .detail("tags", choice.tags.clone())
        .detail("tenants", ids)
        .detail("sees", reach.seen)
        .write(op)
        .await?;
    Ok(())
}

/// How many tenants this limit would leave now.
pub async fn reach(op: &mut Op, limit: &Limit) -> Result<Reach, sqlx::Error> {
    store::limits::reach(op, limit).await
}

/// These tenants by name, archived ones too; those that are not there are left out.
pub async fn named(op: &mut Op, tenants: &[TenantId]) -> Result<Vec<Named>, sqlx::Error> {
    store::limits::named(op, tenants).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_is_limited_by_an_owner_alone_and_an_owner_by_nobody() {
        for by in Role::ALL {
            assert!(!by.may_limit(Role::Owner), "{by}");
        }
        assert!(Role::Owner.may_limit(Role::Admin));
        assert!(!Role::Admin.may_limit(Role::Admin));
        assert!(Role::Admin.may_limit(Role::Technician) && Role::Admin.may_limit(Role::Viewer));
        assert!(!Role::Technician.may_limit(Role::Viewer));
    }

    #[test]
    fn a_limit_that_names_nothing_is_none() {
        assert!(matches!(
            Limit::Only(Choice::default()).check(),
            Err(LimitError::Empty)
        ));
        assert!(matches!(
            Limit::Except(Choice::default()).check(),
            Err(LimitError::Empty)
        ));
        assert!(Limit::All.check().is_ok());
    }
}
