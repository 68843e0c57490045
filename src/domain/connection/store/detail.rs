//! One tenant's connection with its tokens, credentials, invitations and calls.

use time::OffsetDateTime;
use uuid::Uuid;

use super::status::category;
use crate::domain::connection::detail::{
    Credential, OpenInvitation, PendingGrant, ResourceLine, TokenState,
};
use crate::domain::connection::standing::Standing;
use crate::domain::connection::state::UnknownWord;
use crate::domain::diagnosis::{Method, Realm, TokenClass};
use crate::domain::op::{Op, Scope};
use crate::storage::{Inconsistent, MsalErrorId, TenantId};

struct StandingRow {
    id: Uuid,
    mode: String,
    entra_tenant_id: Uuid,
    admin_username: String,
    admin_name: String,
    token_class: Option<String>,
    obtained_by: String,
    obtained_at: OffsetDateTime,
    realm: String,
    last_ok_at: Option<OffsetDateTime>,
    last_error_id: Option<i64>,
    cause: Option<String>,
    expires_at: Option<OffsetDateTime>,
    expires_reason: Option<String>,
    sign_in_frequency_s: Option<i32>,
    rhythm_s: Option<i32>,
    policy_ends_at: Option<OffsetDateTime>,
    access_until: Option<OffsetDateTime>,
}

impl TryFrom<StandingRow> for Standing {
    type Error = Inconsistent;

    fn try_from(row: StandingRow) -> Result<Self, Inconsistent> {
        let wrong = |column| Inconsistent::new("connections", column, row.id);
        let expires = match row.expires_at.zip(row.expires_reason) {
            Some((at, why)) => Some((at, why.parse().map_err(|_| wrong("expires_reason"))?)),
            None => None,
        };
        Ok(Self {
            id: row.id.into(),
            mode: row.mode.parse().map_err(|_| wrong("mode"))?,
            entra_tenant_id: row.entra_tenant_id,
            admin_username: row.admin_username,
            admin_name: row.admin_name,
            token_class: class(row.token_class.as_deref()).map_err(|_| wrong("token_class"))?,
            obtained_by: method(&row.obtained_by).ok_or_else(|| wrong("obtained_by"))?,
            obtained_at: row.obtained_at,
            realm: realm(&row.realm).ok_or_else(|| wrong("realm"))?,
            last_ok_at: row.last_ok_at,
            last_error_id: row.last_error_id.map(MsalErrorId),
            cause: category(row.cause).map_err(|()| wrong("cause"))?,
            expires,
            sign_in_frequency_s: row.sign_in_frequency_s,
            rhythm_s: row.rhythm_s,
            policy_ends_at: row.policy_ends_at,
            access_until: row.access_until,
        })
    }
}

/// The stored word's class; none for client credentials.
pub(super) fn class(word: Option<&str>) -> Result<Option<TokenClass>, UnknownWord> {
    match word {
        Some("public") => Ok(Some(TokenClass::Public)),
        Some("confidential") => Ok(Some(TokenClass::Confidential)),
        None => Ok(None),
        Some(_) => Err(UnknownWord),
    }
}

pub(super) fn method(word: &str) -> Option<Method> {
    match word {
        "device_code" => Some(Method::DeviceCode),
        "auth_code" => Some(Method::BrowserSignIn),
        "client_credentials" => Some(Method::AppOnly),
        _ => None,
    }
}

pub(super) fn realm(word: &str) -> Option<Realm> {
    match word {
        "managed" => Some(Realm::Managed),
        "federated" => Some(Realm::Federated),
        "unknown" => Some(Realm::Unknown),
        _ => None,
    }
}

pub async fn standing(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Standing>, sqlx::Error> {
    let row = sqlx::query_as!(
        StandingRow,
        r#"select id, mode, entra_tenant_id, admin_username, admin_name, token_class, obtained_by, obtained_at, realm,
             last_ok_at, last_error_id, cause, expires_at, expires_reason, sign_in_frequency_s, rhythm_s, policy_ends_at,
             (select max(k.expires_at) from tokens k
               where k.tenant_id = c.tenant_id and k.connection_id = c.id and k.state = 'valid') as access_until
           from connections c
           where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = c.tenant_id))
             and state not in ('pending', 'revoked')"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(Standing::try_from).transpose()?)
}

pub async fn resources(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Vec<ResourceLine>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.resource, r.required, k.state as "state?", coalesce(k.scopes, '{}') as "scopes!",
             k.expires_at as "expires_at?", k.last_ok_at as "last_ok_at?", k.last_error_at as "last_error_at?",
             k.last_error_id as "last_error_id?", k.last_error_code as "last_error_code?", k.cause as "cause?"
           from tenant_resources r
           left join connections c on c.tenant_id = r.tenant_id and c.state not in ('pending', 'revoked')
           left join tokens k on k.tenant_id = c.tenant_id and k.connection_id = c.id and k.resource = r.resource
           where r.tenant_id = $1 and ($2::uuid is null or r.tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = r.tenant_id))"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    let wrong = |column| Inconsistent::new("tokens", column, tenant.as_uuid());
    let mut lines = Vec::with_capacity(rows.len());
    for row in rows {
        lines.push(ResourceLine {
            resource: row.resource.parse().map_err(|_| wrong("resource"))?,
            required: row.required,
            state: match row.state {
                Some(word) => Some(TokenState::from_word(&word).ok_or_else(|| wrong("state"))?),
                None => None,
            },
            scopes: row.scopes,
            expires_at: row.expires_at,
            last_ok_at: row.last_ok_at,
            last_error_at: row.last_error_at,
            last_error_id: row.last_error_id.map(MsalErrorId),
            last_error_code: row.last_error_code,
            cause: category(row.cause).map_err(|()| wrong("cause"))?,
        });
    }
    lines.sort_by_key(|line| line.resource);
    Ok(lines)
}

/// Of the registration that the tenant's connection lives by: its own, or the installation's.
pub async fn credentials(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Vec<Credential>, sqlx::Error> {
    sqlx::query_as!(
        Credential,
        "select c.kind, c.hint, c.not_after from app_credentials c join app_registrations r on r.id = c.app_registration_id
         where c.state = 'active' and r.id = coalesce(
           (select app_registration_id from connections
            where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
              and ($3::uuid is null or exists (select from technician_tenants g
                where g.technician_id = $3 and g.tenant_id = connections.tenant_id))
              and state not in ('pending', 'revoked')),
           (select id from app_registrations where tenant_id is null and state = 'active' order by created_at desc limit 1))
         order by c.not_after nulls last, c.hint",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await
}

pub async fn open_invitation(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<OpenInvitation>, sqlx::Error> {
    let now = op.now();
    sqlx::query_as!(
        OpenInvitation,
        "select id, reference, invitation_email, expected_admin, expires_at, email_sent_count from invitations
         where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
           and ($4::uuid is null or exists (select from technician_tenants g
             where g.technician_id = $4 and g.tenant_id = invitations.tenant_id))
           and state = 'open' and expires_at > $3
         order by created_at desc limit 1",
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        now,
        scope.technician(),
    )
    .fetch_optional(op.db())
    .await
}

pub async fn pending(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Vec<PendingGrant>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select id, pending_reason as "reason!", admin_username, admin_name, entra_tenant_id, obtained_at from connections
           where tenant_id = $1 and ($2::uuid is null or tenant_id = $2)
             and ($3::uuid is null or exists (select from technician_tenants g
               where g.technician_id = $3 and g.tenant_id = connections.tenant_id))
             and state = 'pending'
           order by obtained_at desc"#,
        tenant.as_uuid(),
        scope.tenant().map(TenantId::as_uuid),
        scope.technician(),
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = || Inconsistent::new("connections", "pending_reason", row.id);
            Ok(PendingGrant {
                id: row.id.into(),
                reason: row.reason.parse().map_err(|_| wrong())?,
                admin_username: row.admin_username,
                admin_name: row.admin_name,
                entra_tenant_id: row.entra_tenant_id,
                obtained_at: row.obtained_at,
            })
        })
        .collect()
}
