//! What is written of a key: its rule, its secret as it is compared, its state.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::api_key::{Rule, Tenants};
use crate::domain::op::Op;
use crate::storage::{ApiKeyId, TechnicianId};

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

pub(in crate::domain::api_key) struct Insert<'a> {
    pub id: ApiKeyId,
    pub public_id: &'a str,
    pub mac: &'a [u8],
    pub owner: TechnicianId,
    pub rule: &'a Rule,
    pub expires_at: OffsetDateTime,
}

pub(in crate::domain::api_key) async fn insert(
    op: &mut Op,
    new: Insert<'_>,
) -> Result<(), sqlx::Error> {
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

pub(in crate::domain::api_key) async fn update_rule(
    op: &mut Op,
    id: ApiKeyId,
    rule: &Rule,
) -> Result<(), sqlx::Error> {
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

pub(in crate::domain::api_key) async fn update_secret(
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
pub(in crate::domain::api_key) async fn update_state(
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
