//! SQL of onboarding flows as the portal writes and reads them. The keeper has its own for what it carries on.

mod progress;

use time::OffsetDateTime;
use uuid::Uuid;

use super::leg::NextLeg;
use super::{Attempt, DeviceCode, Failure, Flow, SignedIn, Stage};
use crate::domain::invitation::Invitation;
use crate::domain::op::Op;
use crate::storage::{FlowId, Inconsistent, InvitationId, TenantId};

pub(super) use progress::{access, held, resource_lines};

struct Row {
    tenant_id: Uuid,
    id: Uuid,
    invitation_id: Uuid,
    method: String,
    state: String,
    failure: Option<String>,
    admin_username: String,
    someone_else: bool,
    user_code: Option<String>,
    verification_uri: Option<String>,
    code_expires_at: Option<OffsetDateTime>,
    oauth_state_hash: Option<Vec<u8>>,
    signed_in_username: Option<String>,
    signed_in_tenant_id: Option<Uuid>,
    connection_id: Option<Uuid>,
    expires_at: OffsetDateTime,
}

impl Row {
    fn stage(&self) -> Option<Stage> {
        let signed_in = || SignedIn {
            username: self.signed_in_username.clone().unwrap_or_default(),
            entra_tenant_id: self.signed_in_tenant_id,
        };
        Some(match self.state.as_str() {
            "started" => Stage::Started,
            "code_shown" => Stage::CodeShown(DeviceCode {
                user_code: self.user_code.clone()?,
                verification_uri: self.verification_uri.clone()?,
                expires_at: self.code_expires_at?,
            }),
            "redirected" => Stage::Redirected,
            "acquiring" => Stage::Acquiring,
            "consent_needed" => Stage::ConsentNeeded,
            "awaiting_approval" => Stage::AwaitingApproval,
            "complete" => Stage::Complete,
            "held" => Stage::Held(signed_in()),
            "failed" => Stage::Failed(Failure::from_word(self.failure.as_deref()?), signed_in()),
            "superseded" => Stage::Superseded,
            _ => return None,
        })
    }
}

impl TryFrom<Row> for Flow {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("onboarding_flows", column, row.id);
        Ok(Self {
            id: row.id.into(),
            tenant_id: row.tenant_id.into(),
            invitation_id: row.invitation_id.into(),
            method: row.method.parse().map_err(|_| wrong("method"))?,
            stage: row.stage().ok_or(wrong("state"))?,
            admin_username: row.admin_username,
            someone_else: row.someone_else,
            connection_id: row.connection_id.map(Into::into),
            leg_hash: row.oauth_state_hash,
            expires_at: row.expires_at,
        })
    }
}

/// Reach the tenant of the flow that this secret opens; false when it opens none.
async fn enter_by_secret(op: &mut Op, secret_hash: &[u8]) -> Result<bool, sqlx::Error> {
    let tenant = sqlx::query_scalar!("select tenant_of_flow($1)", secret_hash)
        .fetch_one(op.db())
        .await?;
    let Some(tenant) = tenant else {
        return Ok(false);
    };
    op.enter(tenant.into()).await?;
    Ok(true)
}

pub(super) async fn find_by_secret(
    op: &mut Op,
    secret_hash: &[u8],
) -> Result<Option<Flow>, sqlx::Error> {
    if !enter_by_secret(op, secret_hash).await? {
        return Ok(None);
    }
    let row = sqlx::query_as!(
        Row,
        "select tenant_id, id, invitation_id, method, state, failure, admin_username, someone_else, user_code,
           verification_uri, code_expires_at, oauth_state_hash, signed_in_username, signed_in_tenant_id, connection_id,
           expires_at
         from onboarding_flows where secret_hash = $1",
        secret_hash,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Flow::try_from).transpose()?)
}

/// The attempt that stands in the way of another, if any; the table allows one.
pub(super) async fn find_live(
    op: &mut Op,
    tenant: TenantId,
    invitation: InvitationId,
) -> Result<Option<Flow>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "select tenant_id, id, invitation_id, method, state, failure, admin_username, someone_else, user_code,
           verification_uri, code_expires_at, oauth_state_hash, signed_in_username, signed_in_tenant_id, connection_id,
           expires_at
         from onboarding_flows
         where tenant_id = $1 and invitation_id = $2 and state not in ('complete', 'held', 'failed', 'superseded')",
        tenant.as_uuid(),
        invitation.as_uuid(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Flow::try_from).transpose()?)
}

/// Note that its bearer has begun; false when the invitation is no longer good. Also holds the invitation's row, so that of
/// two attempts at once the second sees the first.
pub(super) async fn touch_invitation(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update invitations set started_at = coalesce(started_at, $3)
         where tenant_id = $1 and id = $2 and state = 'open' and expires_at > $3",
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn insert(
    op: &mut Op,
    invitation: &Invitation,
    flow: FlowId,
    secret_hash: &[u8],
    state_hash: &[u8],
    attempt: &Attempt,
    expires_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "insert into onboarding_flows (tenant_id, id, invitation_id, secret_hash, oauth_state_hash, method, state,
           admin_username, someone_else, ip, created_at, updated_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, 'started', $7, $8, $9, $10, $10, $11)",
        invitation.tenant_id.as_uuid(),
        flow.as_uuid(),
        invitation.id.as_uuid(),
        secret_hash,
        state_hash,
        attempt.method.as_str(),
        attempt.admin_username,
        attempt.someone_else,
        attempt.ip,
        now,
        expires_at,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn supersede(
    op: &mut Op,
    tenant: TenantId,
    invitation: InvitationId,
) -> Result<Vec<FlowId>, sqlx::Error> {
    let now = op.now();
    let ids = sqlx::query_scalar!(
        "update onboarding_flows
         set state = 'superseded', oauth_state_hash = null, next_poll_at = null, updated_at = $3
         where tenant_id = $1 and invitation_id = $2 and state not in ('complete', 'held', 'failed', 'superseded')
         returning id",
        tenant.as_uuid(),
        invitation.as_uuid(),
        now,
    )
    .fetch_all(op.db())
    .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

pub(super) async fn mark_abandoned(
    op: &mut Op,
    limit: i64,
) -> Result<Vec<(TenantId, FlowId)>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        "update onboarding_flows f
         set state = 'failed', failure = 'abandoned', oauth_state_hash = null, updated_at = $1
         from (select tenant_id, id from onboarding_flows
               where state in ('started', 'redirected') and expires_at <= $1
               limit $2 for update skip locked) due
         where f.tenant_id = due.tenant_id and f.id = due.id
         returning f.tenant_id, f.id",
        now,
        limit,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id.into(), row.id.into()))
        .collect())
}

/// False when the flow's secret is no longer `present`, or the flow has ended.
pub(super) async fn open_leg(
    op: &mut Op,
    flow: &Flow,
    present: &[u8],
    next: &NextLeg,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update onboarding_flows
         set secret_hash = $4, oauth_state_hash = $5, expires_at = greatest(expires_at, $6), updated_at = $7
         where tenant_id = $1 and id = $2 and secret_hash = $3
           and state not in ('complete', 'held', 'failed', 'superseded')",
        flow.tenant_id.as_uuid(),
        flow.id.as_uuid(),
        present,
        next.secret_hash,
        next.state_hash,
        next.expires_at,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// False when no such trip is out; true at most once per state.
pub(super) async fn take_leg(
    op: &mut Op,
    secret_hash: &[u8],
    state_hash: &[u8],
    next: &NextLeg,
) -> Result<bool, sqlx::Error> {
    if !enter_by_secret(op, secret_hash).await? {
        return Ok(false);
    }
    let now = op.now();
    let done = sqlx::query!(
        "update onboarding_flows
         set secret_hash = $3, oauth_state_hash = $4, expires_at = greatest(expires_at, $5), updated_at = $6
         where secret_hash = $1 and oauth_state_hash = $2 and expires_at > $6
           and state in ('redirected', 'consent_needed', 'awaiting_approval')",
        secret_hash,
        state_hash,
        next.secret_hash,
        next.state_hash,
        next.expires_at,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn prolong(
    op: &mut Op,
    flow: &Flow,
    expires_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update onboarding_flows set expires_at = greatest(expires_at, $3), updated_at = $4
         where tenant_id = $1 and id = $2 and state in ('consent_needed', 'awaiting_approval')",
        flow.tenant_id.as_uuid(),
        flow.id.as_uuid(),
        expires_at,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}
