//! "Validate Authentication": live checks of a tenant's standing. The refresh of every resource goes through the same
//! protocol as ever, so its result counts; the rest only looks.

mod app_only;
mod graph;
mod permissions;
mod sign_in;

use std::sync::Arc;

use super::core::{Core, Shared};
use super::look;
use super::message::{Check, CheckKind, CheckOutcome, Refusal};
use super::refresh::{Line, Report, Wish, refresh};
use super::resource::Resource;
use super::seal::Purpose;
use super::store::connections::{self, Connection};
use super::store::facts;
use super::store::records::Subject;
use super::store::tokens;
use super::trouble::Trouble;
use crate::storage::{ConnectionId, TenantId};

/// Run all checks, in the order shown.
pub async fn validate(
    core: &Shared,
    tenant_id: TenantId,
) -> Result<(ConnectionId, Vec<Check>), Trouble> {
    let connection = connections::load_current(&core.pool, tenant_id).await?;
    let connection = connection.ok_or(Refusal::NotThere)?;
    if connection.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    let id = connection.id;
    let report = match refresh(core, tenant_id, id, Wish::All).await {
        Ok(report) => report,
        Err(Trouble::Refused(Refusal::Quarantined)) => return Ok((id, quarantined())),
        Err(trouble) => return Err(trouble),
    };
    if let Some(refusal @ Refusal::TryLater { .. }) = &report.refusal {
        return Err(refusal.clone().into());
    }
    if report.refusal == Some(Refusal::Quarantined) {
        return Ok((id, quarantined()));
    }
    let mut checks: Vec<Check> = report.lines.iter().map(refreshed).collect();
    checks.extend(if connection.app_only {
        app_only::looks(core, &connection, &report).await?
    } else {
        looks(core, &connection, &report).await?
    });
    // Whoever validates wants to know: what Microsoft tells besides is looked up anew.
    facts::want(&core.pool, tenant_id, core.clock.now()).await?;
    core.looks_wanted.notify_one();
    look::after_validation(core, &connection).await;
    Ok((id, checks))
}

async fn looks(
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
    let Some(token) = graph_token(core, connection, report).await? else {
        return without_graph(core, connection, report).await;
    };
    let look = graph::Look {
        core,
        subject,
        token: &token,
    };
    Ok(vec![
        look.tenant(connection).await?,
        look.account(connection).await?,
        permissions::check(core, connection, report).await?,
        look.roles().await?,
        sign_in::check(core, connection).await?,
        look.enterprise_application(connection).await?,
    ])
}

async fn without_graph(
    core: &Core,
    connection: &Connection,
    report: &Arc<Report>,
) -> Result<Vec<Check>, Trouble> {
    let skipped = |kind| {
        let why = "Microsoft Graph gave no access token, so this could not be looked at.";
        check(kind, CheckOutcome::Skipped, why)
    };
    Ok(vec![
        skipped(CheckKind::Tenant),
        skipped(CheckKind::Account),
        permissions::check(core, connection, report).await?,
        skipped(CheckKind::Roles),
        sign_in::check(core, connection).await?,
        skipped(CheckKind::EnterpriseApplication),
    ])
}

/// Graph's access token as the refresh has just stored it; it counts as used.
async fn graph_token(
    core: &Core,
    connection: &Connection,
    report: &Report,
) -> Result<Option<secrecy::SecretString>, Trouble> {
    let works = |line: &&Line| line.resource == Resource::Graph && line.valid;
    if !report.lines.iter().any(|line| works(&line)) {
        return Ok(None);
    }
    let (tenant_id, id) = (connection.tenant_id, connection.id);
    let Some(found) = tokens::valid(&core.pool, tenant_id, id, Resource::Graph).await? else {
        return Ok(None);
    };
    let row_id = tokens::row_id(id, Resource::Graph);
    let place = tokens::place(tenant_id, &row_id, found.acquired_at);
    let token = core
        .vault
        .open_text(Purpose::AccessToken, &place, &found.ct)
        .await?;
    tokens::touch(&core.pool, tenant_id, id, Resource::Graph, core.clock.now()).await?;
    Ok(Some(token))
}

fn refreshed(line: &Line) -> Check {
    let name = line.resource.name();
    let failed = line.failure.as_ref();
    let error_id = failed.and_then(|(_, _, noted)| noted.as_ref().map(|noted| noted.id));
    let (outcome, detail) = match (line.valid && failed.is_none(), line.required) {
        (true, _) => (
            CheckOutcome::Passed,
            format!("{name}: a fresh token was acquired."),
        ),
        (false, true) => (CheckOutcome::Failed, format!("{name}: {}", why(line))),
        (false, false) => (
            CheckOutcome::Warning,
            format!("{name} (optional): {}", why(line)),
        ),
    };
    Check {
        check: CheckKind::Refresh,
        outcome,
        detail,
        error_id,
    }
}

fn why(line: &Line) -> String {
    match &line.failure {
        Some((_, failure, _)) => match failure.code() {
            Some(code) => format!("Microsoft refused the refresh (AADSTS{code})."),
            None => format!("no token was acquired ({}).", failure.meaning.as_str()),
        },
        None => "it was not asked for, because the refresh before it failed.".to_owned(),
    }
}

fn quarantined() -> Vec<Check> {
    vec![check(
        CheckKind::Refresh,
        CheckOutcome::Failed,
        "The stored token does not open with this installation's keys, or became somebody else's. It was set aside and left untouched.",
    )]
}

fn check(check: CheckKind, outcome: CheckOutcome, detail: impl Into<String>) -> Check {
    Check {
        check,
        outcome,
        detail: detail.into(),
        error_id: None,
    }
}
