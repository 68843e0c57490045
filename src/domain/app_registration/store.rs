//! SQL of registrations and what may be seen of their credentials.

use time::OffsetDateTime;
use uuid::Uuid;

use super::{Credential, Kind, Refused, Registration, State, Why};
use crate::domain::op::{Op, Scope};
use crate::keeper::Cloud;
use crate::storage::{Inconsistent, TenantId};

struct RegistrationRow {
    id: Uuid,
    client_id: Uuid,
    display_name: String,
    entra_tenant_id: Option<Uuid>,
    state: String,
    connections: i64,
}

struct CredentialRow {
    id: Uuid,
    app_registration_id: Uuid,
    kind: String,
    hint: String,
    not_after: Option<OffsetDateTime>,
    state: String,
    created_at: OffsetDateTime,
    created_by: String,
    worked_at: Option<OffsetDateTime>,
    refused_at: Option<OffsetDateTime>,
    refused_code: Option<i32>,
    refused_why: Option<String>,
    refused_text: Option<String>,
    is_being_tried: bool,
}

/// The MSP's registrations of a cloud, the active one first, then the newest. Reads every connection within `scope` to count
/// theirs.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    cloud: Cloud,
) -> Result<Vec<Registration>, sqlx::Error> {
    let rows = sqlx::query_as!(
        RegistrationRow,
        r#"select id, client_id, display_name, entra_tenant_id, state,
             (select count(*) from connections c where c.app_registration_id = r.id
                and c.state in ('pending', 'active', 'suspect', 'needs_consent')
                and ($2::uuid is null or c.tenant_id = $2)
                and ($3::uuid is null or exists (select from technician_tenants g
                  where g.technician_id = $3 and g.tenant_id = c.tenant_id))) as "connections!"
           from app_registrations r where cloud = $1 and tenant_id is null
           order by state = 'active' desc, created_at desc"#,
        cloud.as_str(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut credentials = credentials(op, &ids).await?;
    let mut registrations = Vec::with_capacity(rows.len());
    for row in rows {
        let (its, others) = credentials
            .into_iter()
            .partition(|(registration, _)| *registration == row.id);
        credentials = others;
        let its: Vec<(Uuid, Credential)> = its;
        registrations.push(Registration {
            id: row.id,
            client_id: row.client_id,
            display_name: row.display_name,
            entra_tenant_id: row.entra_tenant_id,
            is_active: row.state == "active",
            connections: row.connections,
            credentials: its.into_iter().map(|(_, credential)| credential).collect(),
        });
    }
    Ok(registrations)
}

/// The credentials of the registration in use.
pub async fn active_credentials(op: &mut Op, cloud: Cloud) -> Result<Vec<Credential>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CredentialRow,
        r#"select c.id, c.app_registration_id, c.kind, c.hint, c.not_after, c.state, c.created_at, c.created_by, c.worked_at,
             c.refused_at, c.refused_code, c.refused_why, c.refused_text, c.next_trial_at is not null as "is_being_tried!"
           from app_credentials c join app_registrations r on r.id = c.app_registration_id
           where r.state = 'active' and r.cloud = $1 and r.tenant_id is null"#,
        cloud.as_str()
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| Ok(Credential::try_from(row)?))
        .collect()
}

async fn credentials(
    op: &mut Op,
    registrations: &[Uuid],
) -> Result<Vec<(Uuid, Credential)>, sqlx::Error> {
    let rows = sqlx::query_as!(
        CredentialRow,
        r#"select id, app_registration_id, kind, hint, not_after, state, created_at, created_by, worked_at, refused_at,
             refused_code, refused_why, refused_text, next_trial_at is not null as "is_being_tried!"
           from app_credentials where app_registration_id = any($1)
           order by array_position(array['active', 'candidate', 'refused', 'retired'], state), created_at desc, id desc"#,
        registrations
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| Ok((row.app_registration_id, Credential::try_from(row)?)))
        .collect()
}

/// The certificate of one of the MSP's credentials.
pub async fn certificate(op: &mut Op, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select c.certificate from app_credentials c join app_registrations r on r.id = c.app_registration_id
         where c.id = $1 and r.tenant_id is null",
        id
    )
    .fetch_optional(op.db())
    .await?;
    Ok(found.flatten())
}

impl TryFrom<CredentialRow> for Credential {
    type Error = Inconsistent;

    fn try_from(row: CredentialRow) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("app_credentials", column, row.id);
        let kind = match row.kind.as_str() {
            "secret" => Kind::Secret,
            "certificate" => Kind::Certificate,
            _ => return Err(wrong("kind")),
        };
        let state = match row.state.as_str() {
            "candidate" => State::Candidate,
            "active" => State::Active,
            "refused" => State::Refused,
            "retired" => State::Retired,
            _ => return Err(wrong("state")),
        };
        let why = row.refused_why.as_deref().map(why).transpose();
        let why = why.map_err(|()| wrong("refused_why"))?;
        let stands = |at: &OffsetDateTime| row.worked_at.is_none_or(|worked| worked < *at);
        let refusal = match (row.refused_at.filter(stands), why) {
            (Some(at), Some(why)) => Some(Refused {
                at,
                why,
                code: row.refused_code,
                text: row.refused_text.unwrap_or_default(),
            }),
            _ => None,
        };
        Ok(Self {
            id: row.id,
            kind,
            hint: row.hint,
            not_after: row.not_after,
            state,
            created_at: row.created_at,
            created_by: row.created_by,
            worked_at: row.worked_at,
            refusal,
            is_being_tried: row.is_being_tried,
        })
    }
}

fn why(word: &str) -> Result<Why, ()> {
    Ok(match word {
        "expired" => Why::Expired,
        "wrong_value" => Why::WrongValue,
        "unknown_certificate" => Why::UnknownCertificate,
        "wrong_app" => Why::WrongApp,
        "clock" => Why::Clock,
        "unreachable" => Why::Unreachable,
        "nowhere" => Why::Nowhere,
        "other" => Why::Other,
        _ => return Err(()),
    })
}
