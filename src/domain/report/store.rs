//! SQL of the sums. A report reads one row per tenant and month by the primary key; the worker counts a day by the indexes
//! of the tenants in hand.

use std::collections::HashMap;
use std::ops::Range;

use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::{CauseSums, DaySums, Line, Month, Place, Sums};
use crate::domain::diagnosis::Category;
use crate::domain::history::Kept;
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::ShortName;
use crate::storage::{Inconsistent, TenantId};

/// What was counted of one tenant in one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    pub renewals: i64,
    pub errors: i64,
    pub invitations: i64,
    pub completed: i64,
}

struct SumsRow {
    up_s: i64,
    down_s: i64,
    renewals: i64,
    recoveries: i64,
    recovery_s: i64,
    errors: i64,
    invitations: i64,
    completed: i64,
}

impl From<SumsRow> for Sums {
    fn from(row: SumsRow) -> Self {
        Self {
            up: Duration::seconds(row.up_s),
            down: Duration::seconds(row.down_s),
            renewals: row.renewals,
            recoveries: row.recoveries,
            recovery: Duration::seconds(row.recovery_s),
            errors: row.errors,
            invitations: row.invitations,
            completed: row.completed,
        }
    }
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

fn category(word: &str, table: &'static str, tenant: Uuid) -> Result<Category, Inconsistent> {
    word.parse()
        .map_err(|_| Inconsistent::new(table, "cause", tenant))
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

/// Until when a month is counted: the furthest of its days.
pub async fn counted_until(
    op: &mut Op,
    month: Month,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "select max(counted_until) from report_days where day >= $1 and day < $2",
        month.first(),
        month.next().first(),
    )
    .fetch_one(op.db())
    .await
}

pub async fn months(op: &mut Op) -> Result<Vec<Month>, sqlx::Error> {
    let days = sqlx::query_scalar!(
        r#"select distinct date_trunc('month', day::timestamp)::date as "month!" from report_days order by 1 desc"#
    )
    .fetch_all(op.db())
    .await?;
    Ok(days.into_iter().map(Month::of).collect())
}

pub async fn tenant_month(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    month: Month,
) -> Result<Option<Sums>, sqlx::Error> {
    let row = sqlx::query_as!(
        SumsRow,
        "select up_s, down_s, renewals, recoveries, recovery_s, errors, invitations, completed from tenant_months
         where month = $1 and tenant_id = $2 and ($3::uuid is null or tenant_id = $3)",
        month.first(),
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Into::into))
}

pub async fn tenant_causes(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    month: Month,
) -> Result<Vec<CauseSums>, sqlx::Error> {
    let rows = sqlx::query!(
        "select cause, errors, lost_s from tenant_month_causes
         where month = $1 and tenant_id = $2 and ($3::uuid is null or tenant_id = $3)
         order by lost_s desc, errors desc, cause",
        month.first(),
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(CauseSums {
                cause: category(&row.cause, "tenant_month_causes", tenant.as_uuid())?,
                errors: row.errors,
                lost: Duration::seconds(row.lost_s),
            })
        })
        .collect()
}

pub async fn tenant_days(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    month: Month,
) -> Result<Vec<DaySums>, sqlx::Error> {
    let rows = sqlx::query!(
        "select day, up_s, down_s, worst, renewals, recoveries, recovery_s, errors, invitations, completed from tenant_days
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2) and day >= $3 and day < $4 order by day",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        month.first(),
        month.next().first(),
    )
    .fetch_all(op.db())
    .await?;
    let wrong = || Inconsistent::new("tenant_days", "worst", tenant.as_uuid());
    rows.into_iter()
        .map(|row| {
            Ok(DaySums {
                day: row.day,
                worst: row
                    .worst
                    .map(|word| word.parse().map_err(|_| wrong()))
                    .transpose()?,
                sums: SumsRow {
                    up_s: row.up_s.into(),
                    down_s: row.down_s.into(),
                    renewals: row.renewals.into(),
                    recoveries: row.recoveries.into(),
                    recovery_s: row.recovery_s,
                    errors: row.errors.into(),
                    invitations: row.invitations.into(),
                    completed: row.completed.into(),
                }
                .into(),
            })
        })
        .collect()
}

/// How many tenants were counted, and their sums.
pub async fn fleet_month(
    op: &mut Op,
    scope: Scope,
    month: Month,
) -> Result<(i64, Sums), sqlx::Error> {
    let row = sqlx::query!(
        r#"select count(*) as "tenants!", coalesce(sum(up_s), 0)::bigint as "up_s!",
             coalesce(sum(down_s), 0)::bigint as "down_s!", coalesce(sum(renewals), 0)::bigint as "renewals!",
             coalesce(sum(recoveries), 0)::bigint as "recoveries!", coalesce(sum(recovery_s), 0)::bigint as "recovery_s!",
             coalesce(sum(errors), 0)::bigint as "errors!", coalesce(sum(invitations), 0)::bigint as "invitations!",
             coalesce(sum(completed), 0)::bigint as "completed!"
           from tenant_months where month = $1 and ($2::uuid is null or tenant_id = $2)"#,
        month.first(),
        scope.tenant().map(TenantId::as_uuid),
    )
    .fetch_one(op.db())
    .await?;
    let sums = SumsRow {
        up_s: row.up_s,
        down_s: row.down_s,
        renewals: row.renewals,
        recoveries: row.recoveries,
        recovery_s: row.recovery_s,
        errors: row.errors,
        invitations: row.invitations,
        completed: row.completed,
    };
    Ok((row.tenants, sums.into()))
}

pub async fn fleet_causes(
    op: &mut Op,
    scope: Scope,
    month: Month,
) -> Result<Vec<CauseSums>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select cause, sum(errors)::bigint as "errors!", sum(lost_s)::bigint as "lost_s!" from tenant_month_causes
           where month = $1 and ($2::uuid is null or tenant_id = $2)
           group by cause order by 3 desc, 2 desc, cause"#,
        month.first(),
        scope.tenant().map(TenantId::as_uuid),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(CauseSums {
                cause: category(&row.cause, "tenant_month_causes", Uuid::nil())?,
                errors: row.errors,
                lost: Duration::seconds(row.lost_s),
            })
        })
        .collect()
}

/// In the order of the index: the least available first, with nothing counted last.
pub async fn lines(
    op: &mut Op,
    scope: Scope,
    month: Month,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Line>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select m.rank as "rank!", m.tenant_id, t.short_name, t.full_name, m.up_s, m.down_s, m.renewals, m.recoveries,
             m.recovery_s, m.errors, m.invitations, m.completed
           from (
             select *, case when up_s + down_s > 0 then up_s::float8 / (up_s + down_s) else 2 end as rank
             from tenant_months
             where month = $1 and ($2::uuid is null or tenant_id = $2)
               and ($3::float8 is null or
                 (case when up_s + down_s > 0 then up_s::float8 / (up_s + down_s) else 2 end, tenant_id) > ($3, $4))
             order by month, case when up_s + down_s > 0 then up_s::float8 / (up_s + down_s) else 2 end, tenant_id
             limit $5) m
           join tenants t on t.id = m.tenant_id
           order by m.rank, m.tenant_id"#,
        month.first(),
        scope.tenant().map(TenantId::as_uuid),
        after.map(|place| place.rank),
        after.map(|place| place.tenant.as_uuid()),
        limit,
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let tenant_id = TenantId::from(row.tenant_id);
            let wrong = || Inconsistent::new("tenants", "short_name", row.tenant_id);
            Ok(Line {
                tenant_id,
                short_name: ShortName::parse(&row.short_name).ok_or_else(wrong)?,
                full_name: row.full_name,
                place: Place {
                    rank: row.rank,
                    tenant: tenant_id,
                },
                sums: SumsRow {
                    up_s: row.up_s,
                    down_s: row.down_s,
                    renewals: row.renewals,
                    recoveries: row.recoveries,
                    recovery_s: row.recovery_s,
                    errors: row.errors,
                    invitations: row.invitations,
                    completed: row.completed,
                }
                .into(),
            })
        })
        .collect()
}
