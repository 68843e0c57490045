//! `tenants` and `invitations`, as far as the keeper reads and moves them.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::keeper::seal::Place;
use crate::storage::{InvitationId, TenantId};

/// A customer organisation.
#[derive(Clone, Debug)]
pub struct Tenant {
    pub id: TenantId,
    /// Empty until told.
    pub domain: String,
    /// Bound once onboarded.
    pub entra_tenant_id: Option<Uuid>,
    /// `active`, `suspended` or `archived`.
    pub state: String,
}

/// A link to authorise us.
#[derive(Clone, Debug)]
pub struct Invitation {
    pub id: InvitationId,
    /// Empty: whoever signs in is held.
    pub expected_admin: String,
    pub expected_entra_tenant_id: Option<Uuid>,
    pub state: String,
    pub expires_at: OffsetDateTime,
}

impl Invitation {
    pub fn is_open(&self, now: OffsetDateTime) -> bool {
        self.state == "open" && self.expires_at > now
    }
}

pub async fn find(db: impl PgExecutor<'_>, id: TenantId) -> sqlx::Result<Option<Tenant>> {
    sqlx::query_as!(
        Tenant,
        r#"select id as "id: TenantId", domain, entra_tenant_id, state from tenants where id = $1"#,
        id.as_uuid()
    )
    .fetch_optional(db)
    .await
}

/// The tenant that an Entra tenant is bound to already.
pub async fn bound_to(
    db: impl PgExecutor<'_>,
    entra_tenant_id: Uuid,
) -> sqlx::Result<Option<TenantId>> {
    sqlx::query_scalar!(
        r#"select id as "id: TenantId" from tenants where entra_tenant_id = $1"#,
        entra_tenant_id
    )
    .fetch_optional(db)
    .await
}

/// Bind a tenant to its Entra tenant; the domain is kept when one was told, the administrator when none signed in.
pub async fn bind(
    tx: &mut PgConnection,
    id: TenantId,
    entra_tenant_id: Uuid,
    admin_username: &str,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let domain = admin_username
        .rsplit_once('@')
        .map_or("", |(_, domain)| domain);
    sqlx::query!(
        "update tenants set entra_tenant_id = $2, updated_at = $5,
           admin_username = case when $3 = '' then admin_username else $3 end,
           domain = case when domain = '' then lower($4) else domain end
         where id = $1",
        id.as_uuid(),
        entra_tenant_id,
        admin_username,
        domain,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What an invitation's sealed token is bound to.
pub fn link_place(tenant_id: TenantId, row_id: &str) -> Place<'_> {
    Place {
        table: "invitations",
        column: "token_sealed",
        tenant_id: tenant_id.as_uuid(),
        row_id,
        row_version: 0,
    }
}

pub async fn sealed_link(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: InvitationId,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!(
        "select token_sealed from invitations where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        id.as_uuid()
    )
    .fetch_optional(db)
    .await
}

pub async fn invitation(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: InvitationId,
) -> sqlx::Result<Option<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"select id as "id: InvitationId", expected_admin, expected_entra_tenant_id, state, expires_at
           from invitations where tenant_id = $1 and id = $2"#,
        tenant_id.as_uuid(),
        id.as_uuid()
    )
    .fetch_optional(db)
    .await
}

/// Somebody pressed start.
pub async fn note_started(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: InvitationId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update invitations set started_at = coalesce(started_at, $3) where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Somebody signed in, and it was the right account.
pub async fn note_authenticated(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: InvitationId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update invitations set device_authenticated_at = $3 where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Consume an invitation; false when somebody else did, or it ended meanwhile.
pub async fn complete(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    id: InvitationId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let completed = sqlx::query!(
        "update invitations set state = 'completed', ended_at = $3
         where tenant_id = $1 and id = $2 and state = 'open' and expires_at > $3",
        tenant_id.as_uuid(),
        id.as_uuid(),
        now
    )
    .execute(tx)
    .await?;
    Ok(completed.rows_affected() == 1)
}
