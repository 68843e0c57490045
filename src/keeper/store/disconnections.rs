//! `disconnections` and `disconnection_steps`: what is to be done, who has it in hand, what came of it. Leases run by the
//! database's clock, what is due by App's.

use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::keys::StoredKey;
use super::tokens::ValidToken;
use crate::keeper::plug::Step;
use crate::storage::{ConnectionId, TenantId};

/// How long a keeper has a disconnection in hand, seconds; each step begins it anew.
const LEASE_S: f64 = 120.0;

/// A disconnection in hand.
#[derive(Clone, Debug)]
pub struct Disconnection {
    pub tenant_id: TenantId,
    pub id: Uuid,
    /// Of many: those that a person asked for one by one go first.
    pub is_plug: bool,
    /// The standing that was ended; none when there was none.
    pub connection_id: Option<ConnectionId>,
    pub delete_everything: bool,
    pub step: Step,
    pub started_at: OffsetDateTime,
    pub attempts: i32,
}

/// Claim what is due: asked for one by one first, then the longest waiting.
pub async fn claim_due(
    db: impl PgExecutor<'_>,
    lease_id: Uuid,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Disconnection>> {
    let rows = sqlx::query!(
        r#"update disconnections d
           set lease_id = $1, lease_until = now() + make_interval(secs => $4)
           from (select tenant_id, id from disconnections
                 where next_at <= $2 and (lease_until is null or lease_until < now())
                 order by plug_id is not null, next_at limit $3 for update skip locked) due
           where d.tenant_id = due.tenant_id and d.id = due.id
           returning d.tenant_id as "tenant_id: TenantId", d.id, d.plug_id is not null as "is_plug!",
             d.connection_id as "connection_id: ConnectionId", d.delete_everything, d.step, d.started_at, d.attempts"#,
        lease_id,
        now,
        limit,
        LEASE_S
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let step = row.step.parse();
            Ok(Disconnection {
                tenant_id: row.tenant_id,
                id: row.id,
                is_plug: row.is_plug,
                connection_id: row.connection_id,
                delete_everything: row.delete_everything,
                step: step.map_err(|error: crate::keeper::plug::UnknownStep| {
                    sqlx::Error::Decode(error.into())
                })?,
                started_at: row.started_at,
                attempts: row.attempts,
            })
        })
        .collect()
}

/// What this step came to when another disconnection ended the same standing, and nobody has consented or tried an application of
/// their own since: word and details.
pub async fn found_before(
    db: impl PgExecutor<'_>,
    one: &Disconnection,
) -> sqlx::Result<Option<(String, Value)>> {
    let row = sqlx::query!(
        "select s.outcome, s.details from disconnections d
         join disconnection_steps s on s.tenant_id = d.tenant_id and s.disconnection_id = d.id and s.step = $4
         where d.tenant_id = $1 and d.id <> $2 and d.connection_id = $3
           and not exists (select from onboarding_flows f where f.tenant_id = $1 and f.consented_at > d.started_at)
           and not exists (select from app_only_trials t where t.tenant_id = $1 and t.created_at > d.started_at)
         order by s.at desc limit 1",
        one.tenant_id.as_uuid(),
        one.id,
        one.connection_id.map(ConnectionId::as_uuid),
        one.step.as_str(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.outcome, row.details)))
}

/// Go on to `next` with the lease begun anew; false when it is not ours any more.
pub async fn advance(
    tx: &mut PgConnection,
    one: &Disconnection,
    lease_id: Uuid,
    next: Step,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let done = next == Step::Done;
    let advanced = sqlx::query!(
        "update disconnections
         set step = $5, attempts = 0, next_at = case when $6 then null else $7::timestamptz end,
           ended_at = case when $6 then $7 end, lease_id = case when $6 then null else lease_id end,
           lease_until = case when $6 then null else now() + make_interval(secs => $8) end,
           keys_changed_at = case when $4 = 'destroy' then now() else keys_changed_at end
         where tenant_id = $1 and id = $2 and lease_id = $3 and step = $4",
        one.tenant_id.as_uuid(),
        one.id,
        lease_id,
        one.step.as_str(),
        next.as_str(),
        done,
        now,
        LEASE_S
    )
    .execute(tx)
    .await?;
    Ok(advanced.rows_affected() == 1)
}

/// Not now: give it back until `next`.
pub async fn give_back(
    db: impl PgExecutor<'_>,
    one: &Disconnection,
    lease_id: Uuid,
    next: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update disconnections
         set lease_id = null, lease_until = null, next_at = $4, attempts = least(attempts, 1000) + 1
         where tenant_id = $1 and id = $2 and lease_id = $3",
        one.tenant_id.as_uuid(),
        one.id,
        lease_id,
        next
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What came of the present step.
pub async fn insert_step(
    tx: &mut PgConnection,
    one: &Disconnection,
    outcome: &str,
    details: &Value,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into disconnection_steps (tenant_id, disconnection_id, step, at, outcome, details)
         values ($1, $2, $3, $4, $5, $6)",
        one.tenant_id.as_uuid(),
        one.id,
        one.step.as_str(),
        now,
        outcome,
        details
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How the taking back ended, and when.
pub async fn revocation(
    db: impl PgExecutor<'_>,
    one: &Disconnection,
) -> sqlx::Result<Option<(String, OffsetDateTime)>> {
    let row = sqlx::query!(
        "select outcome, at from disconnection_steps
         where tenant_id = $1 and disconnection_id = $2 and step = 'revoke'",
        one.tenant_id.as_uuid(),
        one.id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.outcome, row.at)))
}

/// Tenants whose keys were given up since `since` (by the database's clock), and its present instant. A transaction may
/// have taken some time to commit, so the last minutes are told again.
pub async fn keys_changed(
    db: impl PgExecutor<'_>,
    since: Option<OffsetDateTime>,
) -> sqlx::Result<(Vec<Uuid>, OffsetDateTime)> {
    let row = sqlx::query!(
        r#"select now() as "now!",
             coalesce(array_agg(tenant_id) filter (where tenant_id is not null), '{}') as "tenants!: Vec<Uuid>"
           from (select distinct tenant_id from disconnections
                 where delete_everything and keys_changed_at > coalesce($1, now()) - interval '3 minutes') changed"#,
        since
    )
    .fetch_one(db)
    .await?;
    Ok((row.tenants, row.now))
}

/// The last access token for Microsoft Graph of a standing that was ended; nobody else is given it.
pub async fn last_graph_token(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
) -> sqlx::Result<Option<ValidToken>> {
    sqlx::query_as!(
        ValidToken,
        r#"select ct as "ct!", acquired_at as "acquired_at!", expires_at as "expires_at!" from tokens
           where tenant_id = $1 and connection_id = $2 and resource = 'graph' and ct is not null"#,
        tenant_id.as_uuid(),
        connection_id.as_uuid()
    )
    .fetch_optional(db)
    .await
}

/// What was erased.
#[derive(Clone, Copy, Debug, Default)]
pub struct Erased {
    pub refresh_tokens: i64,
    pub access_tokens: i64,
    pub credentials: i64,
}

/// Forget every token of the tenant's ended standings, the secrets of its ended sign-ins, and the credentials of its own
/// app registrations that were stored before. What was onboarded since is left alone.
pub async fn erase(tx: &mut PgConnection, one: &Disconnection) -> sqlx::Result<Erased> {
    let tenant = one.tenant_id.as_uuid();
    sqlx::query!(
        "delete from flow_secrets s using onboarding_flows f
         where s.tenant_id = $1 and f.tenant_id = s.tenant_id and f.id = s.flow_id
           and f.state in ('complete', 'held', 'failed', 'superseded')",
        tenant
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query_as!(
        Erased,
        r#"with ended as (select id from connections where tenant_id = $1 and state = 'revoked'),
             secrets as (
               delete from connection_secrets s using ended e where s.tenant_id = $1 and s.connection_id = e.id returning 1
             ),
             access as (
               update tokens t set state = 'failed', ct = null from ended e
               where t.tenant_id = $1 and t.connection_id = e.id and (t.ct is not null or t.state <> 'failed')
               returning 1
             ),
             own as (
               delete from app_credentials c using app_registrations r
               where r.tenant_id = $1 and c.app_registration_id = r.id and c.created_at <= $2
                 and not exists (select from connections l
                                 where l.tenant_id = $1 and l.app_registration_id = r.id and l.state <> 'revoked')
               returning 1
             )
           select (select count(*) from secrets) as "refresh_tokens!", (select count(*) from access) as "access_tokens!",
             (select count(*) from own) as "credentials!""#,
        tenant,
        one.started_at
    )
    .fetch_one(tx)
    .await
}

/// Links of invitations that are over show no more.
pub async fn blank_links(db: impl PgExecutor<'_>, tenant_id: TenantId) -> sqlx::Result<()> {
    sqlx::query!(
        "update invitations set token_sealed = '' where tenant_id = $1 and state <> 'open' and token_sealed <> ''",
        tenant_id.as_uuid()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The data keys that this disconnection is to destroy and that are not destroyed yet.
pub async fn doomed_keys(
    db: impl PgExecutor<'_>,
    one: &Disconnection,
) -> sqlx::Result<Vec<StoredKey>> {
    sqlx::query_as!(
        StoredKey,
        "select id, tenant_id, purpose, wrapped, kek_id, state, uses, created_at from data_keys
         where tenant_id = $1 and ends_with = $2 and state <> 'destroyed' order by id",
        one.tenant_id.as_uuid(),
        one.id
    )
    .fetch_all(db)
    .await
}

/// Destroy them; gives their ids.
pub async fn destroy_keys(tx: &mut PgConnection, one: &Disconnection) -> sqlx::Result<Vec<Uuid>> {
    sqlx::query_scalar!(
        "update data_keys set state = 'destroyed', wrapped = ''
         where tenant_id = $1 and ends_with = $2 and state <> 'destroyed' returning id",
        one.tenant_id.as_uuid(),
        one.id
    )
    .fetch_all(tx)
    .await
}
