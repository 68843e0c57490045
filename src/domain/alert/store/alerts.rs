//! `alerts`.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::alert::{Alert, Event, Filter, Open, Rule, Severity, Subject};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, TenantId};

/// An alert about to be opened.
pub struct New<'a> {
    pub rule_id: Uuid,
    pub tenant: Option<TenantId>,
    pub incident: Option<Uuid>,
    pub event: Event,
    pub subject: &'a str,
    pub cause: &'a str,
    pub severity: Severity,
    pub began_at: OffsetDateTime,
    /// It is over as it begins.
    pub is_momentary: bool,
    pub snoozed: Option<(OffsetDateTime, &'a str)>,
}

/// Open one; none when it is open already.
pub async fn insert(op: &mut Op, new: &New<'_>) -> Result<Option<Uuid>, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "insert into alerts (id, rule_id, tenant_id, incident_id, event, subject, cause, severity, began_at, opened_at, closed_at,
           snoozed_until, snoozed_reason, next_reminder_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $12)
         on conflict do nothing returning id",
        crate::clock::ordered_uuid(),
        new.rule_id,
        new.tenant.map(TenantId::as_uuid),
        new.incident,
        new.event.as_str(),
        new.subject,
        new.cause,
        new.severity.as_str(),
        new.began_at,
        now,
        new.is_momentary.then_some(now),
        new.snoozed.map(|(until, _)| until),
        new.snoozed.map_or("", |(_, reason)| reason),
    )
    .fetch_optional(op.db())
    .await
}

struct Row {
    id: Uuid,
    rule_id: Option<Uuid>,
    rule: String,
    tenant_id: Option<Uuid>,
    short_name: Option<String>,
    full_name: Option<String>,
    open_invitation: Option<Uuid>,
    incident_id: Option<Uuid>,
    event: String,
    subject: String,
    cause: String,
    severity: String,
    began_at: OffsetDateTime,
    opened_at: OffsetDateTime,
    closed_at: Option<OffsetDateTime>,
    closed_why: String,
    told_at: Option<OffsetDateTime>,
    snoozed_until: Option<OffsetDateTime>,
    snoozed_reason: String,
    snoozed_by: String,
    sequence: i32,
}

impl TryFrom<Row> for Alert {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("alerts", column, row.id);
        Ok(Self {
            event: row.event.parse().map_err(|_| wrong("event"))?,
            severity: row.severity.parse().map_err(|_| wrong("severity"))?,
            tenant: row.tenant_id.map(|id| Subject {
                id: id.into(),
                short_name: row.short_name.unwrap_or_default(),
                full_name: row.full_name.unwrap_or_default(),
                open_invitation: row.open_invitation,
            }),
            id: row.id,
            rule_id: row.rule_id,
            rule: row.rule,
            incident_id: row.incident_id,
            subject: row.subject,
            cause: row.cause,
            began_at: row.began_at,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            closed_why: row.closed_why,
            told_at: row.told_at,
            snoozed_until: row.snoozed_until,
            snoozed_reason: row.snoozed_reason,
            snoozed_by: row.snoozed_by,
            sequence: row.sequence,
        })
    }
}

/// These, the newest first; those that are not there are left out.
pub async fn by_ids(op: &mut Op, ids: &[Uuid]) -> Result<Vec<Alert>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select a.id, a.rule_id, coalesce(r.name, '') as "rule!", a.tenant_id, t.short_name as "short_name?",
             t.full_name as "full_name?", k.open_invitation_id as "open_invitation?", a.incident_id, a.event, a.subject, a.cause,
             a.severity, a.began_at, a.opened_at, a.closed_at, a.closed_why, a.told_at, a.snoozed_until, a.snoozed_reason,
             a.snoozed_by, a.sequence
           from alerts a
           left join alert_rules r on r.id = a.rule_id
           left join tenants t on t.id = a.tenant_id
           left join tenant_status k on k.tenant_id = a.tenant_id
           where a.id = any($1) order by a.opened_at desc, a.id desc"#,
        ids
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
}

/// Whether it is there within the scope. What concerns no tenant is seen by whoever sees all, an incident also by those whose
/// tenants it touches.
pub async fn is_within(op: &mut Op, scope: Scope, id: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from alerts a where a.id = $1
             and ($2::uuid is null or a.tenant_id = $2)
             and ($3::uuid is null
               or exists (select from technician_tenants g where g.technician_id = $3 and g.tenant_id = a.tenant_id)
               or exists (select from incident_tenants i join technician_tenants g on g.tenant_id = i.tenant_id
                 where i.incident_id = a.incident_id and g.technician_id = $3))) as "there!""#,
        id,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_one(op.db())
    .await
}

pub async fn page(op: &mut Op, scope: Scope, filter: &Filter) -> Result<Vec<Alert>, sqlx::Error> {
    let now = op.now();
    let ids = sqlx::query_scalar!(
        "select a.id from alerts a
         where ($1::uuid is null or a.tenant_id = $1)
           and ($2::uuid is null
             or exists (select from technician_tenants g where g.technician_id = $2 and g.tenant_id = a.tenant_id)
             or exists (select from incident_tenants i join technician_tenants g on g.tenant_id = i.tenant_id
               where i.incident_id = a.incident_id and g.technician_id = $2))
           and ($3::boolean is null or (a.closed_at is null) = $3)
           and ($4::uuid is null or a.tenant_id = $4)
           and ($5::text is null or a.event = $5)
           and ($6::timestamptz is null or (a.opened_at, a.id) < ($6, $7::uuid))
           and ($9::text is null or a.severity = $9)
           and ($10::boolean is null or coalesce(a.snoozed_until > $11, false) = $10)
         order by a.opened_at desc, a.id desc limit $8",
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
        filter.open,
        filter.tenant.map(TenantId::as_uuid),
        filter.event.map(Event::as_str),
        filter.after.map(|(at, _)| at),
        filter.after.map(|(_, id)| id),
        filter.limit.unwrap_or(50),
        filter.severity.map(super::super::event::Severity::as_str),
        filter.snoozed,
        now,
    )
    .fetch_all(op.db())
    .await?;
    by_ids(op, &ids).await
}

pub async fn count_open(op: &mut Op, scope: Scope) -> Result<Open, sqlx::Error> {
    let now = op.now();
    let rows = sqlx::query!(
        r#"select a.severity, count(*) as "count!", count(*) filter (where a.snoozed_until > $3) as "snoozed!"
           from alerts a
           where a.closed_at is null
             and ($1::uuid is null or a.tenant_id = $1)
             and ($2::uuid is null
               or exists (select from technician_tenants g where g.technician_id = $2 and g.tenant_id = a.tenant_id)
               or exists (select from incident_tenants i join technician_tenants g on g.tenant_id = i.tenant_id
                 where i.incident_id = a.incident_id and g.technician_id = $2))
           group by a.severity"#,
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
        now
    )
    .fetch_all(op.db())
    .await?;
    Ok(Open {
        by_severity: Severity::ALL.map(|severity| {
            let found = rows.iter().find(|row| row.severity == severity.as_str());
            (severity, found.map_or(0, |row| row.count))
        }),
        snoozed: rows.iter().map(|row| row.snoozed).sum(),
    })
}

/// The open ones of a tenant among these events; with a subject, those of it alone.
pub async fn open_of_tenant(
    op: &mut Op,
    tenant: TenantId,
    events: &[Event],
    subject: Option<&str>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let events: Vec<String> = events.iter().map(ToString::to_string).collect();
    sqlx::query_scalar!(
        "select id from alerts where tenant_id = $1 and event = any($2) and ($3::text is null or subject = $3)
           and closed_at is null order by opened_at, id",
        tenant.as_uuid(),
        &events,
        subject
    )
    .fetch_all(op.db())
    .await
}

pub async fn open_of_incident(op: &mut Op, incident: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select id from alerts where incident_id = $1 and closed_at is null",
        incident
    )
    .fetch_all(op.db())
    .await
}

pub async fn close(op: &mut Op, id: Uuid, why: &str) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alerts set closed_at = greatest($2, opened_at), closed_why = $3, next_reminder_at = null
         where id = $1 and closed_at is null",
        id,
        now,
        why
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The open ones of a rule that is no more.
pub async fn close_of_rule(op: &mut Op, rule: Uuid) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update alerts set closed_at = greatest($2, opened_at), closed_why = 'rule', next_reminder_at = null
         where rule_id = $1 and closed_at is null",
        rule,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// The open ones of a rule that it would not open as it is now: of an event that it tells no more, or of a tenant that is none
/// of its tenants any more.
pub async fn close_outside(op: &mut Op, rule: &Rule) -> Result<(), sqlx::Error> {
    let now = op.now();
    let events: Vec<String> = rule.events.iter().map(ToString::to_string).collect();
    let choice = rule.reach.choice().cloned().unwrap_or_default();
    let tenants: Vec<Uuid> = choice.tenants.iter().map(|id| id.as_uuid()).collect();
    sqlx::query!(
        "update alerts a set closed_at = greatest($2, opened_at), closed_why = 'rule', next_reminder_at = null
         where rule_id = $1 and closed_at is null
           and (event <> all($3) or ($4::text is not null and tenant_id is not null
             and not limit_admits($4, $5, $6, tenant_id,
               array(select t.tag from tenant_tags t where t.tenant_id = a.tenant_id))))",
        rule.id,
        now,
        &events,
        rule.reach.kind(),
        &choice.tags,
        &tenants,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// One more message; gives its number.
pub async fn count_message(
    op: &mut Op,
    id: Uuid,
    next_reminder: Option<OffsetDateTime>,
) -> Result<i32, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "update alerts set sequence = sequence + 1, told_at = coalesce(told_at, $2),
           next_reminder_at = case when closed_at is null then $3::timestamptz end
         where id = $1 returning sequence",
        id,
        now,
        next_reminder
    )
    .fetch_one(op.db())
    .await
}

pub async fn set_cause(op: &mut Op, id: Uuid, cause: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("update alerts set cause = $2 where id = $1", id, cause)
        .execute(op.db())
        .await?;
    Ok(())
}

/// Snooze, or wake (none). True when there is such an open one.
pub async fn snooze(
    op: &mut Op,
    id: Uuid,
    until: Option<OffsetDateTime>,
    reason: &str,
    by: &str,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update alerts set snoozed_until = $2::timestamptz, snoozed_reason = $3, snoozed_by = $4,
           next_reminder_at = coalesce($2::timestamptz, $5)
         where id = $1 and closed_at is null",
        id,
        until,
        reason,
        by,
        now
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Open, told or not, and to be told (again) now.
pub async fn reminders_due(op: &mut Op, limit: i64) -> Result<Vec<Uuid>, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "select id from alerts where closed_at is null and next_reminder_at <= $1
           and (snoozed_until is null or snoozed_until <= $1)
         order by next_reminder_at limit $2",
        now,
        limit
    )
    .fetch_all(op.db())
    .await
}
