//! The import itself: in one transaction, from fates decided in it.

use std::collections::BTreeMap;

use super::super::change::changed_fields;
use super::super::{NewTenant, Tenant, store};
use super::fate::{Fate, Plan, Totals};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::storage::{TenantId, Violation, violation};

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Somebody limited to some tenants adds none.
    #[error("this takes somebody who may see every tenant")]
    Limited,
    /// Rows were refused, and it was not said that they be left out.
    #[error("some rows were refused")]
    Refused,
    /// Somebody changed or added one of these tenants at this moment.
    #[error("the tenants have changed in the meantime")]
    Stale,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done(pub Totals);

/// Do what the plan says. It must have been made in this unit of work; whoever changed a tenant since is noticed.
pub async fn run(
    op: &mut Op,
    scope: Scope,
    plan: &Plan,
    leave_refused_out: bool,
) -> Result<Done, ImportError> {
    if !scope.is_all() {
        return Err(ImportError::Limited);
    }
    let totals = plan.totals();
    if totals.refused > 0 && !leave_refused_out {
        return Err(ImportError::Refused);
    }
    let mut added: Vec<(TenantId, &NewTenant)> = Vec::new();
    let mut edited: Vec<(&Tenant, &NewTenant)> = Vec::new();
    for row in &plan.rows {
        match &row.fate {
            Fate::New(tenant) => added.push((TenantId::new(), tenant)),
            Fate::Changed { before, after, .. } => edited.push((before, after)),
            Fate::Unchanged | Fate::Refused(_) => {}
        }
    }
    store::import::insert_many(op, &added)
        .await
        .map_err(by_constraint)?;
    let touched = store::import::update_many(op, scope, &edited)
        .await
        .map_err(by_constraint)?;
    if usize::try_from(touched) != Ok(edited.len()) {
        return Err(ImportError::Stale);
    }
    // What stays as it is costs nothing: whatever changes is worked out anew for each tenant.
    let with = |field: &str| -> Vec<(TenantId, &NewTenant)> {
        let changed = edited
            .iter()
            .filter(|(before, after)| changed_fields(before, after).contains(&field))
            .map(|(before, after)| (before.id, *after));
        added.iter().copied().chain(changed).collect()
    };
    store::import::replace_tags(op, &with("tags")).await?;
    store::import::replace_resources(op, &with("resources")).await?;
    note(op, &added, &edited, totals).await?;
    Ok(Done(totals))
}

/// An entry for each tenant, and one for the file.
async fn note(
    op: &mut Op,
    added: &[(TenantId, &NewTenant)],
    edited: &[(&Tenant, &NewTenant)],
    totals: Totals,
) -> Result<(), sqlx::Error> {
    let objects: Vec<_> = added.iter().map(|(id, _)| (*id, id.as_uuid())).collect();
    Entry::new("tenant.added")
        .detail("by", "import")
        .write_each(op, "tenant", &objects)
        .await?;
    let mut alike: BTreeMap<Vec<&'static str>, Vec<_>> = BTreeMap::new();
    for (before, after) in edited {
        let same = alike.entry(changed_fields(before, after)).or_default();
        same.push((before.id, before.id.as_uuid()));
    }
    for (fields, objects) in alike {
        Entry::new("tenant.edited")
            .detail("by", "import")
            .detail("changed", fields)
            .write_each(op, "tenant", &objects)
            .await?;
    }
    Entry::new("tenants.imported")
        .detail("new", totals.new)
        .detail("changed", totals.changed)
        .detail("unchanged", totals.unchanged)
        .detail("refused", totals.refused)
        .write(op)
        .await
}

fn by_constraint(error: sqlx::Error) -> ImportError {
    match violation(&error) {
        Some(Violation::Unique("tenants_short_name_key")) => ImportError::Stale,
        _ => ImportError::Database(error),
    }
}
