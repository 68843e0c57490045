//! A disconnection with what came of its steps.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::disconnection::report::{
    Application, Disconnection, Proof, ResourceProof, Revocation, Step, StepDone, Tally,
};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, MsalErrorId, TenantId};

pub async fn latest(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Disconnection>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select d.id, d.plug_id is not null as "is_plug!", d.delete_everything, d.step, d.asked_by_name, d.started_at,
             d.ended_at, d.next_at, d.attempts, r.client_id as "client_id?", c.entra_tenant_id as "entra_tenant_id?",
             (r.tenant_id is not null) as "is_own?"
           from disconnections d
           left join connections c on c.tenant_id = d.tenant_id and c.id = d.connection_id
           left join app_registrations r on r.id = c.app_registration_id
           where d.tenant_id = $1 and ($2::uuid is null or d.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = d.tenant_id))
           order by d.started_at desc, d.id desc limit 1"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let steps = sqlx::query!(
        "select step, at, outcome, details from disconnection_steps
         where tenant_id = $1 and disconnection_id = $2 order by at",
        tenant.as_uuid(),
        row.id,
    )
    .fetch_all(op.db())
    .await?;
    let mut done = Vec::new();
    for step in steps {
        let read = read(&step.step, &step.outcome, step.details);
        let read =
            read.ok_or_else(|| Inconsistent::new("disconnection_steps", "outcome", row.id))?;
        done.push((step.at, read));
    }
    done.sort_by_key(|(_, step)| order(step));
    Ok(Some(Disconnection {
        id: row.id,
        is_plug: row.is_plug,
        delete_everything: row.delete_everything,
        step: Step::from_word(&row.step)
            .ok_or_else(|| Inconsistent::new("disconnections", "step", row.id))?,
        asked_by: row.asked_by_name,
        started_at: row.started_at,
        ended_at: row.ended_at,
        next_at: row.next_at,
        attempts: row.attempts,
        application: application(row.client_id, row.entra_tenant_id, row.is_own),
        done,
    }))
}

fn application(
    client_id: Option<Uuid>,
    entra_tenant_id: Option<Uuid>,
    is_own: Option<bool>,
) -> Option<Application> {
    Some(Application {
        client_id: client_id?,
        entra_tenant_id: entra_tenant_id?,
        is_own: is_own?,
    })
}

const fn order(step: &StepDone) -> u8 {
    match step {
        StepDone::Revoked { .. } => 0,
        StepDone::Proven { .. } => 1,
        StepDone::Forgotten { .. } => 2,
        StepDone::Destroyed { .. } => 3,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Details {
    grants: Tally,
    roles: Tally,
    application: Tally,
    resources: Vec<ResourceRow>,
    refresh_tokens: u32,
    access_tokens: u32,
    credentials: u32,
    data_keys: u32,
}

#[derive(Deserialize)]
struct ResourceRow {
    resource: String,
    as_application: bool,
    proof: String,
    code: Option<u32>,
    error_id: Option<MsalErrorId>,
}

fn read(step: &str, outcome: &str, details: Value) -> Option<StepDone> {
    let details: Details = match details {
        Value::Null => Details::default(),
        details => serde_json::from_value(details).ok()?,
    };
    Some(match Step::from_word(step)? {
        Step::Revoke => StepDone::Revoked {
            outcome: Revocation::from_word(outcome)?,
            grants: details.grants,
            roles: details.roles,
            application: details.application,
        },
        Step::Prove => StepDone::Proven {
            outcome: Proof::from_word(outcome)?,
            resources: details
                .resources
                .into_iter()
                .map(|row| {
                    Some(ResourceProof {
                        proof: Proof::from_word(&row.proof)?,
                        resource: row.resource,
                        as_application: row.as_application,
                        code: row.code,
                        error_id: row.error_id,
                    })
                })
                .collect::<Option<_>>()?,
        },
        Step::Forget => StepDone::Forgotten {
            refresh_tokens: details.refresh_tokens,
            access_tokens: details.access_tokens,
            credentials: details.credentials,
        },
        Step::Destroy => StepDone::Destroyed {
            data_keys: details.data_keys,
        },
        Step::Done => return None,
    })
}
