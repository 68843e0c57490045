//! What a report shows: one row per tenant and month by the primary key.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::category;
use crate::domain::op::{Op, Scope};
use crate::domain::report::{CauseSums, DaySums, Line, Month, Place, Sums};
use crate::domain::tenant::ShortName;
use crate::storage::{Inconsistent, TenantId};

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
         where month = $1 and tenant_id = $2 and ($3::uuid is null or tenant_id = $3)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = tenant_months.tenant_id))",
        month.first(),
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
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
    let rows = sqlx::query_as!(
        CauseRow,
        "select cause, errors, lost_s from tenant_month_causes
         where month = $1 and tenant_id = $2 and ($3::uuid is null or tenant_id = $3)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = tenant_month_causes.tenant_id))
         order by lost_s desc, errors desc, cause",
        month.first(),
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| row.of(tenant.as_uuid()))
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
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($5::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $5 and g.tenant_id = tenant_days.tenant_id))
           and day >= $3 and day < $4 order by day",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        month.first(),
        month.next().first(),
        scope.technician(),
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
           from tenant_months where month = $1 and ($2::uuid is null or tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = tenant_months.tenant_id))"#,
        month.first(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
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
    let rows = sqlx::query_as!(
        CauseRow,
        r#"select cause, sum(errors)::bigint as "errors!", sum(lost_s)::bigint as "lost_s!" from tenant_month_causes
           where month = $1 and ($2::uuid is null or tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = tenant_month_causes.tenant_id))
           group by cause order by 3 desc, 2 desc, cause"#,
        month.first(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter().map(|row| row.of(Uuid::nil())).collect()
}

struct CauseRow {
    cause: String,
    errors: i64,
    lost_s: i64,
}

impl CauseRow {
    /// As read for `tenant`, whom an unknown cause is reported of.
    fn of(self, tenant: Uuid) -> Result<CauseSums, sqlx::Error> {
        Ok(CauseSums {
            cause: category(&self.cause, "tenant_month_causes", tenant)?,
            errors: self.errors,
            lost: Duration::seconds(self.lost_s),
        })
    }
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
               and ($6::uuid is null or exists (select from technician_tenants g
                 where g.technician_id = $6 and g.tenant_id = tenant_months.tenant_id))
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
        scope.technician(),
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
