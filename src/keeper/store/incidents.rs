//! `incidents`, the tenants of each, and the tally of failures that may become one. Instants are App's.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor, PgTransaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock::ordered_uuid;
use crate::keeper::gate::Lane;
use crate::storage::TenantId;

/// An incident's place in its table, and whether it was opened just now.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    pub id: Uuid,
    pub is_new: bool,
}

/// A trouble that is to be one incident.
#[derive(Clone, Debug)]
pub struct Trouble<'a> {
    pub kind: &'static str,
    pub cause: &'a str,
    /// As `msal_errors.class`; empty when no answer is behind it.
    pub class: &'a str,
    pub code: Option<u32>,
    pub at: OffsetDateTime,
    /// It is not called over before.
    pub holds_until: OffsetDateTime,
}

/// Open it, or see it once more when it is open.
pub async fn see(db: impl PgExecutor<'_>, trouble: &Trouble<'_>) -> sqlx::Result<Opened> {
    let id = ordered_uuid();
    let seen = sqlx::query_scalar!(
        "insert into incidents as i (id, kind, cause, class, code, opened_at, last_seen_at, holds_until)
         values ($1, $2, $3, $4, $5, $6, $6, $7)
         on conflict (cause) where closed_at is null do update
         set last_seen_at = greatest(i.last_seen_at, excluded.last_seen_at),
           holds_until = greatest(i.holds_until, excluded.holds_until)
         returning id",
        id,
        trouble.kind,
        trouble.cause,
        trouble.class,
        trouble.code.and_then(|code| i32::try_from(code).ok()),
        trouble.at,
        trouble.holds_until
    )
    .fetch_one(db)
    .await?;
    Ok(Opened {
        id: seen,
        is_new: seen == id,
    })
}

/// It is not called over before `until`, and then may be.
pub async fn hold(db: impl PgExecutor<'_>, cause: &str, until: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "update incidents set holds_until = $2 where cause = $1 and closed_at is null",
        cause,
        until
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What the tally says of a cause.
#[derive(Clone, Copy, Debug)]
pub struct Tally {
    /// An incident of this cause is open.
    pub is_open: bool,
    /// Other tenants that failed by it since, counted up to the limit asked for.
    pub others: i64,
}

/// Note that a tenant failed by a cause, and count the others; no more than `limit` rows are looked at.
///
/// Those who count the same cause do so one after another: a statement does not see what others have not committed, and
/// as many as fail at once would each believe to be among the first.
pub async fn tally(
    tx: &mut PgTransaction<'_>,
    tenant_id: TenantId,
    cause: &str,
    at: OffsetDateTime,
    since: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Tally> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))",
        cause
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query_as!(
        Tally,
        r#"with noted as (
             insert into mass_failures (tenant_id, cause, at) values ($1, $2, $3)
             on conflict (tenant_id, cause) do update set at = excluded.at
           )
           select exists (select from incidents where cause = $2 and closed_at is null) as "is_open!",
             (select count(*) from (select from mass_failures
               where cause = $2 and at > $4 and tenant_id <> $1 limit $5) alike) as "others!""#,
        tenant_id.as_uuid(),
        cause,
        at,
        since,
        limit
    )
    .fetch_one(&mut **tx)
    .await
}

/// The tenants of the tally belong to the incident.
pub async fn add_tallied(
    db: impl PgExecutor<'_>,
    id: Uuid,
    cause: &str,
    since: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into incident_tenants (tenant_id, incident_id)
         select tenant_id, $1 from mass_failures where cause = $2 and at > $3 on conflict do nothing",
        id,
        cause,
        since
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The tenants whose connections need this lane belong to the incident.
pub async fn add_of_lane(db: impl PgExecutor<'_>, id: Uuid, lane: Lane) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into incident_tenants (tenant_id, incident_id)
         select c.tenant_id, $1 from connections c
         join app_registrations a on a.id = c.app_registration_id
         where a.client_id = $2 and c.state in ('active', 'suspect')
           and (c.token_class is distinct from 'public') = $3
         on conflict do nothing",
        id,
        lane.client_id,
        lane.with_credential
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The tenants that Microsoft does not answer for belong to the authority's incident, if one is open.
pub async fn add_unanswered(db: impl PgExecutor<'_>, cause: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into incident_tenants (tenant_id, incident_id)
         select c.tenant_id, i.id from incidents i
         join connections c on c.trouble_since is not null and c.state in ('active', 'suspect')
         join refresh_schedule s on s.tenant_id = c.tenant_id and s.connection_id = c.id
           and s.last_error_class in ('transient', 'throttled')
         where i.cause = $1 and i.closed_at is null
         on conflict do nothing",
        cause
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The tenants with a quarantined connection that no open incident of this cause names yet.
pub async fn newly_quarantined(
    db: impl PgExecutor<'_>,
    cause: &str,
) -> sqlx::Result<Vec<TenantId>> {
    sqlx::query_scalar!(
        r#"select c.tenant_id as "id: TenantId" from connections c
           where c.state = 'quarantined' and not exists (
             select from incident_tenants t join incidents i on i.id = t.incident_id
             where t.tenant_id = c.tenant_id and i.cause = $1 and i.closed_at is null)"#,
        cause
    )
    .fetch_all(db)
    .await
}

/// These tenants belong to the incident.
pub async fn add(db: impl PgExecutor<'_>, id: Uuid, tenants: &[TenantId]) -> sqlx::Result<()> {
    let tenants: Vec<Uuid> = tenants.iter().map(|tenant| tenant.as_uuid()).collect();
    sqlx::query!(
        "insert into incident_tenants (tenant_id, incident_id)
         select tenant_id, $1 from unnest($2::uuid[]) t (tenant_id) on conflict do nothing",
        id,
        &tenants
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An open incident of many tenants' failures.
#[derive(Clone, Copy, Debug)]
pub struct Mass {
    pub id: Uuid,
    pub code: Option<i32>,
    pub opened_at: OffsetDateTime,
}

/// The open incidents of many tenants' failures.
pub async fn open_mass(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Mass>> {
    sqlx::query_as!(
        Mass,
        "select id, code, opened_at from incidents where kind = 'mass' and closed_at is null"
    )
    .fetch_all(db)
    .await
}

/// Who was called dead by this cause before it was known to be everybody's is not: confirmed again from the beginning,
/// soon. Gives the tenants.
pub async fn take_back(
    db: &mut PgConnection,
    mass: &Mass,
    since: OffsetDateTime,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<TenantId>> {
    sqlx::query_scalar!(
        r#"with accused as (
             update connections c
             set state = 'suspect', state_since = $4, suspect_checks = 0
             from incident_tenants t
             where t.incident_id = $1 and c.tenant_id = t.tenant_id and c.state = 'needs_consent'
               and c.state_since >= $3 and c.last_error_code is not distinct from $2
             returning c.tenant_id, c.id
           )
           update refresh_schedule s
           set next_refresh_at = $4 + (1 + random()) * interval '5 minutes'
           from accused a where s.tenant_id = a.tenant_id and s.connection_id = a.id
           returning s.tenant_id as "id: TenantId""#,
        mass.id,
        mass.code,
        since,
        now
    )
    .fetch_all(db)
    .await
}

/// An incident that may be over.
#[derive(Clone, Debug)]
pub struct Passing {
    pub id: Uuid,
    pub cause: String,
    pub tenants: i64,
}

/// Lock the open incidents that have passed: a breaker's when the breaker is open (or nobody has needed it for a day), a
/// mass failure's when no more than `limit` tenants have failed by it since, a quarantine's when nothing is quarantined.
pub async fn passed(
    db: &mut PgConnection,
    now: OffsetDateTime,
    since: OffsetDateTime,
    limit: i64,
) -> sqlx::Result<Vec<Passing>> {
    sqlx::query_as!(
        Passing,
        r#"select i.id, i.cause,
             (select count(*) from incident_tenants t where t.incident_id = i.id) as "tenants!"
           from incidents i
           where i.closed_at is null and i.holds_until <= $1 and case i.kind
             when 'mass' then (select count(*) from mass_failures f where f.cause = i.cause and f.at > $2) <= $3
             when 'quarantine' then not exists (select from connections c where c.state = 'quarantined')
             else not exists (select from breakers b
               where b.name = i.cause and b.times > 0 and b.shut_until > now() - interval '1 day')
             end
           for update of i skip locked"#,
        now,
        since,
        limit
    )
    .fetch_all(db)
    .await
}

/// It is over.
pub async fn close(db: impl PgExecutor<'_>, id: Uuid, at: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!(
        "update incidents set closed_at = greatest($2, opened_at) where id = $1 and closed_at is null",
        id,
        at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Its tenants that are still in trouble are tried again within `spread`.
pub async fn retry_soon(
    db: impl PgExecutor<'_>,
    id: Uuid,
    now: OffsetDateTime,
    spread: Duration,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update refresh_schedule s
         set next_refresh_at = least(s.next_refresh_at, $2::timestamptz + make_interval(secs => random() * $3))
         from incident_tenants t, connections c
         where t.incident_id = $1 and s.tenant_id = t.tenant_id
           and c.tenant_id = s.tenant_id and c.id = s.connection_id
           and c.state = 'active' and c.trouble_since is not null",
        id,
        now,
        spread.as_secs_f64()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Failures of so long ago count for nothing.
pub async fn forget_failures(db: impl PgExecutor<'_>, before: OffsetDateTime) -> sqlx::Result<()> {
    sqlx::query!("delete from mass_failures where at <= $1", before)
        .execute(db)
        .await?;
    Ok(())
}

/// How many are open.
pub async fn count_open(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from incidents where closed_at is null"#)
        .fetch_one(db)
        .await
}
