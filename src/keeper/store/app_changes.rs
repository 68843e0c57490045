//! Changes to `app_registrations` and `app_credentials`, and the dates of connections that follow from them.

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::apps::Registration;

/// What a trial gave.
pub enum Verdict {
    Accepted,
    Refused {
        why: &'static str,
        code: Option<u32>,
        /// Microsoft's words.
        text: String,
        /// Try again by ourselves.
        again: bool,
        /// It stays a candidate: nothing is decided.
        stays: bool,
    },
}

impl Verdict {
    /// Nobody said anything about the credential.
    pub fn undecided(why: &'static str, text: &str) -> Self {
        Self::Refused {
            why,
            code: None,
            text: text.to_owned(),
            again: false,
            stays: true,
        }
    }
}

/// A credential as its retirement sees it.
pub struct Standing {
    pub state: String,
    pub kind: String,
    pub hint: String,
    /// It is active, and no other is.
    pub is_last_usable: bool,
}

/// The owner's active registrations of other client ids are kept for the connections made with them.
pub async fn retire_other_registrations(
    tx: &mut PgConnection,
    new: &Registration,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_registrations set state = 'retired', updated_at = $4
         where cloud = $1 and tenant_id is not distinct from $2 and client_id <> $3 and state = 'active'",
        new.cloud,
        new.tenant_id,
        new.client_id,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Store a registration, or make the known one of this client id the active one.
pub async fn upsert_registration(
    tx: &mut PgConnection,
    new: &Registration,
    now: OffsetDateTime,
) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "insert into app_registrations (id, tenant_id, cloud, client_id, display_name, entra_tenant_id, state, created_at,
           updated_at)
         values ($1, $2, $3, $4, $5, $6, 'active', $7, $7)
         on conflict (cloud, tenant_id, client_id) do update
           set display_name = $5, entra_tenant_id = $6, state = 'active', updated_at = $7
         returning id",
        new.id,
        new.tenant_id,
        new.cloud,
        new.client_id,
        new.display_name,
        new.entra_tenant_id,
        now
    )
    .fetch_one(tx)
    .await
}

pub async fn plan_trial(
    tx: &mut PgConnection,
    registration: Uuid,
    id: Uuid,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_credentials set next_trial_at = $3 where app_registration_id = $1 and id = $2",
        registration,
        id,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A credential that is not in use becomes one to be tried now; false when there is none.
pub async fn make_candidate(
    tx: &mut PgConnection,
    registration: Uuid,
    id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update app_credentials set state = 'candidate', state_since = $3, trials = 0, next_trial_at = $3
         where app_registration_id = $1 and id = $2 and state <> 'active'",
        registration,
        id,
        now
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Candidates to be tried now, with their registrations.
pub async fn due_trials(
    db: impl PgExecutor<'_>,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<(Uuid, Uuid)>> {
    let rows = sqlx::query!(
        "select app_registration_id, id from app_credentials
         where next_trial_at <= $1 and state = 'candidate' order by next_trial_at limit 20",
        now
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.app_registration_id, row.id))
        .collect())
}

/// Take a planned trial; false when another keeper has it.
pub async fn claim_trial(
    db: impl PgExecutor<'_>,
    registration: Uuid,
    id: Uuid,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update app_credentials set next_trial_at = $4
         where app_registration_id = $1 and id = $2 and state = 'candidate' and next_trial_at <= $3",
        registration,
        id,
        now,
        until
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An Entra tenant in which this registration worked lately.
pub async fn connected_tenant(
    db: impl PgExecutor<'_>,
    registration: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select entra_tenant_id from connections
         where app_registration_id = $1 and state in ('active', 'suspect')
         order by last_ok_at desc nulls last limit 1",
        registration
    )
    .fetch_optional(db)
    .await
}

/// Write what the trial gave; false when it is no candidate any more.
pub async fn settle(
    tx: &mut PgConnection,
    registration: Uuid,
    id: Uuid,
    verdict: &Verdict,
    now: OffsetDateTime,
    again: OffsetDateTime,
) -> sqlx::Result<bool> {
    let done = match verdict {
        Verdict::Accepted => {
            sqlx::query!(
                "update app_credentials set state = 'active', state_since = $3, tried_at = $3, worked_at = $3,
                   trials = trials + 1, next_trial_at = null
                 where app_registration_id = $1 and id = $2 and state = 'candidate'",
                registration,
                id,
                now
            )
            .execute(tx)
            .await?
        }
        Verdict::Refused {
            why,
            code,
            text,
            again: may_pass,
            stays,
        } => {
            sqlx::query!(
                "update app_credentials set tried_at = $3, refused_at = $3, refused_why = $4, refused_code = $5,
                   refused_text = $6, trials = trials + 1, next_trial_at = $7,
                   state = case when $8 then state else 'refused' end,
                   state_since = case when $8 then state_since else $3 end
                 where app_registration_id = $1 and id = $2 and state = 'candidate'",
                registration,
                id,
                now,
                why,
                code.and_then(|code| i32::try_from(code).ok()),
                text,
                may_pass.then_some(again),
                stays
            )
            .execute(tx)
            .await?
        }
    };
    Ok(done.rows_affected() == 1)
}

/// How a credential stands; call it with the registration locked.
pub async fn standing(
    tx: &mut PgConnection,
    registration: Uuid,
    id: Uuid,
) -> sqlx::Result<Option<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select state, kind, hint,
             state = 'active' and not exists (select from app_credentials o
               where o.app_registration_id = $1 and o.id <> $2 and o.state = 'active') as "is_last_usable!"
           from app_credentials where app_registration_id = $1 and id = $2"#,
        registration,
        id
    )
    .fetch_optional(tx)
    .await
}

pub async fn retire(
    tx: &mut PgConnection,
    registration: Uuid,
    id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_credentials set state = 'retired', state_since = $3, next_trial_at = null
         where app_registration_id = $1 and id = $2",
        registration,
        id,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn remove(tx: &mut PgConnection, registration: Uuid, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from app_credentials where app_registration_id = $1 and id = $2",
        registration,
        id
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Connections that end with their credential now end with the latest known end among the usable ones, or by the idle
/// limit of 90 days when that comes first. The others learn at their next refresh.
pub async fn follow_ends(db: impl PgExecutor<'_>, registration: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "with latest as (
           select max(not_after) as ends_at from app_credentials where app_registration_id = $1 and state = 'active'
         ), next as (
           select c.tenant_id, c.id, l.ends_at,
             case when c.mode = 'auth_token' then coalesce(c.last_ok_at, c.obtained_at) + interval '90 days' end as idle_at
           from connections c cross join latest l
           where c.app_registration_id = $1 and c.expires_reason = 'credential' and c.state <> 'revoked'
         )
         update connections c set
           expires_at = least(n.ends_at, n.idle_at),
           expires_reason = case when least(n.ends_at, n.idle_at) is null then null
             when n.idle_at is null or n.ends_at < n.idle_at then 'credential' else 'idle' end
         from next n where c.tenant_id = n.tenant_id and c.id = n.id",
        registration
    )
    .execute(db)
    .await?;
    Ok(())
}
