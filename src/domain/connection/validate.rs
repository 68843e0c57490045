//! "Validate Authentication": have the keeper run its live checks, then record what was seen. Nothing is held open while
//! Microsoft is asked.

use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::store;
use crate::clock::Clock;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::tenant;
use crate::keeper::client::{Client, Unavailable};
use crate::keeper::message::{Check, CheckOutcome, Refusal, Reply, Request};
use crate::storage::{ConnectionId, TechnicianId, TenantId, ValidationId};

/// One run of the live checks.
#[derive(Clone, Debug)]
pub struct Validation {
    pub id: ValidationId,
    pub connection_id: ConnectionId,
    pub at: OffsetDateTime,
    /// Who ran it; empty when no technician did.
    pub technician: String,
    /// No check failed.
    pub passed: bool,
    /// In the order shown.
    pub checks: Vec<Check>,
}

/// Why no checks were run.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    #[error("no such tenant")]
    NotFound,
    /// Nothing to validate: there is no connection.
    #[error("not connected")]
    NotConnected,
    #[error("the tenant is suspended")]
    Suspended,
    /// Our app registration has no usable credential.
    #[error("no usable app registration")]
    NoApp,
    /// The stored token cannot be opened.
    #[error("the stored token cannot be opened")]
    Quarantined,
    /// Microsoft cannot be asked right now.
    #[error("Microsoft cannot be reached right now")]
    TryLater { retry_after_s: Option<u64> },
    #[error(transparent)]
    Keeper(#[from] Unavailable),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Run the live checks on a tenant's current connection and record them, in the name of who began `look`.
pub async fn validate(
    mut look: Op,
    pool: &PgPool,
    clock: &Clock,
    keeper: &Client,
    scope: Scope,
    tenant: TenantId,
) -> Result<Validation, ValidateError> {
    let known = tenant::find(&mut look, scope, tenant).await?;
    known.ok_or(ValidateError::NotFound)?;
    let (actor, request_id) = (look.actor().clone(), look.request_id().to_owned());
    // Given back before Microsoft is asked, which may take a minute.
    drop(look);
    let reply = keeper
        .ask(Request::Validate {
            tenant_id: tenant.as_uuid(),
        })
        .await?;
    let mut op = Op::begin_within(pool, clock, actor, scope)
        .await?
        .for_request(&request_id);
    let (connection_id, checks) = match reply {
        Reply::Validated {
            connection_id,
            checks,
        } => (ConnectionId::from(connection_id), checks),
        Reply::Refused(refusal) => {
            record_refusal(&mut op, tenant, &refusal).await?;
            op.commit().await?;
            return Err(refused(&refusal));
        }
        _ => return Err(Unavailable.into()),
    };
    let validation = Validation {
        id: ValidationId::new(),
        connection_id,
        at: op.now(),
        technician: technician_name(op.actor()),
        passed: !checks.iter().any(|c| c.outcome == CheckOutcome::Failed),
        checks,
    };
    record(&mut op, tenant, &validation).await?;
    op.commit().await?;
    Ok(validation)
}

/// One run by its id; none when it is another tenant's.
pub async fn find_validation(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    id: ValidationId,
) -> Result<Option<Validation>, sqlx::Error> {
    store::validation(op, scope, tenant, id).await
}

async fn record(op: &mut Op, tenant: TenantId, validation: &Validation) -> Result<(), sqlx::Error> {
    let technician = op.actor().technician().map(TechnicianId::as_uuid);
    store::insert_validation(op, tenant, validation, technician).await?;
    let failed: Vec<_> = validation
        .checks
        .iter()
        .filter(|check| check.outcome == CheckOutcome::Failed)
        .map(|check| json!(check.check))
        .collect();
    Entry::new("connection.validated")
        .tenant(tenant)
        .object("connection", validation.connection_id)
        .outcome(if validation.passed {
            Outcome::Done
        } else {
            Outcome::Failed
        })
        .detail("failed_checks", failed)
        .write(op)
        .await
}

async fn record_refusal(
    op: &mut Op,
    tenant: TenantId,
    refusal: &Refusal,
) -> Result<(), sqlx::Error> {
    Entry::new("connection.validated")
        .tenant(tenant)
        .object("tenant", tenant)
        .outcome(Outcome::Failed)
        .detail("refused", refusal.to_string())
        .write(op)
        .await
}

fn refused(refusal: &Refusal) -> ValidateError {
    match refusal {
        Refusal::NotThere
        | Refusal::NeedsPerson { .. }
        | Refusal::TtlTooLong { .. }
        | Refusal::BadChallenge => ValidateError::NotConnected,
        Refusal::Suspended => ValidateError::Suspended,
        Refusal::NoApp => ValidateError::NoApp,
        Refusal::Quarantined => ValidateError::Quarantined,
        Refusal::TryLater { retry_after_s } => ValidateError::TryLater {
            retry_after_s: *retry_after_s,
        },
        Refusal::Trouble { .. } | Refusal::Busy | Refusal::NotUnderstood => {
            ValidateError::Keeper(Unavailable)
        }
    }
}

fn technician_name(actor: &Actor) -> String {
    match actor {
        Actor::Technician { email, .. } => email.clone(),
        Actor::Key { name, .. } => name.clone(),
        _ => String::new(),
    }
}
