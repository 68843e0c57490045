//! `connections`: one grant that one administrator gave for one tenant.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::records::Noted;
use crate::keeper::refresh::{Decision, State, UnknownState};
use crate::storage::{ConnectionId, InvitationId, TenantId};

/// A connection as the refresh protocol needs it.
#[derive(Clone, Debug)]
pub struct Connection {
    pub tenant_id: TenantId,
    pub id: ConnectionId,
    pub state: State,
    pub pending_reason: Option<String>,
    pub entra_tenant_id: Uuid,
    pub admin_oid: Option<Uuid>,
    pub admin_username: String,
    /// Client credentials and no refresh token.
    pub app_only: bool,
    /// Refreshed without a credential (device code) or with it.
    pub public_class: bool,
    /// The registration that the grant was given to; a refresh token is of no use to another.
    pub app_registration_id: Uuid,
    pub obtained_at: OffsetDateTime,
    pub federated: bool,
    pub trouble_since: Option<OffsetDateTime>,
    pub suspect_checks: i16,
    pub sign_in_frequency_s: Option<i32>,
    /// What earlier grants of this tenant lived again and again, seconds.
    pub rhythm_s: Option<i32>,
    /// From here on an announced policy ends it.
    pub policy_ends_at: Option<OffsetDateTime>,
    /// Why it is dead or in trouble, a category of the catalogue.
    pub cause: Option<String>,
    /// `active`, `suspended` or `archived`.
    pub tenant_state: String,
}

struct Row {
    tenant_id: TenantId,
    id: ConnectionId,
    mode: String,
    state: String,
    pending_reason: Option<String>,
    entra_tenant_id: Uuid,
    admin_oid: Option<Uuid>,
    admin_username: String,
    token_class: Option<String>,
    obtained_at: OffsetDateTime,
    app_registration_id: Uuid,
    realm: String,
    trouble_since: Option<OffsetDateTime>,
    suspect_checks: i16,
    sign_in_frequency_s: Option<i32>,
    rhythm_s: Option<i32>,
    policy_ends_at: Option<OffsetDateTime>,
    cause: Option<String>,
    tenant_state: String,
}

impl TryFrom<Row> for Connection {
    type Error = UnknownState;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        Ok(Self {
            state: row.state.parse()?,
            app_only: row.mode == "app_only",
            public_class: row.token_class.as_deref() == Some("public"),
            app_registration_id: row.app_registration_id,
            federated: row.realm == "federated",
            tenant_id: row.tenant_id,
            id: row.id,
            pending_reason: row.pending_reason,
            entra_tenant_id: row.entra_tenant_id,
            admin_oid: row.admin_oid,
            admin_username: row.admin_username,
            obtained_at: row.obtained_at,
            trouble_since: row.trouble_since,
            suspect_checks: row.suspect_checks,
            sign_in_frequency_s: row.sign_in_frequency_s,
            rhythm_s: row.rhythm_s,
            policy_ends_at: row.policy_ends_at,
            cause: row.cause,
            tenant_state: row.tenant_state,
        })
    }
}

fn read(row: Option<Row>) -> sqlx::Result<Option<Connection>> {
    row.map(Connection::try_from)
        .transpose()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

pub async fn load(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
) -> sqlx::Result<Option<Connection>> {
    let row = sqlx::query_as!(
        Row,
        r#"select c.tenant_id as "tenant_id: TenantId", c.id as "id: ConnectionId", c.mode, c.state, c.pending_reason,
             c.entra_tenant_id, c.admin_oid, c.admin_username, c.token_class, c.obtained_at, c.app_registration_id,
             c.realm, c.trouble_since, c.suspect_checks,
             c.sign_in_frequency_s, c.rhythm_s, c.policy_ends_at, c.cause, t.state as tenant_state
           from connections c join tenants t on t.id = c.tenant_id
           where c.tenant_id = $1 and c.id = $2"#,
        tenant_id.as_uuid(),
        id.as_uuid()
    )
    .fetch_optional(db)
    .await?;
    read(row)
}

/// The same for many; `tenants` and `ids` are pairs.
pub async fn load_many(
    db: impl PgExecutor<'_>,
    tenants: &[Uuid],
    ids: &[Uuid],
) -> sqlx::Result<Vec<Connection>> {
    let rows = sqlx::query_as!(
        Row,
        r#"select c.tenant_id as "tenant_id: TenantId", c.id as "id: ConnectionId", c.mode, c.state, c.pending_reason,
             c.entra_tenant_id, c.admin_oid, c.admin_username, c.token_class, c.obtained_at, c.app_registration_id,
             c.realm, c.trouble_since, c.suspect_checks,
             c.sign_in_frequency_s, c.rhythm_s, c.policy_ends_at, c.cause, t.state as tenant_state
           from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, id)
           join connections c on c.tenant_id = w.tenant_id and c.id = w.id
           join tenants t on t.id = c.tenant_id"#,
        tenants,
        ids
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| Connection::try_from(row).map_err(|error| sqlx::Error::Decode(error.into())))
        .collect()
}

/// The tenant's one standing, whatever its health.
pub async fn load_current(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
) -> sqlx::Result<Option<Connection>> {
    let row = sqlx::query_as!(
        Row,
        r#"select c.tenant_id as "tenant_id: TenantId", c.id as "id: ConnectionId", c.mode, c.state, c.pending_reason,
             c.entra_tenant_id, c.admin_oid, c.admin_username, c.token_class, c.obtained_at, c.app_registration_id,
             c.realm, c.trouble_since, c.suspect_checks,
             c.sign_in_frequency_s, c.rhythm_s, c.policy_ends_at, c.cause, t.state as tenant_state
           from connections c join tenants t on t.id = c.tenant_id
           where c.tenant_id = $1 and c.state not in ('pending', 'revoked')"#,
        tenant_id.as_uuid()
    )
    .fetch_optional(db)
    .await?;
    read(row)
}

/// A grant on its way into the table, pending at first.
pub struct NewConnection<'a> {
    pub tenant_id: TenantId,
    pub id: ConnectionId,
    pub pending_reason: &'static str,
    pub entra_tenant_id: Uuid,
    pub admin_oid: Uuid,
    pub admin_username: &'a str,
    pub admin_name: &'a str,
    pub token_class: &'static str,
    pub obtained_by: &'static str,
    pub obtained_at: OffsetDateTime,
    pub app_registration_id: Uuid,
    pub invitation_id: InvitationId,
    pub realm: &'static str,
    pub sign_in_frequency_s: Option<i32>,
    pub rhythm_s: Option<i32>,
    pub policy_ends_at: Option<OffsetDateTime>,
    pub lapse: Option<(OffsetDateTime, &'static str)>,
}

pub async fn insert(
    db: impl PgExecutor<'_>,
    new: &NewConnection<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into connections (tenant_id, id, mode, state, state_since, pending_reason, entra_tenant_id, admin_oid,
           admin_username, admin_name, token_class, obtained_by, obtained_at, app_registration_id, invitation_id, realm,
           last_ok_at, sign_in_frequency_s, expires_at, expires_reason, rhythm_s, policy_ends_at)
         values ($1, $2, 'auth_token', 'pending', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $3, $15, $16, $17,
           $18, $19)",
        new.tenant_id.as_uuid(),
        new.id.as_uuid(),
        now,
        new.pending_reason,
        new.entra_tenant_id,
        new.admin_oid,
        new.admin_username,
        new.admin_name,
        new.token_class,
        new.obtained_by,
        new.obtained_at,
        new.app_registration_id,
        new.invitation_id.as_uuid(),
        new.realm,
        new.sign_in_frequency_s,
        new.lapse.map(|(at, _)| at),
        new.lapse.map(|(_, why)| why),
        new.rhythm_s,
        new.policy_ends_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A call failed, or nothing could be asked: what it means for the connection.
pub async fn note_failure(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    decision: &Decision,
    error: Option<&Noted>,
    sign_in_frequency_s: Option<i32>,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update connections
         set state_since = case when state = $3 then state_since else $4 end, state = $3,
           suspect_checks = $5, trouble_since = $6,
           last_error_at = coalesce($7, last_error_at), last_error_id = coalesce($8, last_error_id),
           last_error_code = case when $8::bigint is null then last_error_code else $9 end, cause = coalesce($10, cause),
           sign_in_frequency_s = coalesce($11, sign_in_frequency_s)
         where tenant_id = $1 and id = $2 and state <> 'revoked'",
        tenant_id.as_uuid(),
        id.as_uuid(),
        decision.state.as_str(),
        now,
        decision.suspect_checks,
        decision.trouble_since,
        error.map(|error| error.at),
        error.map(|error| error.id),
        error.and_then(|error| error.code),
        error.map(|error| error.category.as_str()),
        sign_in_frequency_s
    )
    .execute(db)
    .await?;
    Ok(())
}

/// From pending to the tenant's standing; false when it is not pending any more.
pub async fn make_current(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    state: State,
    cause: Option<&str>,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let made = sqlx::query!(
        "update connections
         set state = $3, state_since = $4, pending_reason = null, suspect_checks = 0, cause = $5,
           trouble_since = case when $5::text is null then null else coalesce(trouble_since, $4) end
         where tenant_id = $1 and id = $2 and state = 'pending'",
        tenant_id.as_uuid(),
        id.as_uuid(),
        state.as_str(),
        now,
        cause
    )
    .execute(db)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// History from now on; false when it was already.
pub async fn revoke(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let revoked = sqlx::query!(
        "update connections set state = 'revoked', state_since = $3, pending_reason = null
         where tenant_id = $1 and id = $2 and state <> 'revoked'",
        tenant_id.as_uuid(),
        id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(revoked.rows_affected() == 1)
}

/// Other grants of an invitation that wait: a newer attempt replaces them.
pub async fn pending_of_invitation(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    invitation_id: InvitationId,
    except: ConnectionId,
) -> sqlx::Result<Vec<ConnectionId>> {
    sqlx::query_scalar!(
        r#"select id as "id: ConnectionId" from connections
           where tenant_id = $1 and invitation_id = $2 and id <> $3 and state = 'pending'"#,
        tenant_id.as_uuid(),
        invitation_id.as_uuid(),
        except.as_uuid()
    )
    .fetch_all(tx)
    .await
}

/// Pending grants that nobody completed or confirmed since `before`.
pub async fn lapsed_pending(
    db: impl PgExecutor<'_>,
    before: OffsetDateTime,
) -> sqlx::Result<Vec<(TenantId, ConnectionId)>> {
    let rows = sqlx::query!(
        r#"select tenant_id as "tenant_id: TenantId", id as "id: ConnectionId" from connections
           where state = 'pending' and obtained_at <= $1 limit 100"#,
        before
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id, row.id))
        .collect())
}

/// The sign-in frequency that the tenant's grants of the public class met last.
pub async fn known_sign_in_frequency(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "select sign_in_frequency_s from connections
         where tenant_id = $1 and sign_in_frequency_s is not null order by obtained_at desc limit 1",
        tenant_id.as_uuid()
    )
    .fetch_optional(db)
    .await
    .map(Option::flatten)
}

/// Tenants that have a standing; what mass trouble is measured against.
pub async fn count_served(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from connections where state in ('active', 'suspect')"#
    )
    .fetch_one(db)
    .await
}

/// Who checks the account's password, as last asked.
pub async fn set_realm(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    realm: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update connections set realm = $3 where tenant_id = $1 and id = $2 and realm <> $3",
        tenant_id.as_uuid(),
        id.as_uuid(),
        realm
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Every connection that has secrets, with its state.
pub async fn with_secrets(
    db: impl PgExecutor<'_>,
) -> sqlx::Result<Vec<(TenantId, ConnectionId, String)>> {
    let rows = sqlx::query!(
        r#"select c.tenant_id as "tenant_id: TenantId", c.id as "id: ConnectionId", c.state
           from connections c join connection_secrets s on s.tenant_id = c.tenant_id and s.connection_id = c.id
           order by c.tenant_id, c.id"#
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id, row.id, row.state))
        .collect())
}
