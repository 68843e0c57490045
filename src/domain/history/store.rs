//! SQL of a tenant's past. Everything is read by the tenant's own index.

use std::collections::HashMap;

use time::OffsetDateTime;
use uuid::Uuid;

use super::calls::CallOutcome;
use super::story::{Act, ActId, Folded};
use super::{Call, CallFilter, CallPlace, Fold, LifetimePolicy, Observed, Outcome, Span};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, MsalErrorId, TenantId};

struct SpanRow {
    tenant_id: Uuid,
    connection_id: Option<Uuid>,
    state: String,
    cause: Option<String>,
    access_until: Option<OffsetDateTime>,
    concluded: bool,
    since: OffsetDateTime,
    until: Option<OffsetDateTime>,
}

impl TryFrom<SpanRow> for Span {
    type Error = Inconsistent;

    fn try_from(row: SpanRow) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("connection_states", column, row.tenant_id);
        Ok(Self {
            state: row.state.parse().map_err(|_| wrong("state"))?,
            connection: row.connection_id.map(Into::into),
            cause: row
                .cause
                .map(|word| word.parse().map_err(|_| wrong("cause")))
                .transpose()?,
            since: row.since,
            until: row.until,
            access_until: row.access_until,
            concluded: row.concluded,
        })
    }
}

/// Oldest first; the one before `from` that lasts into it is among them.
pub async fn spans(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    from: OffsetDateTime,
) -> Result<Vec<Span>, sqlx::Error> {
    let rows = sqlx::query_as!(
        SpanRow,
        "select tenant_id, connection_id, state, cause, access_until, concluded, since, until from connection_states
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = connection_states.tenant_id))
           and (until is null or until >= $3)
         order by since, id",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        from,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter().map(|row| Ok(row.try_into()?)).collect()
}

/// The states of several tenants that touch the time from `from` to `until`, each tenant's oldest first.
pub async fn spans_of_many(
    op: &mut Op,
    tenants: &[Uuid],
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<HashMap<Uuid, Vec<Span>>, sqlx::Error> {
    let rows = sqlx::query_as!(
        SpanRow,
        "select tenant_id, connection_id, state, cause, access_until, concluded, since, until from connection_states
         where tenant_id = any($1) and since < $3 and (until is null or until > $2)
         order by since, id",
        tenants,
        from,
        until,
    )
    .fetch_all(op.db())
    .await?;
    let mut lives: HashMap<Uuid, Vec<Span>> = HashMap::new();
    for row in rows {
        lives
            .entry(row.tenant_id)
            .or_default()
            .push(row.try_into()?);
    }
    Ok(lives)
}

pub async fn calls(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    filter: &CallFilter,
    after: Option<CallPlace>,
    limit: i64,
) -> Result<Vec<Call>, sqlx::Error> {
    let ok = match filter.outcome {
        CallOutcome::Any => None,
        CallOutcome::Ok => Some(true),
        CallOutcome::Failed => Some(false),
    };
    let rows = sqlx::query!(
        "select id, at, operation, resource, http_status, outcome, duration_ms, correlation_id, trace_id, error_id
         from entra_calls
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($8::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $8 and g.tenant_id = entra_calls.tenant_id))
           and ($3::timestamptz is null or (at, id) < ($3, $4))
           and ($5::text is null or operation = $5)
           and ($6::boolean is null or (outcome = 'ok') = $6)
         order by at desc, id desc limit $7",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        after.map(|place| place.at),
        after.map_or(0, |place| place.id),
        filter.operation,
        ok,
        limit,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Call {
            place: CallPlace {
                at: row.at,
                id: row.id,
            },
            operation: row.operation,
            resource: row.resource,
            http_status: row.http_status,
            outcome: row.outcome,
            duration_ms: row.duration_ms,
            correlation_id: row.correlation_id,
            trace_id: row.trace_id,
            error_id: row.error_id.map(MsalErrorId),
        })
        .collect())
}

/// When an act of the tenant happened.
pub async fn act_at(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    id: ActId,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "select at from audit_events
         where id = $3 and tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = audit_events.tenant_id))",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        id.0,
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await
}

/// Newest first. The first condition on the action is that of the index.
pub async fn acts(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    before: Option<ActId>,
    limit: i64,
) -> Result<Vec<Act>, sqlx::Error> {
    let rows = sqlx::query!(
        "select id, at, action, actor_type, actor_name, result, details from audit_events
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($5::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $5 and g.tenant_id = audit_events.tenant_id))
           and ($3::bigint is null or id < $3)
           and action not in ('token.refresh', 'token.hand_out', 'customer_portal.entered', 'customer_portal.left')
           and not (action = 'onboarding.step' and result = 'done')
         order by id desc limit $4",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        before.map(|id| id.0),
        limit,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Act {
            id: ActId(row.id),
            at: row.at,
            action: row.action,
            actor_type: row.actor_type,
            actor: row.actor_name,
            result: row.result,
            details: row.details,
        })
        .collect())
}

/// Renewals between the instants of `bounds`, which go up. A look at the tenant names no resource and renews nothing.
pub async fn renewals(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    bounds: &[OffsetDateTime],
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<Fold>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select count(*) as "count!", min(at) as "first!", max(at) as "last!" from entra_calls
           where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
             and ($6::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $6 and g.tenant_id = entra_calls.tenant_id))
             and at >= $4 and at < $5
             and operation in ('refresh', 'client_credentials') and outcome = 'ok' and resource <> ''
           group by width_bucket(at, $3::timestamptz[])"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        bounds,
        from,
        until,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Fold {
            what: Folded::Renewals,
            count: row.count,
            first: row.first,
            last: row.last,
        })
        .collect())
}

/// Errors between the instants of `bounds`, by cause.
pub async fn errors(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    bounds: &[OffsetDateTime],
    from: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<Vec<Fold>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select category, count(*) as "count!", min(at) as "first!", max(at) as "last!", max(id) as "newest!"
           from msal_errors
           where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
             and ($6::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $6 and g.tenant_id = msal_errors.tenant_id))
             and at >= $4 and at < $5
           group by width_bucket(at, $3::timestamptz[]), category"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        bounds,
        from,
        until,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = || Inconsistent::new("msal_errors", "category", tenant.as_uuid());
            Ok(Fold {
                what: Folded::Errors {
                    cause: row.category.parse().map_err(|_| wrong())?,
                    newest: MsalErrorId(row.newest),
                },
                count: row.count,
                first: row.first,
                last: row.last,
            })
        })
        .collect()
}

pub async fn lifetime_policies(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Observed>, sqlx::Error> {
    let row = sqlx::query!(
        "select outcome, policies, assignment_known, observed_at from lifetime_policies
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = lifetime_policies.tenant_id))",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    let wrong = |column| Inconsistent::new("lifetime_policies", column, tenant.as_uuid());
    row.map(|row| {
        Ok(Observed {
            outcome: match row.outcome.as_str() {
                "read" => Outcome::Read,
                "not_permitted" => Outcome::NotPermitted,
                "no_token" => Outcome::NoToken,
                "no_answer" => Outcome::NoAnswer,
                _ => return Err(wrong("outcome").into()),
            },
            at: row.observed_at,
            policies: serde_json::from_value::<Vec<LifetimePolicy>>(row.policies)
                .map_err(|_| wrong("policies"))?,
            assignment_known: row.assignment_known,
        })
    })
    .transpose()
}

pub async fn next_refresh(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select min(s.next_refresh_at) as "at?" from refresh_schedule s
           join connections c on c.tenant_id = s.tenant_id and c.id = s.connection_id
           join tenants t on t.id = s.tenant_id
           where s.tenant_id = $1 and ($2::uuid is null or s.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = s.tenant_id))
             and c.state in ('active', 'suspect') and t.state = 'active'"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_one(op.db())
    .await
}
