//! "Validate Authentication": have the keeper run its live checks, then record what was seen. Nothing is held open while
//! Microsoft is asked.

use std::time::Duration;

use serde_json::json;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::store;
use crate::clock::Clock;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::tenant;
use crate::keeper::Join;
use crate::keeper::client::{Client, Unavailable};
use crate::keeper::message::{Check, CheckOutcome, Refusal, Reply, Request};
use crate::storage::{ConnectionId, TechnicianId, TenantId, ValidationId};

/// Runs at once, of one process, to which a script may add one: the limit of requests to Microsoft is for renewals first.
const MOST_OF_SCRIPTS: usize = 16;
/// Whoever waits for another's run.
const PATIENCE: Duration = Duration::from_mins(1);

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
    look: Op,
    pool: &PgPool,
    clock: &Clock,
    keeper: &Client,
    scope: Scope,
    tenant: TenantId,
) -> Result<Validation, ValidateError> {
    let asking = Asking::of(look, (pool, clock, keeper), scope, tenant).await?;
    // A person who presses the button wants a look of their own, but a script may wait for it.
    let _going = keeper.join_validation(tenant.as_uuid(), usize::MAX);
    asking.run().await
}

/// The same for scripts, which may come in crowds: whoever comes while a run is under way here is given its result.
pub async fn validate_or_join(
    look: Op,
    pool: &PgPool,
    clock: &Clock,
    keeper: &Client,
    scope: Scope,
    tenant: TenantId,
) -> Result<Validation, ValidateError> {
    let came_at = look.now();
    let asking = Asking::of(look, (pool, clock, keeper), scope, tenant).await?;
    for _ in 0..2 {
        match keeper.join_validation(tenant.as_uuid(), MOST_OF_SCRIPTS) {
            None => break,
            Some(Join::Go(_going)) => return asking.run().await,
            Some(Join::Wait(mut back)) => {
                let _ = tokio::time::timeout(PATIENCE, back.changed()).await;
                let mut op = asking.begin().await?;
                let last = store::last_validation(&mut op, scope, tenant).await?;
                // None when whoever went was refused; then this one goes to be told why.
                if let Some(found) = last.filter(|last| last.at >= came_at) {
                    return Ok(found);
                }
            }
        }
    }
    Err(ValidateError::TryLater {
        retry_after_s: Some(5),
    })
}

/// Who asks for the checks of which tenant, with what it takes.
struct Asking<'a> {
    pool: &'a PgPool,
    clock: &'a Clock,
    keeper: &'a Client,
    scope: Scope,
    tenant: TenantId,
    actor: Actor,
    request_id: String,
}

impl<'a> Asking<'a> {
    /// Of whoever began `look`, which is given back before Microsoft is asked: that may take a minute.
    async fn of(
        mut look: Op,
        (pool, clock, keeper): (&'a PgPool, &'a Clock, &'a Client),
        scope: Scope,
        tenant: TenantId,
    ) -> Result<Self, ValidateError> {
        let known = tenant::find(&mut look, scope, tenant).await?;
        known.ok_or(ValidateError::NotFound)?;
        Ok(Self {
            pool,
            clock,
            keeper,
            scope,
            tenant,
            actor: look.actor().clone(),
            request_id: look.request_id().to_owned(),
        })
    }

    async fn begin(&self) -> Result<Op, sqlx::Error> {
        let op = Op::begin_within(self.pool, self.clock, self.actor.clone(), self.scope).await?;
        Ok(op.for_request(&self.request_id))
    }

    async fn run(&self) -> Result<Validation, ValidateError> {
        let tenant = self.tenant;
        let question = Request::Validate {
            tenant_id: tenant.as_uuid(),
        };
        let reply = self.keeper.ask(question).await?;
        let mut op = self.begin().await?;
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
