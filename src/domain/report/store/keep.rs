//! The worker's part: counts a day by the indexes of the tenants in hand, and keeps the sums.

use std::collections::HashMap;
use std::ops::Range;

use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::category;
use crate::domain::diagnosis::Category;
use crate::domain::history::Kept;
use crate::domain::op::Op;
use crate::domain::report::{CauseSums, DaySums, Month};

/// What was counted of one tenant in one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub renewals: i64,
    pub errors: i64,
    pub invitations: i64,
    pub completed: i64,
}

/// Days from `first` to `last` that the record reaches and that are not counted to their end, newest first.
pub async fn open_days(op: &mut Op, first: Date, last: Date) -> Result<Vec<Date>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select d.day as "day!" from (
             select generate_series(
               greatest($1::date, (select (min(since) at time zone 'UTC')::date from connection_states))::timestamp,
               $2::date::timestamp, interval '1 day')::date as day) d
           left join report_days r on r.day = d.day
           where r.day is null or r.counted_until < ((d.day + 1)::timestamp at time zone 'UTC')
           order by d.day desc"#,
        first,
        last,
    )
    .fetch_all(op.db())
    .await
}

pub async fn keep_counted_until(
    op: &mut Op,
    day: Date,
    until: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into report_days as r (day, counted_until) values ($1, $2)
         on conflict (day) do update set counted_until = greatest(r.counted_until, excluded.counted_until)",
        day,
        until,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn tenants_after(
    op: &mut Op,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from tenants where $1::uuid is null or id > $1 order by id limit $2",
        after,
        limit,
    )
    .fetch_all(op.db())
    .await
}

/// Renewals, errors and invitations of these tenants within the window.
pub async fn count(
    op: &mut Op,
    tenants: &[Uuid],
    window: &Range<OffsetDateTime>,
) -> Result<HashMap<Uuid, Counted>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select n.tenant_id as "tenant_id!", sum(n.renewals)::bigint as "renewals!", sum(n.errors)::bigint as "errors!",
             sum(n.invitations)::bigint as "invitations!", sum(n.completed)::bigint as "completed!"
           from (
             select tenant_id, count(*) as renewals, 0 as errors, 0 as invitations, 0 as completed from entra_calls
             where tenant_id = any($1) and at >= $2 and at < $3 and outcome = 'ok'
               and operation in ('refresh', 'client_credentials') and resource <> ''
             group by tenant_id
             union all
             select tenant_id, 0, count(*), 0, 0 from msal_errors
             where tenant_id = any($1) and at >= $2 and at < $3 group by tenant_id
             union all
             select tenant_id, 0, 0, count(*), 0 from invitations
             where tenant_id = any($1) and created_at >= $2 and created_at < $3 group by tenant_id
             union all
             select tenant_id, 0, 0, 0, count(*) from invitations
             where tenant_id = any($1) and ended_at >= $2 and ended_at < $3 and state = 'completed' group by tenant_id
           ) n group by n.tenant_id"#,
        tenants,
        window.start,
        window.end,
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let counted = Counted {
                renewals: row.renewals,
                errors: row.errors,
                invitations: row.invitations,
                completed: row.completed,
            };
            (row.tenant_id, counted)
        })
        .collect())
}

/// The errors among them by cause.
pub async fn count_errors(
    op: &mut Op,
    tenants: &[Uuid],
    window: &Range<OffsetDateTime>,
) -> Result<HashMap<Uuid, Vec<(Category, i64)>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select tenant_id, category, count(*) as "count!" from msal_errors
           where tenant_id = any($1) and at >= $2 and at < $3 group by tenant_id, category"#,
        tenants,
        window.start,
        window.end,
    )
    .fetch_all(op.db())
    .await?;
    let mut found: HashMap<Uuid, Vec<(Category, i64)>> = HashMap::new();
    for row in rows {
        let cause = category(&row.category, "msal_errors", row.tenant_id)?;
        found
            .entry(row.tenant_id)
            .or_default()
            .push((cause, row.count));
    }
    Ok(found)
}

/// The day's rows of `tenants` are these and no others.
pub async fn keep_days(
    op: &mut Op,
    day: Date,
    tenants: &[Uuid],
    rows: &[(Uuid, DaySums)],
) -> Result<(), sqlx::Error> {
    fn column<T>(rows: &[(Uuid, DaySums)], of: impl Fn(&DaySums) -> T) -> Vec<T> {
        rows.iter().map(|(_, one)| of(one)).collect()
    }
    let small = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
    sqlx::query!(
        "delete from tenant_days where tenant_id = any($1) and day = $2 and tenant_id <> all($3)",
        tenants,
        day,
        &ids,
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into tenant_days (tenant_id, day, up_s, down_s, worst, renewals, recoveries, recovery_s, errors, invitations,
           completed)
         select tenant_id, $1, up_s, down_s, worst, renewals, recoveries, recovery_s, errors, invitations, completed
         from unnest($2::uuid[], $3::int4[], $4::int4[], $5::text[], $6::int4[], $7::int4[], $8::int8[], $9::int4[],
           $10::int4[], $11::int4[])
           as n (tenant_id, up_s, down_s, worst, renewals, recoveries, recovery_s, errors, invitations, completed)
         order by tenant_id
         on conflict (tenant_id, day) do update set up_s = excluded.up_s, down_s = excluded.down_s, worst = excluded.worst,
           renewals = excluded.renewals, recoveries = excluded.recoveries, recovery_s = excluded.recovery_s,
           errors = excluded.errors, invitations = excluded.invitations, completed = excluded.completed",
        day,
        &ids,
        &column(rows, |one| small(one.sums.up.whole_seconds())),
        &column(rows, |one| small(one.sums.down.whole_seconds())),
        &column(rows, |one| one.worst.map(Kept::as_str)) as &[Option<&str>],
        &column(rows, |one| small(one.sums.renewals)),
        &column(rows, |one| small(one.sums.recoveries)),
        &column(rows, |one| one.sums.recovery.whole_seconds()),
        &column(rows, |one| small(one.sums.errors)),
        &column(rows, |one| small(one.sums.invitations)),
        &column(rows, |one| small(one.sums.completed)),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn keep_causes(
    op: &mut Op,
    day: Date,
    tenants: &[Uuid],
    rows: &[(Uuid, CauseSums)],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from tenant_day_causes where tenant_id = any($1) and day = $2",
        tenants,
        day,
    )
    .execute(op.db())
    .await?;
    let small = |number: i64| i32::try_from(number).unwrap_or(i32::MAX);
    let ids: Vec<Uuid> = rows.iter().map(|(id, _)| *id).collect();
    let words: Vec<&str> = rows.iter().map(|(_, one)| one.cause.as_str()).collect();
    let errors: Vec<i32> = rows.iter().map(|(_, one)| small(one.errors)).collect();
    let lost: Vec<i32> = rows
        .iter()
        .map(|(_, one)| small(one.lost.whole_seconds()))
        .collect();
    sqlx::query!(
        "insert into tenant_day_causes (tenant_id, day, cause, errors, lost_s)
         select tenant_id, $1, cause, errors, lost_s
         from unnest($2::uuid[], $3::text[], $4::int4[], $5::int4[]) as n (tenant_id, cause, errors, lost_s)
         order by tenant_id, cause
         on conflict (tenant_id, day, cause) do update set errors = excluded.errors, lost_s = excluded.lost_s",
        day,
        &ids,
        &words as &[&str],
        &errors,
        &lost,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The month of these tenants from their days.
pub async fn sum_up_month(op: &mut Op, month: Month, tenants: &[Uuid]) -> Result<(), sqlx::Error> {
    let (first, next) = (month.first(), month.next().first());
    sqlx::query!(
        "insert into tenant_months (month, tenant_id, up_s, down_s, renewals, recoveries, recovery_s, errors, invitations,
           completed)
         select $1, tenant_id, sum(up_s), sum(down_s), sum(renewals), sum(recoveries), sum(recovery_s), sum(errors),
           sum(invitations), sum(completed)
         from tenant_days where tenant_id = any($3) and day >= $1 and day < $2
         group by tenant_id order by tenant_id
         on conflict (month, tenant_id) do update set up_s = excluded.up_s, down_s = excluded.down_s,
           renewals = excluded.renewals, recoveries = excluded.recoveries, recovery_s = excluded.recovery_s,
           errors = excluded.errors, invitations = excluded.invitations, completed = excluded.completed",
        first,
        next,
        tenants,
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "delete from tenant_month_causes where month = $1 and tenant_id = any($2)",
        first,
        tenants,
    )
    .execute(op.db())
    .await?;
    sqlx::query!(
        "insert into tenant_month_causes (month, tenant_id, cause, errors, lost_s)
         select $1, tenant_id, cause, sum(errors), sum(lost_s)
         from tenant_day_causes where tenant_id = any($3) and day >= $1 and day < $2
         group by tenant_id, cause order by tenant_id, cause
         on conflict (month, tenant_id, cause) do update set errors = excluded.errors, lost_s = excluded.lost_s",
        first,
        next,
        tenants,
    )
    .execute(op.db())
    .await?;
    Ok(())
}
