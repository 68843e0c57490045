//! A trial that worked becomes the tenant's standing: a new row, its access tokens, and the former standing revoked, all in
//! the caller's transaction, so that a switch has no gap.

use secrecy::ExposeSecret;
use sqlx::PgConnection;
use uuid::Uuid;

use super::trial::{Acquired, Trial};
use crate::domain::connection::ExpiryReason;
use crate::keeper::app::AppInUse;
use crate::keeper::core::Core;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::onboarding::{Taken, make_current, outcome};
use crate::keeper::refresh::{State, never};
use crate::keeper::resource::Resource;
use crate::keeper::seal::{Purpose, VaultError};
use crate::keeper::store::app_only::{self, NewStanding};
use crate::keeper::store::tokens::{self, NewToken};
use crate::keeper::store::{audit, connections, schedule};
use crate::keeper::trouble::Trouble;
use crate::storage::{ConnectionId, InvitationId, TenantId};

/// A standing in the making, sealed before any transaction begins.
pub(in crate::keeper) struct Adoption {
    tenant_id: TenantId,
    pub id: ConnectionId,
    entra_tenant_id: Uuid,
    tokens: Vec<(
        Resource,
        Option<NewToken>,
        Option<crate::keeper::store::records::Noted>,
    )>,
}

impl Adoption {
    /// Seal what the trial brought.
    pub async fn prepare(
        core: &Core,
        tenant_id: TenantId,
        entra_tenant_id: Uuid,
        trial: Trial,
    ) -> Result<Self, VaultError> {
        core.vault.ask_anew(tenant_id.as_uuid());
        let id = ConnectionId::new();
        let mut tokens = Vec::new();
        for line in trial.lines {
            let (token, noted) = match line.outcome {
                Ok(acquired) => {
                    let sealed = seal(core, tenant_id, id, line.resource, &acquired).await?;
                    (Some(sealed), None)
                }
                Err(noted) => (None, noted),
            };
            tokens.push((line.resource, token, noted));
        }
        Ok(Self {
            tenant_id,
            id,
            entra_tenant_id,
            tokens,
        })
    }

    /// The resources acquired, as the audit log names them.
    pub fn acquired(&self) -> Vec<&'static str> {
        let good = self.tokens.iter().filter(|(_, token, _)| token.is_some());
        good.map(|(resource, _, _)| resource.as_str()).collect()
    }
}

async fn seal(
    core: &Core,
    tenant_id: TenantId,
    id: ConnectionId,
    resource: Resource,
    acquired: &Acquired,
) -> Result<NewToken, VaultError> {
    let row_id = tokens::row_id(id, resource);
    let place = tokens::place(tenant_id, &row_id, acquired.sent_at);
    let plain = acquired.tokens.access_token.expose_secret().as_bytes();
    Ok(NewToken {
        ct: core.vault.seal(Purpose::AccessToken, &place, plain).await?,
        scopes: acquired.tokens.scopes.clone(),
        acquired_at: acquired.sent_at,
        expires_at: acquired.sent_at + acquired.tokens.expires_in.unwrap_or_default(),
    })
}

/// Make it the standing; `Taken` when another tenant of ours is bound to this Entra tenant.
pub(in crate::keeper) async fn adopt(
    tx: &mut PgConnection,
    core: &Core,
    adoption: &Adoption,
    app: &AppInUse,
    invitation_id: Option<InvitationId>,
    actor: &Actor,
) -> Result<Result<(), Taken>, Trouble> {
    let (tenant_id, id, now) = (adoption.tenant_id, adoption.id, core.clock.now());
    let new = NewStanding {
        tenant_id,
        id,
        entra_tenant_id: adoption.entra_tenant_id,
        app_registration_id: app.registration_id,
        invitation_id,
        lapse: app
            .ends_at
            .map(|at| (at, ExpiryReason::Credential.as_str())),
    };
    app_only::insert_standing(&mut *tx, &new, now).await?;
    schedule::insert(&mut *tx, tenant_id, id, never(), now).await?;
    for (resource, token, noted) in &adoption.tokens {
        match token {
            Some(token) => app_only::put_token(&mut *tx, tenant_id, id, *resource, token).await?,
            None => tokens::insert_waiting(&mut *tx, tenant_id, id, *resource).await?,
        }
        if let Some(noted) = noted {
            tokens::note_error(&mut *tx, tenant_id, id, *resource, noted, true).await?;
        }
    }
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor,
        action: "connection.store",
        object_type: "connection",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({
            "obtained_by": "client_credentials",
            "entra_tenant_id": adoption.entra_tenant_id,
            "app_registration_id": app.registration_id,
            "acquired": adoption.acquired(),
        }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    let connection = connections::load(&mut *tx, tenant_id, id).await?;
    let connection = connection.ok_or(Refusal::NotThere)?;
    let made = make_current(&mut *tx, core, &connection, State::Active, None, actor).await;
    Ok(outcome(made)?.map(|_| ()))
}
