//! What a diagnosis needs of a connection: the grant, its tenant's ended ones, what Microsoft told, who else suffers.

use serde::de::DeserializeOwned;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::detail::{class, method, realm};
use crate::domain::connection::diagnose::{Grant, our_app};
use crate::domain::diagnosis::{Category, Life, Observed, Seen, Shared, SharedKind};
use crate::domain::op::{Op, Scope};
use crate::storage::{ConnectionId, Inconsistent, TenantId};

pub async fn grant(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    id: ConnectionId,
) -> Result<Option<Grant>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select c.admin_username, c.obtained_at, c.obtained_by, c.token_class, c.realm, c.last_ok_at, c.last_error_at, c.state,
             a.client_id,
             (select max(k.not_after) from app_credentials k
               where k.app_registration_id = a.id and k.state = 'active') as credential_ends_at,
             (select max(k.expires_at) from tokens k
               where k.tenant_id = c.tenant_id and k.connection_id = c.id) as access_until
           from connections c join app_registrations a on a.id = c.app_registration_id
           where c.tenant_id = $1 and ($2::uuid is null or c.tenant_id = $2)
             and ($4::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $4 and g.tenant_id = c.tenant_id))
             and c.id = $3"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        id.as_uuid(),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let wrong = |column| Inconsistent::new("connections", column, id.as_uuid());
    Ok(Some(Grant {
        account: row.admin_username,
        obtained_at: row.obtained_at,
        obtained_by: method(&row.obtained_by).ok_or_else(|| wrong("obtained_by"))?,
        class: class(row.token_class.as_deref()).map_err(|_| wrong("token_class"))?,
        realm: realm(&row.realm).ok_or_else(|| wrong("realm"))?,
        last_ok_at: row.last_ok_at,
        access_until: row.access_until,
        last_error_at: row.last_error_at,
        is_history: row.state == "revoked",
        app: our_app(row.client_id, row.credential_ends_at),
    }))
}

/// The newest ended grants, the newest first.
pub async fn lives(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<Life>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select id, obtained_at, last_ok_at, died_at as "died_at!", died_code, died_cause, token_class, admin_oid
           from connections
           where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
             and ($4::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $4 and g.tenant_id = connections.tenant_id))
             and died_at is not null
           order by obtained_at desc, id desc limit $3"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        limit,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = || Inconsistent::new("connections", "token_class", row.id);
            Ok(Life {
                obtained_at: row.obtained_at,
                last_ok_at: row.last_ok_at,
                died_at: row.died_at,
                cause: row
                    .died_cause
                    .and_then(|word| word.parse().ok())
                    .unwrap_or(Category::Unknown),
                code: row.died_code.and_then(|code| u32::try_from(code).ok()),
                class: class(row.token_class.as_deref()).map_err(|_| wrong())?,
                account: row.admin_oid,
            })
        })
        .collect()
}

/// What was seen of the tenant; what was seen of an account through another connection is left out, it may be another's.
pub async fn seen(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    connection: ConnectionId,
) -> Result<Seen, sqlx::Error> {
    let rows = sqlx::query!(
        "select fact, value, observed_at, connection_id from tenant_facts
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = tenant_facts.tenant_id))",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    let mut seen = Seen::default();
    for row in rows {
        let personal = matches!(
            row.fact.as_str(),
            "account" | "risk" | "roles" | "held_token"
        );
        if personal && row.connection_id != connection.as_uuid() {
            continue;
        }
        put(&mut seen, &row.fact, row.value, row.observed_at);
    }
    Ok(seen)
}

/// A fact that is written differently than it is read here comes from another version: it is left out.
fn put(seen: &mut Seen, fact: &str, value: Value, at: OffsetDateTime) {
    fn read<T: DeserializeOwned>(value: Value, at: OffsetDateTime) -> Option<Observed<T>> {
        let value = serde_json::from_value(value).ok()?;
        Some(Observed { value, at })
    }
    match fact {
        "account" => seen.account = read(value, at),
        "risk" => seen.risk = read(value, at),
        "application" => seen.application = read(value, at),
        "consent" => seen.consent = read(value, at),
        "policies" => seen.policies = read(value, at),
        "roles" => seen.roles = read(value, at),
        "tenant" => seen.tenant = read(value, at),
        "held_token" => seen.held_token = read(value, at),
        _ => {}
    }
}

/// Did other resources of the connection get tokens when this one was refused?
pub async fn others_work(
    op: &mut Op,
    tenant: TenantId,
    connection: ConnectionId,
    resource: &str,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    /// One run asks for the resources one after another.
    const ONE_RUN: Duration = Duration::minutes(2);
    sqlx::query_scalar!(
        r#"select exists (select from tokens
             where tenant_id = $1 and connection_id = $2 and resource <> $3 and state = 'valid' and last_ok_at >= $4) as "it!""#,
        tenant.as_uuid(),
        connection.as_uuid(),
        resource,
        at - ONE_RUN,
    )
    .fetch_one(op.db())
    .await
}

/// The incident that an error at this instant was part of.
pub async fn shared(
    op: &mut Op,
    at: OffsetDateTime,
    class: &str,
    code: Option<i32>,
) -> Result<Option<Shared>, sqlx::Error> {
    /// An incident is noticed when some have failed already.
    const NOTICED: Duration = Duration::minutes(15);
    let row = sqlx::query!(
        r#"select i.kind, i.opened_at, (select count(*) from incident_tenants t where t.incident_id = i.id) as "tenants!"
           from incidents i
           where opened_at <= $1 and (closed_at is null or closed_at >= $2)
             and (kind = 'authority' and $3 in ('transient', 'throttled', 'unknown')
               or kind = 'application' and $3 = 'app_level'
               or kind = 'mass' and i.class = $3 and i.code is not distinct from nullif($4::integer, 0))
           order by opened_at desc limit 1"#,
        at + NOTICED,
        at,
        class,
        code,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.and_then(|row| {
        let kind = match row.kind.as_str() {
            "authority" => SharedKind::Microsoft,
            "application" => SharedKind::OurApp,
            "mass" => SharedKind::SameError,
            _ => return None,
        };
        Some(Shared {
            kind,
            tenants: row.tenants,
            since: row.opened_at,
        })
    }))
}
