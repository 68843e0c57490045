//! `plugs`, and the disconnections that belong to one.

use time::OffsetDateTime;
use uuid::Uuid;

use super::begin::asker;
use crate::domain::disconnection::plug::{Exception, Plug, PlugState, Progress};
use crate::domain::disconnection::report::{Proof, Step};
use crate::domain::op::Op;
use crate::storage::{Inconsistent, TechnicianId, TenantId};

/// Nobody confirmed in time: others may ask anew.
pub async fn lapse(op: &mut Op) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update plugs set state = 'lapsed' where state = 'asked' and expires_at <= $1",
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn insert(
    op: &mut Op,
    id: Uuid,
    by: TechnicianId,
    delete_everything: bool,
    reason: &str,
    expires_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (_, name) = asker(op);
    let now = op.now();
    sqlx::query!(
        "insert into plugs (id, delete_everything, reason, asked_by, asked_by_name, asked_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        id,
        delete_everything,
        reason,
        by.as_uuid(),
        name,
        now,
        expires_at,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// `pulled` only by another person than who asked, and in time.
pub async fn decide(
    op: &mut Op,
    id: Uuid,
    state: &str,
    by: TechnicianId,
) -> Result<bool, sqlx::Error> {
    let (_, name) = asker(op);
    let now = op.now();
    let done = sqlx::query!(
        "update plugs set state = $2, decided_by = $3, decided_by_name = $4, decided_at = $5
         where id = $1 and state = 'asked' and expires_at > $5 and ($2 <> 'pulled' or asked_by <> $3)",
        id,
        state,
        by.as_uuid(),
        name,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Nobody writes a connection, an invitation or a sign-in until the transaction ends.
pub async fn hold_hand_out(op: &mut Op) -> Result<(), sqlx::Error> {
    // A whole fleet takes longer than a page.
    sqlx::query!(
        r#"select set_config('statement_timeout', '60s', true) as "set!", set_config('lock_timeout', '20s', true) as "also!""#
    )
    .fetch_one(op.db())
    .await?;
    sqlx::query!("select hold_hand_out()")
        .fetch_one(op.db())
        .await?;
    Ok(())
}

/// A disconnection for every tenant that has anything to end, whatever its state; gives how many.
pub async fn insert_all(op: &mut Op, plug: Uuid) -> Result<i64, sqlx::Error> {
    let (by, name) = asker(op);
    let now = op.now();
    let done = sqlx::query!(
        "insert into disconnections (tenant_id, id, plug_id, delete_everything, asked_by, asked_by_name, started_at, next_at)
         select t.id, gen_random_uuid(), p.id, p.delete_everything, $2, $3, $4, $4
         from plugs p cross join tenants t
         where p.id = $1
           and (exists (select from connections c where c.tenant_id = t.id and (c.state <> 'revoked' or p.delete_everything))
             or exists (select from invitations i where i.tenant_id = t.id and (i.state = 'open' or p.delete_everything))
             or exists (select from app_only_trials a where a.tenant_id = t.id and (a.state <> 'done' or p.delete_everything)))",
        plug,
        by.map(TechnicianId::as_uuid),
        name,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// Tenants with the ids of their disconnections.
pub async fn members(op: &mut Op, plug: Uuid) -> Result<Vec<(TenantId, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select tenant_id as "tenant_id: TenantId", id from disconnections where plug_id = $1"#,
        plug
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.tenant_id, row.id))
        .collect())
}

pub async fn count_affected(op: &mut Op) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from tenants t
           where exists (select from connections c where c.tenant_id = t.id and c.state <> 'revoked')
             or exists (select from invitations i where i.tenant_id = t.id and i.state = 'open')
             or exists (select from app_only_trials a where a.tenant_id = t.id and a.state <> 'done')"#
    )
    .fetch_one(op.db())
    .await
}

struct Row {
    id: Uuid,
    state: String,
    delete_everything: bool,
    reason: String,
    asked_by: TechnicianId,
    asked_by_name: String,
    asked_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    decided_by_name: String,
    decided_at: Option<OffsetDateTime>,
}

impl Row {
    fn read(self, now: OffsetDateTime) -> Result<Plug, sqlx::Error> {
        let state = match self.state.as_str() {
            "asked" if self.expires_at <= now => PlugState::Lapsed,
            "asked" => PlugState::Asked,
            "pulled" => PlugState::Pulled,
            "cancelled" => PlugState::Cancelled,
            "lapsed" => PlugState::Lapsed,
            _ => return Err(Inconsistent::new("plugs", "state", self.id).into()),
        };
        Ok(Plug {
            id: self.id,
            state,
            delete_everything: self.delete_everything,
            reason: self.reason,
            asked_by: self.asked_by,
            asked_by_name: self.asked_by_name,
            asked_at: self.asked_at,
            expires_at: self.expires_at,
            decided_by_name: self.decided_by_name,
            decided_at: self.decided_at,
        })
    }
}

pub async fn find(op: &mut Op, id: Uuid) -> Result<Option<Plug>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, state, delete_everything, reason, asked_by as "asked_by: TechnicianId", asked_by_name, asked_at,
             expires_at, decided_by_name, decided_at
           from plugs where id = $1"#,
        id
    )
    .fetch_optional(op.db())
    .await?;
    let now = op.now();
    row.map(|row| row.read(now)).transpose()
}

pub async fn latest(op: &mut Op) -> Result<Option<Plug>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select id, state, delete_everything, reason, asked_by as "asked_by: TechnicianId", asked_by_name, asked_at,
             expires_at, decided_by_name, decided_at
           from plugs order by asked_at desc, id desc limit 1"#
    )
    .fetch_optional(op.db())
    .await?;
    let now = op.now();
    row.map(|row| row.read(now)).transpose()
}

pub async fn progress(op: &mut Op, plug: Uuid) -> Result<Progress, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select step, count(*) as "count!" from disconnections where plug_id = $1 group by step"#,
        plug
    )
    .fetch_all(op.db())
    .await?;
    let count = |step: Step| {
        let row = rows.iter().find(|row| row.step == step.word());
        row.map_or(0, |row| row.count)
    };
    let steps: Vec<_> = Step::ALL.map(|step| (step, count(step))).into();
    let proofs = sqlx::query!(
        r#"select s.outcome, count(*) as "count!"
           from disconnections d
           join disconnection_steps s on s.tenant_id = d.tenant_id and s.disconnection_id = d.id and s.step = 'prove'
           where d.plug_id = $1 group by s.outcome order by s.outcome"#,
        plug
    )
    .fetch_all(op.db())
    .await?;
    Ok(Progress {
        tenants: steps.iter().map(|(_, count)| count).sum(),
        steps,
        proofs: proofs
            .into_iter()
            .filter_map(|row| Some((Proof::from_word(&row.outcome)?, row.count)))
            .collect(),
    })
}

pub async fn exceptions(op: &mut Op, plug: Uuid, most: i64) -> Result<Vec<Exception>, sqlx::Error> {
    let rows = sqlx::query!(
        "select t.short_name, t.full_name, s.outcome
         from disconnections d
         join disconnection_steps s on s.tenant_id = d.tenant_id and s.disconnection_id = d.id and s.step = 'prove'
         join tenants t on t.id = d.tenant_id
         where d.plug_id = $1 and s.outcome not in ('gone', 'nothing')
         order by t.short_name limit $2",
        plug,
        most
    )
    .fetch_all(op.db())
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            Some(Exception {
                proof: Proof::from_word(&row.outcome)?,
                short_name: row.short_name,
                full_name: row.full_name,
            })
        })
        .collect())
}
