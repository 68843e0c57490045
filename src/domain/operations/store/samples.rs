//! `status_samples`, `refresh_samples`, `error_hours`: written once a minute by one of any number of replicas.

use time::OffsetDateTime;

use crate::domain::op::Op;

/// Whether this transaction is the one to write the sample of `minute`: nobody is at it and nobody was.
pub async fn begin(op: &mut Op, minute: OffsetDateTime) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('tenantry samples', 0))
             and not exists (select from refresh_samples where at = $1) as "mine!""#,
        minute
    )
    .fetch_one(op.db())
    .await
}

pub async fn take_states(
    op: &mut Op,
    minute: OffsetDateTime,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into status_samples (at, state, tenants)
         select $1, state, count(*) from authentication_status($2) group by state
         on conflict do nothing",
        minute,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn take_refreshes(
    op: &mut Op,
    minute: OffsetDateTime,
    now: OffsetDateTime,
    overdue_since: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with alive as (
           select s.tenant_id, s.connection_id, s.next_refresh_at
           from refresh_schedule s join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id
             and c.state in ('active', 'suspect')
           join tenants t on t.id = s.tenant_id and t.state = 'active'
         ), oldest as (
           select coalesce(k.last_ok_at, k.acquired_at) as at, k.tenant_id, k.resource
           from tokens k join alive a on a.tenant_id = k.tenant_id and a.connection_id = k.connection_id
           where k.state = 'valid' order by 1 limit 1
         ), ranges as (
           select place, sum(n)::bigint as n from call_totals t, unnest(t.durations) with ordinality u(n, place)
           where t.operation in ('refresh', 'client_credentials') group by place
         )
         insert into refresh_samples (at, connections, due, overdue, answered, refused, durations, oldest_at, oldest_tenant_id,
           oldest_resource)
         select $1, (select count(*) from alive), (select count(*) from alive where next_refresh_at <= $2),
           (select count(*) from alive where next_refresh_at <= $3),
           coalesce((select sum(calls) from call_totals
             where operation in ('refresh', 'client_credentials') and outcome = 'ok'), 0)::bigint,
           coalesce((select sum(calls) from call_totals
             where operation in ('refresh', 'client_credentials') and outcome <> 'ok'), 0)::bigint,
           coalesce((select array_agg(n order by place) from ranges), '{}'),
           (select at from oldest), (select tenant_id from oldest), (select resource from oldest)
         on conflict do nothing",
        minute,
        now,
        overdue_since
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Count the errors of each hour from `since` on again.
pub async fn count_errors(op: &mut Op, since: OffsetDateTime) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into error_hours (hour, category, errors)
         select date_trunc('hour', at, 'UTC'), category, count(*) from msal_errors where at >= $1 group by 1, 2
         on conflict (hour, category) do update set errors = excluded.errors",
        since
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Keep of the samples before `hours_before` the first of each hour, and before `days_before` the first of each day.
pub async fn thin(
    op: &mut Op,
    hours_before: OffsetDateTime,
    days_before: OffsetDateTime,
) -> Result<u64, sqlx::Error> {
    let mut gone = 0;
    for (step, before) in [("hour", hours_before), ("day", days_before)] {
        gone += sqlx::query!(
            "delete from status_samples s using (
               select at, row_number() over (partition by date_trunc($1, at, 'UTC') order by at) as place
               from (select distinct at from status_samples where at < $2) d) k
             where s.at = k.at and k.place > 1",
            step,
            before
        )
        .execute(op.db())
        .await?
        .rows_affected();
        gone += sqlx::query!(
            "delete from refresh_samples s using (
               select at, row_number() over (partition by date_trunc($1, at, 'UTC') order by at) as place
               from refresh_samples where at < $2) k
             where s.at = k.at and k.place > 1",
            step,
            before
        )
        .execute(op.db())
        .await?
        .rows_affected();
    }
    Ok(gone)
}

/// Hours before `hour` go into one sum, so that the sum over all hours never falls.
pub async fn sum_error_hours(op: &mut Op, hour: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query!(
        "with gone as (
           delete from error_hours where hour < $1 and hour > '-infinity' returning category, errors)
         insert into error_hours as e (hour, category, errors)
         select '-infinity', category, sum(errors) from gone group by category
         on conflict (hour, category) do update set errors = e.errors + excluded.errors",
        hour
    )
    .execute(op.db())
    .await?;
    Ok(gone.rows_affected())
}

pub async fn forget_mails(op: &mut Op, before: OffsetDateTime) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query!("delete from mail_deliveries where at < $1", before)
        .execute(op.db())
        .await?;
    Ok(gone.rows_affected())
}
