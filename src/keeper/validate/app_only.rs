//! The checks of a standing of the application itself: nobody signed in, so there is no account to look at; instead the
//! application permissions and the credential count.

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{check as line, graph, graph_token};
use crate::keeper::core::Core;
use crate::keeper::message::{Check, CheckKind, CheckOutcome};
use crate::keeper::permission_set::{Kind, PermissionSet};
use crate::keeper::refresh::Report;
use crate::keeper::resource::Resource;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::records::Subject;
use crate::keeper::store::tokens;
use crate::keeper::trouble::Trouble;

/// From here on the end of a credential is worth a warning, days.
const SOON: i64 = 30;

/// In the order shown.
pub(super) async fn looks(
    core: &Core,
    connection: &Connection,
    report: &Arc<Report>,
) -> Result<Vec<Check>, Trouble> {
    let subject = Subject {
        tenant_id: connection.tenant_id,
        connection_id: Some(connection.id),
        flow_id: None,
        resource: Some(Resource::Graph),
    };
    let token = graph_token(core, connection, report).await?;
    let look = token.as_ref().map(|token| graph::Look {
        core,
        subject,
        token,
    });
    let (tenant, application, permissions) = match &look {
        Some(look) => {
            let (application, principal) = look.own_application(connection).await?;
            let permissions = match principal {
                Some(id) => assigned(look, core, connection, id).await?,
                None => unseen(CheckKind::Permissions),
            };
            (look.tenant(connection).await?, application, permissions)
        }
        None => (
            unseen(CheckKind::Tenant),
            unseen(CheckKind::EnterpriseApplication),
            carried(core, connection, report).await?,
        ),
    };
    let app = core.app.of(core, connection.app_registration_id).await?;
    let ends_at = app.and_then(|app| app.ends_at);
    Ok(vec![
        tenant,
        nobody(CheckKind::Account, "no account is behind this standing"),
        permissions,
        nobody(CheckKind::Roles, "no account needs a role"),
        nobody(CheckKind::SignIn, "nobody signs in"),
        application,
        credential(ends_at, core.clock.now()),
    ])
}

fn unseen(kind: CheckKind) -> Check {
    let why = "Microsoft Graph gave no answer that would tell.";
    line(kind, CheckOutcome::Skipped, why)
}

fn nobody(kind: CheckKind, why: &str) -> Check {
    let detail = format!("Not applicable: the application itself is let in, {why}.");
    line(kind, CheckOutcome::NotApplicable, detail)
}

/// The application permissions granted in the directory against those that the set needs.
async fn assigned(
    look: &graph::Look<'_>,
    core: &Core,
    connection: &Connection,
    principal: Uuid,
) -> Result<Check, Trouble> {
    let mut lacking = Vec::new();
    let mut covered = Vec::new();
    let set = PermissionSet::load(&core.pool).await?;
    for row in tokens::list(&core.pool, connection.tenant_id, connection.id).await? {
        if set.of(row.resource, Kind::Application).is_empty() {
            continue;
        }
        match look.granted_as_app(principal, row.resource).await? {
            Ok(granted) => {
                let missing = missing(&set, row.resource, &granted);
                if missing.is_empty() {
                    covered.push(row.resource.name());
                } else {
                    let name = row.resource.name();
                    lacking.push(format!("{name} lacks {}", missing.join(", ")));
                }
            }
            Err(check) => return Ok(check),
        }
    }
    Ok(compared(&lacking, &covered))
}

/// What the directory does not grant; here an empty list says that nothing is granted.
fn missing<'a>(set: &'a PermissionSet, resource: Resource, granted: &[String]) -> Vec<&'a str> {
    let all = set.of(resource, Kind::Application).into_iter();
    all.map(|need| need.name.as_str())
        .filter(|name| !granted.iter().any(|one| one.eq_ignore_ascii_case(name)))
        .collect()
}

/// Without Graph: what the tokens that were acquired carry.
async fn carried(core: &Core, connection: &Connection, report: &Report) -> Result<Check, Trouble> {
    let set = PermissionSet::load(&core.pool).await?;
    let rows = tokens::list(&core.pool, connection.tenant_id, connection.id).await?;
    let works = |row: &&tokens::TokenRow| {
        let mut lines = report.lines.iter();
        lines.any(|line| line.resource == row.resource && line.valid)
    };
    let mut lacking = Vec::new();
    let mut covered = Vec::new();
    for row in rows.iter().filter(works) {
        let missing = set.missing(row.resource, Kind::Application, &row.scopes);
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
    Ok(compared(&lacking, &covered))
}

fn compared(lacking: &[String], covered: &[&str]) -> Check {
    let kind = CheckKind::Permissions;
    if !lacking.is_empty() {
        let detail = format!(
            "{} (application permissions). A Global Administrator has to consent.",
            lacking.join("; ")
        );
        return line(kind, CheckOutcome::Failed, detail);
    }
    if covered.is_empty() {
        let detail = "No granted application permission is known.";
        return line(kind, CheckOutcome::Skipped, detail);
    }
    let detail = format!(
        "All needed application permissions are granted for {}.",
        covered.join(", ")
    );
    line(kind, CheckOutcome::Passed, detail)
}

/// Days left of what the standing lives by.
fn credential(ends_at: Option<OffsetDateTime>, now: OffsetDateTime) -> Check {
    let kind = CheckKind::Credential;
    let Some(end) = ends_at else {
        let detail = "No end date is stored for the secret: read it at Microsoft and store it.";
        return line(kind, CheckOutcome::Warning, detail);
    };
    let days = (end - now).whole_days();
    let detail = match days {
        _ if end <= now => "The secret or certificate has ended.".to_owned(),
        1 => "The secret or certificate ends in 1 day.".to_owned(),
        days => format!("The secret or certificate ends in {days} days."),
    };
    let outcome = match days {
        _ if end <= now => CheckOutcome::Failed,
        ..SOON => CheckOutcome::Warning,
        _ => CheckOutcome::Passed,
    };
    line(kind, outcome, detail)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn a_credential_warns_a_month_ahead_and_fails_at_its_end() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let outcome = |days| credential(Some(now + Duration::days(days)), now).outcome;
        assert_eq!(outcome(30), CheckOutcome::Passed);
        assert_eq!(outcome(29), CheckOutcome::Warning);
        assert_eq!(outcome(0), CheckOutcome::Failed);
        assert_eq!(credential(None, now).outcome, CheckOutcome::Warning);
    }
}
