//! Standings without a refresh token, and the trials of customers' own registrations (`app_only_trials`).

use sqlx::{PgConnection, PgExecutor};
use time::OffsetDateTime;
use uuid::Uuid;

use super::tokens::NewToken;
use crate::keeper::message::Actor;
use crate::keeper::resource::Resource;
use crate::storage::{ConnectionId, InvitationId, TenantId};

/// How long a keeper has a trial in hand, seconds.
const LEASE_S: f64 = 120.0;

/// The tenant's resource set with what is required; Graph alone when none was chosen.
pub async fn resource_set(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
) -> sqlx::Result<Vec<(Resource, bool)>> {
    let rows = sqlx::query!(
        "select resource, required from tenant_resources where tenant_id = $1",
        tenant_id.as_uuid()
    )
    .fetch_all(db)
    .await?;
    let mut set = Vec::new();
    for row in rows {
        let resource: Resource = row
            .resource
            .parse()
            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        set.push((resource, row.required));
    }
    set.sort_by_key(|(resource, _)| *resource);
    if set.is_empty() {
        set.push((Resource::Graph, true));
    }
    Ok(set)
}

/// A standing on its way into the table, pending until it is made the current one.
pub struct NewStanding {
    pub tenant_id: TenantId,
    pub id: ConnectionId,
    pub entra_tenant_id: Uuid,
    pub app_registration_id: Uuid,
    /// None when a technician entered the registration.
    pub invitation_id: Option<InvitationId>,
    pub lapse: Option<(OffsetDateTime, &'static str)>,
}

pub async fn insert_standing(
    db: impl PgExecutor<'_>,
    new: &NewStanding,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into connections (tenant_id, id, mode, state, state_since, pending_reason, entra_tenant_id, obtained_by,
           obtained_at, app_registration_id, invitation_id, last_ok_at, expires_at, expires_reason)
         values ($1, $2, 'app_only', 'pending', $3, 'awaiting_consent', $4, 'client_credentials', $3, $5, $6, $3, $7, $8)",
        new.tenant_id.as_uuid(),
        new.id.as_uuid(),
        now,
        new.entra_tenant_id,
        new.app_registration_id,
        new.invitation_id.map(InvitationId::as_uuid),
        new.lapse.map(|(at, _)| at),
        new.lapse.map(|(_, why)| why)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A resource's access token, valid.
pub async fn put_token(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    id: ConnectionId,
    resource: Resource,
    token: &NewToken,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into tokens (tenant_id, connection_id, resource, state, ct, scopes, acquired_at, expires_at, last_ok_at)
         values ($1, $2, $3, 'valid', $4, $5, $6, $7, $6)",
        tenant_id.as_uuid(),
        id.as_uuid(),
        resource.as_str(),
        token.ct,
        &token.scopes,
        token.acquired_at,
        token.expires_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A customer's own registration on trial.
pub struct Trial {
    pub tenant_id: TenantId,
    pub id: Uuid,
    pub registration_id: Uuid,
    pub credential_id: Uuid,
    pub entra_tenant_id: Uuid,
    /// The technician.
    pub actor: Actor,
    pub created_at: OffsetDateTime,
}

/// Begin a trial, in hand of `lease_id`.
pub async fn insert_trial(
    db: impl PgExecutor<'_>,
    trial: &Trial,
    lease_id: Uuid,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into app_only_trials (tenant_id, id, app_registration_id, app_credential_id, entra_tenant_id, actor_id,
           actor_name, actor_ip, created_at, updated_at, next_look_at, lease_id, lease_until)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9, $10, now() + make_interval(secs => $11))",
        trial.tenant_id.as_uuid(),
        trial.id,
        trial.registration_id,
        trial.credential_id,
        trial.entra_tenant_id,
        trial.actor.id,
        trial.actor.name,
        trial.actor.ip,
        trial.created_at,
        lease_id,
        LEASE_S
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forget the tenant's trials that did not come to anything, with their credentials; true when there was one.
pub async fn forget_trials(tx: &mut PgConnection, tenant_id: TenantId) -> sqlx::Result<bool> {
    let gone = sqlx::query_scalar!(
        "delete from app_only_trials where tenant_id = $1 and state <> 'done' returning app_credential_id",
        tenant_id.as_uuid()
    )
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query!(
        "delete from app_credentials c using app_registrations r
         where c.id = any($1) and c.state = 'candidate' and r.id = c.app_registration_id and r.tenant_id = $2",
        &gone,
        tenant_id.as_uuid()
    )
    .execute(tx)
    .await?;
    Ok(!gone.is_empty())
}

/// Try a failed trial again, from now.
pub async fn restart_trial(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let begun = sqlx::query!(
        "update app_only_trials set state = 'trying', failure = null, error_id = null, created_at = $2, updated_at = $2,
           next_look_at = $2
         where tenant_id = $1 and state = 'failed'",
        tenant_id.as_uuid(),
        now
    )
    .execute(db)
    .await?;
    Ok(begun.rows_affected() > 0)
}

/// Claim trials whose look is due.
pub async fn claim_due(
    db: impl PgExecutor<'_>,
    lease_id: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Trial>> {
    let rows = sqlx::query!(
        r#"update app_only_trials t
           set lease_id = $1, lease_until = now() + make_interval(secs => $3)
           from (select tenant_id, id from app_only_trials
                 where next_look_at <= $2 and (lease_until is null or lease_until < now())
                 order by next_look_at limit 10 for update skip locked) due
           where t.tenant_id = due.tenant_id and t.id = due.id
           returning t.tenant_id as "tenant_id: TenantId", t.id, t.app_registration_id, t.app_credential_id,
             t.entra_tenant_id, t.actor_id, t.actor_name, t.actor_ip, t.created_at"#,
        lease_id,
        now,
        LEASE_S
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Trial {
            tenant_id: row.tenant_id,
            id: row.id,
            registration_id: row.app_registration_id,
            credential_id: row.app_credential_id,
            entra_tenant_id: row.entra_tenant_id,
            actor: Actor {
                kind: "technician".into(),
                id: row.actor_id,
                name: row.actor_name,
                ip: row.actor_ip,
            },
            created_at: row.created_at,
        })
        .collect())
}

/// How a look at a trial ended.
#[derive(Clone, Copy, Debug)]
pub enum Looked {
    Again(OffsetDateTime),
    Done,
    Failed(&'static str),
}

/// Write it down and give the trial back; false when it was forgotten or begun anew meanwhile.
pub async fn note_look(
    db: impl PgExecutor<'_>,
    trial: &Trial,
    lease_id: Uuid,
    looked: Looked,
    error_id: Option<i64>,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let (state, failure, next) = match looked {
        Looked::Again(next) => ("trying", None, Some(next)),
        Looked::Done => ("done", None, None),
        Looked::Failed(word) => ("failed", Some(word), None),
    };
    let noted = sqlx::query!(
        "update app_only_trials set state = $4, failure = $5, next_look_at = $6, error_id = coalesce($7, error_id),
           updated_at = $8, lease_id = null, lease_until = null
         where tenant_id = $1 and id = $2 and lease_id = $3 and state = 'trying'",
        trial.tenant_id.as_uuid(),
        trial.id,
        lease_id,
        state,
        failure,
        next,
        error_id,
        now
    )
    .execute(db)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// The tenant's registration of this client id, retired or not.
pub async fn registration_of(
    db: impl PgExecutor<'_>,
    tenant_id: TenantId,
    cloud: &str,
    client_id: Uuid,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select id from app_registrations where tenant_id = $1 and cloud = $2 and client_id = $3",
        tenant_id.as_uuid(),
        cloud,
        client_id
    )
    .fetch_optional(db)
    .await
}

/// The registration and credential of a trial that worked are the tenant's from now on; its other registrations retire.
pub async fn activate(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    registration: Uuid,
    credential: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update app_registrations set state = 'retired', updated_at = $3
         where tenant_id = $1 and id <> $2 and state = 'active'",
        tenant_id.as_uuid(),
        registration,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "update app_registrations set state = 'active', updated_at = $3 where tenant_id = $1 and id = $2",
        tenant_id.as_uuid(),
        registration,
        now
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "update app_credentials set state = 'active', state_since = $3, worked_at = $3, tried_at = $3
         where app_registration_id = $1 and id = $2",
        registration,
        credential,
        now
    )
    .execute(tx)
    .await?;
    Ok(())
}
