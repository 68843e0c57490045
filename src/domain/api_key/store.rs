//! SQL of API keys, their uses and the tenants they touched.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{ApiKey, KeyState, Owner, Rule, Tenants, Used};
use crate::domain::op::{Op, Scope};
use crate::storage::{ApiKeyId, Inconsistent, TechnicianId, TenantId};

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

/// What is stored of a rule, column by column.
struct Columns {
    scopes: Vec<String>,
    all: bool,
    tags: Vec<String>,
    tenants: Vec<Uuid>,
    resources: Vec<String>,
}

impl Columns {
    fn of(rule: &Rule) -> Self {
        let (all, tags, tenants) = match &rule.tenants {
            Tenants::All => (true, Vec::new(), Vec::new()),
            Tenants::Only { tags, tenants } => {
                let ids = tenants.iter().map(|id| id.as_uuid()).collect();
                (false, tags.clone(), ids)
            }
        };
        Self {
            scopes: rule.scopes.iter().map(ToString::to_string).collect(),
            all,
            tags,
            tenants,
            resources: rule
                .resources
                .iter()
                .map(|one| one.as_str().into())
                .collect(),
        }
    }
}

pub(super) struct Insert<'a> {
    pub id: ApiKeyId,
    pub public_id: &'a str,
    pub mac: &'a [u8],
    pub owner: TechnicianId,
    pub rule: &'a Rule,
    pub expires_at: OffsetDateTime,
}

pub(super) async fn insert(op: &mut Op, new: Insert<'_>) -> Result<(), sqlx::Error> {
    let (now, rule) = (op.now(), new.rule);
    let columns = Columns::of(rule);
    sqlx::query!(
        "insert into api_keys (id, public_id, mac, name, owner_id, state_since, scopes, all_tenants, tags, tenants, resources,
           networks, calls_per_minute, hand_outs_per_minute, new_tenants, created_at, issued_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $6, $6, $16)",
        new.id.as_uuid(),
        new.public_id,
        new.mac,
        rule.name,
        new.owner.as_uuid(),
        now,
        &columns.scopes,
        columns.all,
        &columns.tags,
        &columns.tenants,
        &columns.resources,
        &rule.networks,
        rule.calls_per_minute,
        rule.hand_outs_per_minute,
        rule.new_tenants,
        new.expires_at,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn update_rule(op: &mut Op, id: ApiKeyId, rule: &Rule) -> Result<(), sqlx::Error> {
    let columns = Columns::of(rule);
    sqlx::query!(
        "update api_keys set name = $2, scopes = $3, all_tenants = $4, tags = $5, tenants = $6, resources = $7, networks = $8,
           calls_per_minute = $9, hand_outs_per_minute = $10, new_tenants = $11
         where id = $1",
        id.as_uuid(),
        rule.name,
        &columns.scopes,
        columns.all,
        &columns.tags,
        &columns.tenants,
        &columns.resources,
        &rule.networks,
        rule.calls_per_minute,
        rule.hand_outs_per_minute,
        rule.new_tenants,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn update_secret(
    op: &mut Op,
    id: ApiKeyId,
    mac: &[u8],
    previous_until: Option<OffsetDateTime>,
    expires_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update api_keys set mac = $2, previous_until = $3, expires_at = $4, issued_at = $5,
           previous_mac = case when $3::timestamptz is null then null else mac end
         where id = $1",
        id.as_uuid(),
        mac,
        previous_until,
        expires_at,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// False when it had this state already, or is revoked.
pub(super) async fn update_state(
    op: &mut Op,
    id: ApiKeyId,
    state: &str,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update api_keys set state = $2, state_reason = $3, state_since = $4,
           previous_mac = case when $2 = 'revoked' then null else previous_mac end,
           previous_until = case when $2 = 'revoked' then null else previous_until end
         where id = $1 and state <> $2 and state <> 'revoked'",
        id.as_uuid(),
        state,
        reason,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One call more in this minute; how many it has with it.
pub(super) async fn count_call(
    op: &mut Op,
    id: ApiKeyId,
    ip: &str,
    minute: OffsetDateTime,
) -> Result<i32, sqlx::Error> {
    let now = op.now();
    sqlx::query_scalar!(
        "insert into api_key_uses as u (key_id, minute, calls, hand_outs, uses, last_used_at, last_ip)
         values ($1, $2, 1, 0, 1, $3, $4)
         on conflict (key_id) do update set
           minute = $2, calls = case when u.minute = $2 then u.calls + 1 else 1 end,
           hand_outs = case when u.minute = $2 then u.hand_outs else 0 end,
           uses = u.uses + 1, last_used_at = $3, last_ip = $4
         returning calls",
        id.as_uuid(),
        minute,
        now,
        ip,
    )
    .fetch_one(op.db())
    .await
}

/// One hand-out more in this minute, of the key and of the tenant.
pub(super) async fn count_hand_out(
    op: &mut Op,
    id: ApiKeyId,
    tenant: TenantId,
    minute: OffsetDateTime,
) -> Result<(i32, i32), sqlx::Error> {
    let of_key = sqlx::query_scalar!(
        "update api_key_uses set hand_outs = case when minute = $2 then hand_outs + 1 else 1 end, minute = $2,
           calls = case when minute = $2 then calls else 0 end
         where key_id = $1 returning hand_outs",
        id.as_uuid(),
        minute,
    )
    .fetch_one(op.db())
    .await?;
    let of_tenant = sqlx::query_scalar!(
        "insert into api_tenant_counts as c (tenant_id, minute, hand_outs) values ($1, $2, 1)
         on conflict (tenant_id) do update set minute = $2,
           hand_outs = case when c.minute = $2 then c.hand_outs + 1 else 1 end
         returning hand_outs",
        tenant.as_uuid(),
        minute,
    )
    .fetch_one(op.db())
    .await?;
    Ok((of_key, of_tenant))
}

/// True when this key was never given a token of this tenant before.
pub(super) async fn note_tenant(
    op: &mut Op,
    id: ApiKeyId,
    tenant: TenantId,
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "insert into api_key_tenants (tenant_id, key_id, first_at) values ($1, $2, $3) on conflict do nothing",
        tenant.as_uuid(),
        id.as_uuid(),
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn new_tenants_since(
    op: &mut Op,
    id: ApiKeyId,
    since: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_key_tenants where key_id = $1 and first_at > $2"#,
        id.as_uuid(),
        since,
    )
    .fetch_one(op.db())
    .await
}

/// Wait for whoever changes or counts this key, so that twenty at once are counted as twenty.
pub(super) async fn lock(op: &mut Op, id: ApiKeyId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(
        "select id from api_keys where id = $1 for update",
        id.as_uuid()
    )
    .fetch_one(op.db())
    .await?;
    Ok(())
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
