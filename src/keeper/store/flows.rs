//! `onboarding_flows`: one attempt in one browser, where it stands and where it goes.

use std::str::FromStr;

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::storage::{ConnectionId, FlowId, InvitationId, TenantId};

/// As in `onboarding_flows.state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowState {
    Started,
    CodeShown,
    Redirected,
    Acquiring,
    ConsentNeeded,
    AwaitingApproval,
    Complete,
    Held,
    Failed,
    Superseded,
}

impl FlowState {
    const ALL: [Self; 10] = [
        Self::Started,
        Self::CodeShown,
        Self::Redirected,
        Self::Acquiring,
        Self::ConsentNeeded,
        Self::AwaitingApproval,
        Self::Complete,
        Self::Held,
        Self::Failed,
        Self::Superseded,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::CodeShown => "code_shown",
            Self::Redirected => "redirected",
            Self::Acquiring => "acquiring",
            Self::ConsentNeeded => "consent_needed",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Complete => "complete",
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
        }
    }

    /// Nothing happens to the flow any more.
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::Held | Self::Failed | Self::Superseded
        )
    }

    /// Waits for an administrator's or a reviewer's consent.
    pub const fn awaits_consent(self) -> bool {
        matches!(self, Self::ConsentNeeded | Self::AwaitingApproval)
    }
}

impl FromStr for FlowState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("{text:?} is no flow state"))
    }
}

/// A flow.
#[derive(Clone, Debug)]
pub struct Flow {
    pub tenant_id: TenantId,
    pub id: FlowId,
    pub invitation_id: InvitationId,
    pub state: FlowState,
    /// The administrator's consent is the whole sign-in.
    pub app_only: bool,
    /// When the browser came back from it; app-only flows.
    pub consented_at: Option<OffsetDateTime>,
    /// As given on the page.
    pub admin_username: String,
    pub someone_else: bool,
    pub code_expires_at: Option<OffsetDateTime>,
    pub poll_interval_s: Option<i32>,
    pub connection_id: Option<ConnectionId>,
    pub ip: String,
    pub created_at: OffsetDateTime,
    pub expires_at: OffsetDateTime,
}

struct Row {
    tenant_id: TenantId,
    id: FlowId,
    invitation_id: InvitationId,
    state: String,
    app_only: bool,
    consented_at: Option<OffsetDateTime>,
    admin_username: String,
    someone_else: bool,
    code_expires_at: Option<OffsetDateTime>,
    poll_interval_s: Option<i32>,
    connection_id: Option<ConnectionId>,
    ip: String,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl TryFrom<Row> for Flow {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            state: row.state.parse()?,
            app_only: row.app_only,
            consented_at: row.consented_at,
            tenant_id: row.tenant_id,
            id: row.id,
            invitation_id: row.invitation_id,
            admin_username: row.admin_username,
            someone_else: row.someone_else,
            code_expires_at: row.code_expires_at,
            poll_interval_s: row.poll_interval_s,
            connection_id: row.connection_id,
            ip: row.ip,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

pub async fn load(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
) -> sqlx::Result<Option<Flow>> {
    let row = sqlx::query_as!(
        Row,
        r#"select tenant_id as "tenant_id: TenantId", id as "id: FlowId", invitation_id as "invitation_id: InvitationId",
             state, method = 'app_only' as "app_only!", consented_at, admin_username, someone_else, code_expires_at, poll_interval_s,
             connection_id as "connection_id: ConnectionId", ip, created_at, expires_at
           from onboarding_flows where tenant_id = $1 and id = $2"#,
        tenant_id.as_uuid(),
        id.as_uuid()
    )
    .fetch_optional(db)
    .await?;
    row.map(Flow::try_from)
        .transpose()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Microsoft gave a code to show.
pub struct ShownCode<'a> {
    pub user_code: &'a str,
    pub verification_uri: &'a str,
    pub expires_at: OffsetDateTime,
    pub interval_s: i32,
    pub next_poll_at: OffsetDateTime,
}

/// Show a code on a flow that was started; false when it was ended meanwhile.
pub async fn show_code(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    id: FlowId,
    code: &ShownCode<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let shown = sqlx::query!(
        "update onboarding_flows
         set state = 'code_shown', user_code = $3, verification_uri = $4, code_expires_at = $5, poll_interval_s = $6,
           next_poll_at = $7, updated_at = $8, expires_at = greatest(expires_at, $5)
         where tenant_id = $1 and id = $2 and state = 'started'",
        tenant_id.as_uuid(),
        id.as_uuid(),
        code.user_code,
        code.verification_uri,
        code.expires_at,
        code.interval_s,
        code.next_poll_at,
        now
    )
    .execute(tx)
    .await?;
    Ok(shown.rows_affected() == 1)
}

/// Poll more slowly for good.
pub async fn set_interval(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    interval_s: i32,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update onboarding_flows set poll_interval_s = $3 where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        id.as_uuid(),
        interval_s
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Where a flow goes next.
#[derive(Clone, Debug)]
pub struct Step {
    pub state: FlowState,
    /// The word, with state `Failed` alone.
    pub failure: Option<&'static str>,
    pub error_id: Option<i64>,
    /// Empty: nobody looks at the flow until it is asked for.
    pub next_poll_at: Option<OffsetDateTime>,
    /// Lengthens the flow's life.
    pub expires_at: Option<OffsetDateTime>,
}

impl Step {
    /// Simply go to a state.
    pub const fn to(state: FlowState) -> Self {
        Self {
            state,
            failure: None,
            error_id: None,
            next_poll_at: None,
            expires_at: None,
        }
    }
}

/// Move a flow that is not over; false when it was ended meanwhile. The user code is forgotten once it has done its work.
pub async fn advance(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    step: &Step,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let moved = sqlx::query!(
        "update onboarding_flows
         set state = $3, failure = $4, error_id = coalesce($5, error_id), next_poll_at = $6, updated_at = $7,
           expires_at = greatest(expires_at, coalesce($8, expires_at)),
           user_code = null, verification_uri = null, code_expires_at = null
         where tenant_id = $1 and id = $2 and state not in ('complete', 'held', 'failed', 'superseded')",
        tenant_id.as_uuid(),
        id.as_uuid(),
        step.state.as_str(),
        step.failure,
        step.error_id,
        step.next_poll_at,
        now,
        step.expires_at
    )
    .execute(db)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// The browser is back from admin consent (or says that it was given in another way): the application's tokens are tried
/// at once. False when the flow was ended meanwhile.
pub async fn note_consented(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let noted = sqlx::query!(
        "update onboarding_flows
         set state = 'acquiring', consented_at = $3, next_poll_at = $3, updated_at = $3, expires_at = greatest(expires_at, $4)
         where tenant_id = $1 and id = $2 and state not in ('complete', 'held', 'failed', 'superseded')",
        tenant_id.as_uuid(),
        id.as_uuid(),
        now,
        now + time::Duration::minutes(15)
    )
    .execute(db)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Who signed in, so that the page can say it also when it was the wrong account.
pub async fn note_account(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: FlowId,
    username: &str,
    entra_tenant_id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update onboarding_flows set signed_in_username = $3, signed_in_tenant_id = $4 where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        id.as_uuid(),
        username,
        entra_tenant_id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The grant that the flow brought; false when the flow was ended meanwhile.
pub async fn attach_connection(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    id: FlowId,
    connection_id: ConnectionId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let attached = sqlx::query!(
        "update onboarding_flows
         set connection_id = $3, state = 'acquiring', user_code = null, verification_uri = null, code_expires_at = null,
           next_poll_at = $4, updated_at = $4
         where tenant_id = $1 and id = $2 and state not in ('complete', 'held', 'failed', 'superseded')",
        tenant_id.as_uuid(),
        id.as_uuid(),
        connection_id.as_uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(attached.rows_affected() == 1)
}

/// A tick on the page: something about the flow's tokens changed.
pub async fn touch(
    db: impl PgExecutor<'_>,
    connection_id: ConnectionId,
    tenant_id: TenantId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update onboarding_flows set updated_at = $3
         where tenant_id = $1 and connection_id = $2 and state not in ('complete', 'held', 'failed', 'superseded')",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Flows of a grant that ended by itself.
pub async fn end_of_connection(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update onboarding_flows set state = 'failed', failure = 'code_lapsed', next_poll_at = null, updated_at = $3
         where tenant_id = $1 and connection_id = $2 and state not in ('complete', 'held', 'failed', 'superseded')",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
