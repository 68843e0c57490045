//! SQL of API keys: reading them. What is written of a key stands in `write`, what is counted of its use in `count`.

mod count;
mod write;

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ApiKey, KeyState, Owner, Rule, Tenants, Used};
use crate::domain::op::{Op, Scope};
use crate::storage::{ApiKeyId, Inconsistent, TechnicianId, TenantId};

pub(super) use count::{
    count_call, count_hand_out, count_tenant_hand_out, lock, new_tenants_since, note_tenant,
    was_refused,
};
pub(super) use write::{Insert, insert, update_rule, update_secret, update_state};

pub(super) struct Row {
    id: ApiKeyId,
    public_id: String,
    pub mac: Vec<u8>,
    pub previous_mac: Option<Vec<u8>>,
    previous_until: Option<OffsetDateTime>,
    name: String,
    state: String,
    state_reason: String,
    state_since: OffsetDateTime,
    scopes: Vec<String>,
    all_tenants: bool,
    tags: Vec<String>,
    tenants: Vec<Uuid>,
    resources: Vec<String>,
    networks: Vec<String>,
    calls_per_minute: Option<i32>,
    hand_outs_per_minute: Option<i32>,
    new_tenants: Option<i32>,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    version: i64,
    owner_id: TechnicianId,
    email: String,
    display_name: String,
    role: String,
    owner_state: String,
    limited: bool,
    last_used_at: Option<OffsetDateTime>,
    last_ip: Option<String>,
    uses: Option<i64>,
}

impl TryFrom<Row> for ApiKey {
    type Error = Inconsistent;

    fn try_from(row: Row) -> Result<Self, Inconsistent> {
        let odd = |column| Inconsistent::new("api_keys", column, row.id.as_uuid());
        let state = match row.state.as_str() {
            "active" => KeyState::Active,
            "suspended" => KeyState::Suspended {
                reason: row.state_reason.clone(),
            },
            "revoked" => KeyState::Revoked,
            _ => return Err(odd("state")),
        };
        let scopes = row.scopes.iter().map(|word| word.parse());
        let resources = row.resources.iter().map(|word| word.parse());
        Ok(Self {
            id: row.id,
            public_id: row.public_id,
            rule: Rule {
                name: row.name,
                scopes: scopes
                    .collect::<Result<_, _>>()
                    .map_err(|_| odd("scopes"))?,
                tenants: if row.all_tenants {
                    Tenants::All
                } else {
                    Tenants::Only {
                        tags: row.tags,
                        tenants: row.tenants.into_iter().map(Into::into).collect(),
                    }
                },
                resources: resources
                    .collect::<Result<_, _>>()
                    .map_err(|_| odd("resources"))?,
                networks: row.networks,
                calls_per_minute: row.calls_per_minute,
                hand_outs_per_minute: row.hand_outs_per_minute,
                new_tenants: row.new_tenants,
            },
            owner: Owner {
                id: row.owner_id,
                email: row.email,
                display_name: row.display_name,
                role: row.role.parse().map_err(|_| odd("owner_id"))?,
                disabled: row.owner_state != "active",
                limited: row.limited,
            },
            state,
            state_since: row.state_since,
            created_at: row.created_at,
            expires_at: row.expires_at,
            previous_until: row.previous_until,
            version: row.version,
            used: Used {
                last_at: row.last_used_at,
                last_ip: row.last_ip.unwrap_or_default(),
                uses: row.uses.unwrap_or_default(),
            },
        })
    }
}

/// By either; each null matches all.
async fn rows(
    op: &mut Op,
    id: Option<ApiKeyId>,
    owner: Option<TechnicianId>,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"select k.id as "id: ApiKeyId", k.public_id, k.mac, k.previous_mac, k.previous_until, k.name, k.state, k.state_reason,
             k.state_since, k.scopes, k.all_tenants, k.tags, k.tenants, k.resources, k.networks, k.calls_per_minute,
             k.hand_outs_per_minute, k.new_tenants, k.created_at, k.expires_at, k.version,
             o.id as "owner_id: TechnicianId", o.email, o.display_name, o.role, o.state as owner_state, o.limited,
             u.last_used_at as "last_used_at?", u.last_ip as "last_ip?", u.uses as "uses?"
           from api_keys k join technicians o on o.id = k.owner_id left join api_key_uses u on u.key_id = k.id
           where ($1::uuid is null or k.id = $1) and ($2::uuid is null or k.owner_id = $2)
           order by k.state, k.expires_at desc, k.id"#,
        id.map(ApiKeyId::as_uuid),
        owner.map(TechnicianId::as_uuid),
    )
    .fetch_all(op.db())
    .await
}

pub(super) async fn row(op: &mut Op, id: ApiKeyId) -> Result<Option<Row>, sqlx::Error> {
    Ok(rows(op, Some(id), None).await?.into_iter().next())
}

pub(super) async fn find(op: &mut Op, id: ApiKeyId) -> Result<Option<ApiKey>, sqlx::Error> {
    Ok(row(op, id).await?.map(ApiKey::try_from).transpose()?)
}

/// Before it is known whose it is: by the part that is no secret.
pub(super) async fn id_of(
    db: impl PgExecutor<'_>,
    public_id: &str,
) -> Result<Option<ApiKeyId>, sqlx::Error> {
    sqlx::query_scalar!(r#"select api_key_of($1) as "id: ApiKeyId""#, public_id)
        .fetch_one(db)
        .await
}

pub(super) async fn list(
    op: &mut Op,
    owner: Option<TechnicianId>,
) -> Result<Vec<ApiKey>, sqlx::Error> {
    let found = rows(op, None, owner).await?;
    let keys = found.into_iter().map(ApiKey::try_from);
    Ok(keys.collect::<Result<_, _>>()?)
}

pub(super) async fn pepper(db: impl PgExecutor<'_>) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar!("select pepper from api_key_pepper")
        .fetch_one(db)
        .await
}

pub(super) async fn reach(op: &mut Op, scope: Scope) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenants t where t.state <> 'archived'
           and ($1::uuid is null or exists (select from technician_tenants g where g.technician_id = $1 and g.tenant_id = t.id))"#,
        scope.technician(),
    )
    .fetch_one(op.db())
    .await
}

/// Ids of these tenants among those that the scope reaches.
pub(super) async fn tenants_named(
    op: &mut Op,
    scope: Scope,
    names: &[String],
) -> Result<Vec<(TenantId, String)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"select t.id as "id: TenantId", t.short_name from tenants t
           where (t.short_name = any($1) or t.id::text = any($1))
             and ($2::uuid is null or exists (select from technician_tenants g where g.technician_id = $2 and g.tenant_id = t.id))
           order by t.short_name"#,
        names,
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    Ok(found
        .into_iter()
        .map(|row| (row.id, row.short_name))
        .collect())
}
