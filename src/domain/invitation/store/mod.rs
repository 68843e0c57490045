//! SQL of invitations. The sealed token is written here and read by the keeper alone.

mod list;
mod pin;

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Invitation, InvitationState, PinLock, Terms};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, InvitationId, TechnicianId, TenantId};

pub(super) use list::{counts, list, list_after};
pub(super) use pin::{accept_pin, give_back_pin_try, spend_pin_try};

/// Which invitations a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// `open`, `started`, `completed`, `expired`, `revoked`, or `pending` for the first two; none for all.
    pub state: Option<String>,
    /// Part of a name, address or reference; empty for all.
    pub search: String,
}

/// One invitation in a list, with its tenant's names.
#[derive(Clone, Debug)]
pub struct ListRow {
    pub invitation: Invitation,
    pub short_name: String,
    pub full_name: String,
    /// The wrong account that signed in last, if one did; empty when it has no name.
    pub refused_account: Option<String>,
}

/// How many invitations there are of each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub open: i64,
    pub started: i64,
    pub completed: i64,
    pub expired: i64,
    pub revoked: i64,
}

/// A row to be inserted.
pub(super) struct NewRow {
    pub tenant: TenantId,
    pub id: InvitationId,
    pub token_hash: Vec<u8>,
    pub token_hint: String,
    pub token_sealed: Vec<u8>,
    pub reference: String,
    pub expected_entra_tenant_id: Option<Uuid>,
    pub expires_at: OffsetDateTime,
    /// PHC text; none asks for no PIN.
    pub pin_hash: Option<String>,
    /// SHA-256 of the form that asked for it; none when no form did.
    pub form_hash: Option<Vec<u8>>,
    pub terms: Terms,
}

struct Row {
    tenant_id: Uuid,
    id: Uuid,
    token_hint: String,
    reference: String,
    method: String,
    lasting: bool,
    invitation_email: String,
    expected_admin: String,
    expected_entra_tenant_id: Option<Uuid>,
    state: String,
    created_by: Option<Uuid>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    email_sent_at: Option<OffsetDateTime>,
    email_sent_count: i32,
    started_at: Option<OffsetDateTime>,
    device_authenticated_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    new_link_asked_at: Option<OffsetDateTime>,
    asks_pin: bool,
    pin_pass_hash: Option<Vec<u8>>,
    refused_account: Option<String>,
    short_name: String,
    full_name: String,
}

impl Row {
    fn read(self, now: OffsetDateTime) -> Result<ListRow, Inconsistent> {
        let wrong = |column| Inconsistent::new("invitations", column, self.id);
        let state = InvitationState::from_row(
            &self.state,
            self.started_at,
            self.ended_at,
            self.expires_at,
            now,
        );
        Ok(ListRow {
            invitation: Invitation {
                id: self.id.into(),
                tenant_id: self.tenant_id.into(),
                method: self.method.parse().map_err(|_| wrong("method"))?,
                state: state.ok_or(wrong("state"))?,
                lasting: self.lasting,
                hint: self.token_hint,
                reference: self.reference,
                invitation_email: self.invitation_email,
                expected_admin: self.expected_admin,
                expected_entra_tenant_id: self.expected_entra_tenant_id,
                created_by: self.created_by.map(Into::into),
                created_at: self.created_at,
                expires_at: self.expires_at,
                email_sent_at: self.email_sent_at,
                email_sent_count: self.email_sent_count,
                device_authenticated_at: self.device_authenticated_at,
                new_link_asked_at: self.new_link_asked_at,
                pin: PinLock {
                    asked: self.asks_pin,
                    pass_hash: self.pin_pass_hash,
                },
            },
            short_name: self.short_name,
            full_name: self.full_name,
            refused_account: self.refused_account,
        })
    }
}

pub(super) async fn insert(op: &mut Op, row: &NewRow) -> Result<(), sqlx::Error> {
    let (now, by) = (op.now(), op.actor().technician());
    sqlx::query!(
        "insert into invitations (tenant_id, id, token_hash, token_hint, token_sealed, reference, method, invitation_email,
           expected_admin, expected_entra_tenant_id, created_by, created_at, expires_at, lasting, pin_hash, form_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        row.tenant.as_uuid(),
        row.id.as_uuid(),
        row.token_hash,
        row.token_hint,
        row.token_sealed,
        row.reference,
        row.terms.method.as_str(),
        row.terms.invitation_email,
        row.terms.expected_admin,
        row.expected_entra_tenant_id,
        by.map(TechnicianId::as_uuid),
        now,
        row.expires_at,
        row.terms.lasting,
        row.pin_hash,
        row.form_hash,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn made_by_form(
    op: &mut Op,
    tenant: TenantId,
    form_hash: &[u8],
) -> Result<Option<InvitationId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select id from invitations where tenant_id = $1 and form_hash = $2",
        tenant.as_uuid(),
        form_hash,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(id.map(InvitationId::from))
}

pub(super) async fn find(
    op: &mut Op,
    scope: Scope,
    id: InvitationId,
) -> Result<Option<Invitation>, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query_as!(
        Row,
        r#"select i.tenant_id, i.id, token_hint, reference, method, lasting, i.invitation_email, expected_admin,
           expected_entra_tenant_id, i.state, created_by, i.created_at, expires_at, email_sent_at, email_sent_count,
           started_at, device_authenticated_at, ended_at, new_link_asked_at, pin_hash is not null as "asks_pin!", pin_pass_hash,
           (select f.signed_in_username from onboarding_flows f
            where f.tenant_id = i.tenant_id and f.invitation_id = i.id
              and f.failure in ('wrong_tenant', 'wrong_person', 'guest_account', 'personal_account', 'tenant_taken')
            order by f.created_at desc limit 1) as refused_account,
           t.short_name, t.full_name
         from invitations i join tenants t on t.id = i.tenant_id
         where i.id = $1 and ($2::uuid is null or i.tenant_id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = i.tenant_id))"#,
        id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row
        .map(|row| row.read(now))
        .transpose()?
        .map(|row| row.invitation))
}

pub(super) async fn find_by_link(
    op: &mut Op,
    token_hash: &[u8],
) -> Result<Option<Invitation>, sqlx::Error> {
    let tenant = sqlx::query_scalar!("select tenant_of_link($1)", token_hash)
        .fetch_one(op.db())
        .await?;
    let Some(tenant) = tenant.map(TenantId::from) else {
        return Ok(None);
    };
    op.enter(tenant).await?;
    let id = sqlx::query_scalar!(
        "select id from invitations where tenant_id = $1 and token_hash = $2",
        tenant.as_uuid(),
        token_hash
    )
    .fetch_optional(op.db())
    .await?;
    match id {
        Some(id) => find(op, Scope::one(tenant), id.into()).await,
        None => Ok(None),
    }
}

/// True when it was still good and is now revoked.
pub(super) async fn mark_revoked(
    op: &mut Op,
    scope: Scope,
    id: InvitationId,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update invitations set state = 'revoked', ended_at = $3
         where id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = invitations.tenant_id))
           and state = 'open' and expires_at > $3",
        id.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        now,
        scope.technician(),
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn mark_expired(
    op: &mut Op,
    limit: i64,
) -> Result<Vec<(TenantId, InvitationId)>, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        "update invitations i set state = 'expired', ended_at = i.expires_at
         from (select tenant_id, id from invitations where state = 'open' and expires_at <= $1
               order by expires_at limit $2 for update skip locked) due
         where i.tenant_id = due.tenant_id and i.id = due.id
         returning i.tenant_id, i.id",
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

pub(super) async fn count_mail(op: &mut Op, invitation: &Invitation) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update invitations set email_sent_at = $3, email_sent_count = email_sent_count + 1
         where tenant_id = $1 and id = $2",
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// False when it was opened before.
pub(super) async fn stamp_opened(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update invitations set opened_at = $3 where tenant_id = $1 and id = $2 and opened_at is null",
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn stamp_new_link_asked(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update invitations set new_link_asked_at = $3 where tenant_id = $1 and id = $2",
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}
