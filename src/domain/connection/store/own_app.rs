//! SQL of the trials of customers' own registrations; the keeper writes them.

use crate::domain::connection::own_app::{Trial, TrialFailure, TrialState};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, MsalErrorId, TenantId};

pub async fn own_app_trial(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Trial>, sqlx::Error> {
    let row = sqlx::query!(
        "select t.id, r.client_id, t.state, t.failure, t.error_id, t.created_at
         from app_only_trials t join app_registrations r on r.id = t.app_registration_id
         where t.tenant_id = $1 and ($2::uuid is null or t.tenant_id = $2)
           and ($3::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $3 and g.tenant_id = t.tenant_id))
         order by t.created_at desc, t.id desc limit 1",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let state = match (row.state.as_str(), row.failure.as_deref()) {
        ("trying", _) => TrialState::Trying,
        ("done", _) => TrialState::Done,
        ("failed", Some(word)) => TrialState::Failed(TrialFailure::from_word(word)),
        _ => return Err(Inconsistent::new("app_only_trials", "state", row.id).into()),
    };
    Ok(Some(Trial {
        client_id: row.client_id,
        state,
        since: row.created_at,
        error_id: row.error_id.map(MsalErrorId),
    }))
}
