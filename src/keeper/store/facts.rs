//! `tenant_facts` and `tenant_looks`; and the ended grants of a tenant.

use serde_json::Value;
use sqlx::{PgExecutor, PgPool};
use time::OffsetDateTime;

use crate::domain::diagnosis::{Category, Life, Policy, TokenClass};
use crate::keeper::facts::Outlook;
use crate::storage::{ConnectionId, TenantId};

/// Why a tenant is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its connection is in trouble.
    Ailing,
    /// Its day is over.
    Daily,
}

/// Claim tenants in trouble that nobody has looked at since it began, or since a person tried again. While a refusal is
/// only being confirmed, an hour lies between two looks.
pub async fn claim_ailing(
    pool: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<TenantId>> {
    sqlx::query_scalar!(
        r#"insert into tenant_looks as l (tenant_id, next_look_at, lease_until)
           select c.tenant_id, $1::timestamptz, now() + interval '2 minutes'
           from connections c join tenants t on t.id = c.tenant_id and t.state = 'active'
           left join tenant_looks k on k.tenant_id = c.tenant_id
           where c.state in ('suspect', 'needs_consent') and c.last_error_at is not null
             and (k.lease_until is null or k.lease_until < now())
             and (k.looked_at is null or k.looked_at < c.state_since
               or k.looked_at < c.last_error_at and (c.state = 'needs_consent' or k.looked_at < $1::timestamptz - interval '1 hour'))
           limit $2
           on conflict (tenant_id) do update set lease_until = excluded.lease_until
             where l.lease_until is null or l.lease_until < now()
           returning l.tenant_id as "tenant_id: TenantId""#,
        now,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Claim tenants whose next look is due.
pub async fn claim_due(
    pool: &PgPool,
    now: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<TenantId>> {
    sqlx::query_scalar!(
        r#"update tenant_looks l set lease_until = now() + interval '2 minutes'
           from (select tenant_id from tenant_looks
             where next_look_at <= $1 and (lease_until is null or lease_until < now())
             order by next_look_at limit $2 for update skip locked) d
           where l.tenant_id = d.tenant_id
           returning l.tenant_id as "tenant_id: TenantId""#,
        now,
        limit
    )
    .fetch_all(pool)
    .await
}

/// Every tenant with a standing gets its daily look: the newly connected soon, those of before spread over a day.
pub async fn enrol(pool: &PgPool, now: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tenant_looks (tenant_id, next_look_at)
         select c.tenant_id, case when c.obtained_at > $1::timestamptz - interval '1 hour' then $1 else $1 + random() * interval '1 day' end
         from connections c
         where c.state = 'active' and not exists (select from tenant_looks k where k.tenant_id = c.tenant_id)
         on conflict do nothing",
        now
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Look at it soon: somebody is looking at it, too.
pub async fn want(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tenant_looks (tenant_id, next_look_at) values ($1, $2)
         on conflict (tenant_id) do update set next_look_at = $2",
        tenant_id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Nothing to look at; again at `next`.
pub async fn put_off(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    next: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tenant_looks set next_look_at = $2, lease_until = null where tenant_id = $1",
        tenant_id.as_uuid(),
        next
    )
    .execute(db)
    .await?;
    Ok(())
}

/// No token is at hand: again when the next refresh has brought one.
pub async fn wait_for_refresh(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update tenant_looks l set lease_until = null, next_look_at = greatest($3::timestamptz + interval '15 minutes', least(
           $3 + interval '2 days',
           coalesce((select s.next_refresh_at from refresh_schedule s where s.tenant_id = $1 and s.connection_id = $2), $3)
             + interval '2 minutes'))
         where l.tenant_id = $1",
        tenant_id.as_uuid(),
        connection_id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Write down what a look brought. `(looked, next)`: when it began, and when the next one is due.
pub async fn store(
    pool: &PgPool,
    tenant_id: TenantId,
    connection_id: ConnectionId,
    found: &[(&'static str, Value, OffsetDateTime)],
    through: &str,
    (looked, next): (OffsetDateTime, OffsetDateTime),
) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?;
    for (fact, value, at) in found {
        sqlx::query!(
            "insert into tenant_facts (tenant_id, fact, value, connection_id, observed_at) values ($1, $2, $3, $4, $5)
             on conflict (tenant_id, fact) do update set value = $3, connection_id = $4, observed_at = $5
             where tenant_facts.observed_at <= $5",
            tenant_id.as_uuid(),
            fact,
            value,
            connection_id.as_uuid(),
            at
        )
        .execute(&mut *tx)
        .await?;
    }
    sqlx::query!(
        "update tenant_looks set looked_at = $2, next_look_at = $3, through = $4, lease_until = null where tenant_id = $1",
        tenant_id.as_uuid(),
        looked,
        next,
        through
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await
}

/// The newest ended grants, the newest first.
pub async fn lives(db: impl PgExecutor<'_>, tenant_id: TenantId) -> sqlx::Result<Vec<Life>> {
    let rows = sqlx::query!(
        r#"select obtained_at, last_ok_at, died_at as "died_at!", died_code, died_cause, token_class, admin_oid
           from connections where tenant_id = $1 and died_at is not null order by obtained_at desc, id desc limit 12"#,
        tenant_id.as_uuid()
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Life {
            obtained_at: row.obtained_at,
            last_ok_at: row.last_ok_at,
            died_at: row.died_at,
            cause: row
                .died_cause
                .and_then(|word| word.parse().ok())
                .unwrap_or(Category::Unknown),
            code: row.died_code.and_then(|code| u32::try_from(code).ok()),
            class: match row.token_class.as_deref() {
                Some("public") => Some(TokenClass::Public),
                Some("confidential") => Some(TokenClass::Confidential),
                _ => None,
            },
            account: row.admin_oid,
        })
        .collect())
}

/// The tenant's policies as last seen; none when they could not be read.
pub async fn policies(db: impl PgExecutor<'_>, tenant_id: TenantId) -> sqlx::Result<Vec<Policy>> {
    let value = sqlx::query_scalar!(
        "select value from tenant_facts where tenant_id = $1 and fact = 'policies'",
        tenant_id.as_uuid()
    )
    .fetch_optional(db)
    .await?;
    // Written by another version: nothing is known.
    Ok(value
        .and_then(|value| serde_json::from_value(value).ok())
        .unwrap_or_default())
}

/// When a living connection worked last; none when it is not the tenant's standing any more.
pub async fn last_ok(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
) -> sqlx::Result<Option<OffsetDateTime>> {
    sqlx::query_scalar!(
        "select last_ok_at from connections where tenant_id = $1 and id = $2 and state in ('active', 'suspect')",
        tenant_id.as_uuid(),
        id.as_uuid()
    )
    .fetch_optional(db)
    .await
    .map(Option::flatten)
}

/// Write an outlook and the date that follows from it, unless a refresh came between or nothing has changed.
pub async fn write_outlook(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    outlook: Outlook,
    last_ok: OffsetDateTime,
    end: Option<(OffsetDateTime, &'static str)>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update connections set rhythm_s = $3, policy_ends_at = $4, expires_at = $6, expires_reason = $7
         where tenant_id = $1 and id = $2 and last_ok_at = $5
           and (rhythm_s, policy_ends_at) is distinct from ($3, $4)",
        tenant_id.as_uuid(),
        id.as_uuid(),
        outlook.rhythm_s,
        outlook.policy_ends_at,
        last_ok,
        end.map(|(at, _)| at),
        end.map(|(_, why)| why)
    )
    .execute(db)
    .await?;
    Ok(())
}
