//! Do the permissions that came with the tokens cover those that we need.

use super::check as line;
use crate::keeper::core::Core;
use crate::keeper::message::{Check, CheckKind, CheckOutcome};
use crate::keeper::permission_set::{Kind, PermissionSet};
use crate::keeper::refresh::Report;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::tokens;
use crate::keeper::trouble::Trouble;

/// Compare per resource that works; one that does not has failed already.
pub(super) async fn check(
    core: &Core,
    connection: &Connection,
    report: &Report,
) -> Result<Check, Trouble> {
    let set = PermissionSet::load(&core.pool).await?;
    let rows = tokens::list(&core.pool, connection.tenant_id, connection.id).await?;
    let works = |row: &&tokens::TokenRow| {
        let line = report
            .lines
            .iter()
            .find(|line| line.resource == row.resource);
        line.is_some_and(|line| line.valid)
    };
    let mut lacking = Vec::new();
    let mut covered = Vec::new();
    for row in rows.iter().filter(works) {
        let missing = set.missing(row.resource, Kind::Delegated, &row.scopes);
        if missing.is_empty() {
            covered.push(row.resource.name());
        } else {
            lacking.push(format!(
                "{} lacks {}",
                row.resource.name(),
                missing.join(", ")
            ));
        }
    }
    Ok(if !lacking.is_empty() {
        let detail = format!("{}. An administrator has to consent.", lacking.join("; "));
        line(CheckKind::Permissions, CheckOutcome::Failed, detail)
    } else if covered.is_empty() {
        let detail = "No resource works, so no granted permission is known.";
        line(CheckKind::Permissions, CheckOutcome::Skipped, detail)
    } else {
        let detail = format!(
            "All needed permissions are granted for {}.",
            covered.join(", ")
        );
        line(CheckKind::Permissions, CheckOutcome::Passed, detail)
    })
}
