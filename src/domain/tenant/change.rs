//! Add a tenant, or change what the MSP knows of it.

use super::input::{FieldError, NewTenant};
use super::{Tenant, store};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::storage::{TenantId, Violation, violation};

/// Why a tenant was not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Another tenant, perhaps an archived one, has this short name; holds a free one that looks like it.
    #[error("the short name is taken")]
    ShortNameTaken { free: Option<String> },
    /// Somebody else changed the tenant since it was read.
    #[error("the tenant has changed in the meantime")]
    Stale,
    /// Whoever is limited to some tenants adds none, and changes neither a name that must be unique among all nor the tags by
    /// which people are limited; holds the field.
    #[error("this takes somebody who may see every tenant")]
    Limited(&'static str),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl ChangeError {
    /// The field a person can correct, when there is one.
    pub fn field_error(&self) -> Option<FieldError> {
        match self {
            Self::ShortNameTaken { free: Some(free) } => Some(FieldError::new(
                "short_name",
                format!("Another tenant has this short name. {free} is free."),
            )),
            Self::ShortNameTaken { free: None } => Some(FieldError::new(
                "short_name",
                "Another tenant has this short name. Choose another.",
            )),
            Self::Limited(field) => Some(FieldError::new(
                field,
                "You are limited to some tenants. Ask somebody without a limit to change this.",
            )),
            Self::Stale | Self::Database(_) => None,
        }
    }
}

/// Add a tenant that is not connected yet. The installation's whole scope is needed: nobody limited to some tenants adds one.
pub async fn add(op: &mut Op, scope: Scope, tenant: &NewTenant) -> Result<TenantId, ChangeError> {
    if !scope.is_all() {
        return Err(ChangeError::Limited("short_name"));
    }
    // Looked up before the insert, because a failed statement ends the transaction; the constraint settles a race.
    refuse_taken(op, tenant, None).await?;
    let id = TenantId::new();
    store::insert(op, id, tenant).await.map_err(by_constraint)?;
    store::replace_details(op, id, tenant).await?;
    Entry::new("tenant.added")
        .tenant(id)
        .object("tenant", id)
        .detail("short_name", tenant.short_name.as_str())
        .write(op)
        .await?;
    Ok(id)
}

/// Change names, addresses, tags and resource set of the tenant as it was read into `before`; if it has changed since, nothing
/// is written. Nor is it when the two are the same: then it stays the version that it was.
pub async fn edit(
    op: &mut Op,
    scope: Scope,
    before: &Tenant,
    after: &NewTenant,
) -> Result<(), ChangeError> {
    let changed = changed_fields(before, after);
    if changed.is_empty() {
        return Ok(());
    }
    refuse_beyond_reach(scope, before, after)?;
    refuse_taken(op, after, Some(before.id)).await?;
    let touched = store::update(op, scope, before, after)
        .await
        .map_err(by_constraint)?;
    if touched != 1 {
        return Err(ChangeError::Stale);
    }
    store::replace_details(op, before.id, after).await?;
    Entry::new("tenant.edited")
        .tenant(before.id)
        .object("tenant", before.id)
        .detail("changed", changed)
        .write(op)
        .await?;
    Ok(())
}

/// The fields in which the two differ.
pub(super) fn changed_fields(before: &Tenant, after: &NewTenant) -> Vec<&'static str> {
    let pairs = [
        ("short_name", before.short_name != after.short_name),
        ("full_name", before.full_name != after.full_name),
        ("domain", before.domain != after.domain),
        (
            "invitation_email",
            before.invitation_email != after.invitation_email,
        ),
        (
            "admin_username",
            before.admin_username != after.admin_username,
        ),
        ("tags", before.tags != after.tags),
        ("resources", before.resources != after.resources),
    ];
    pairs
        .iter()
        .filter(|(_, changed)| *changed)
        .map(|(field, _)| *field)
        .collect()
}

fn refuse_beyond_reach(
    scope: Scope,
    before: &Tenant,
    after: &NewTenant,
) -> Result<(), ChangeError> {
    if scope.technician().is_none() {
        return Ok(());
    }
    if before.short_name != after.short_name {
        return Err(ChangeError::Limited("short_name"));
    }
    if before.tags != after.tags {
        return Err(ChangeError::Limited("tags"));
    }
    Ok(())
}

async fn refuse_taken(
    op: &mut Op,
    tenant: &NewTenant,
    own: Option<TenantId>,
) -> Result<(), ChangeError> {
    match store::id_of_short_name(op, &tenant.short_name).await? {
        Some(id) if Some(id) != own => Err(ChangeError::ShortNameTaken {
            free: store::free_short_name(op, &tenant.short_name).await?,
        }),
        _ => Ok(()),
    }
}

/// What a lost race says; the failed statement has ended the transaction, so no free name can be looked up.
fn by_constraint(error: sqlx::Error) -> ChangeError {
    match violation(&error) {
        Some(Violation::Unique("tenants_short_name_key")) => {
            ChangeError::ShortNameTaken { free: None }
        }
        _ => ChangeError::Database(error),
    }
}
