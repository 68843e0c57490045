//! Tokens have arrived: verify whose they are before anything is stored, then store them apart and go on. A mismatch
//! leaves nothing but a name on the page; Microsoft cannot revoke a single token, so it is simply forgotten.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use uuid::Uuid;

use super::account::{Expected, Verdict, judge, odd_name, username};
use super::acquire::go_on;
use super::attempt::{Attempt, ExpectedTenant};
use super::fail::{fail, revoke};
use super::words;
use crate::domain::connection::Known;
use crate::entra::{CallRecord, Expect, IdClaims, IdTokenError, RealmKind, Tokens};
use crate::keeper::core::{Core, Shared};
use crate::keeper::facts;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::record;
use crate::keeper::refresh::{lapse, never, seal_grant};
use crate::keeper::store::connections::{self, NewConnection};
use crate::keeper::store::flow_leases;
use crate::keeper::store::flow_secrets;
use crate::keeper::store::flows::{self, Flow};
use crate::keeper::store::{audit, records, schedule, secrets, tenants, tokens};
use crate::keeper::trouble::Trouble;
use crate::storage::ConnectionId;

/// Signing keys that cannot be fetched are asked for again so often.
const KEY_TRIES: u32 = 4;
const KEY_PAUSE: Duration = Duration::from_secs(2);

/// How the person signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    DeviceCode,
    AuthCode,
}

/// What came.
pub(super) struct Arrived {
    pub tokens: Tokens,
    pub call: CallRecord,
    pub how: How,
    /// Of the browser sign-in.
    pub nonce: Option<SecretString>,
}

/// Verify, store, go on. Gives the next look at the flow, if there is to be one.
pub(super) async fn arrive(
    core: &Shared,
    mut attempt: Attempt,
    lease_id: Uuid,
    arrived: Arrived,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let subject = attempt.subject();
    records::insert_call(&core.pool, &subject, &arrived.call, "ok", None).await?;
    let Some(refresh_token) = &arrived.tokens.refresh_token else {
        tracing::error!(flow.id = %attempt.flow.id, "a sign-in brought no refresh token");
        fail(core, &attempt, words::TROUBLE, None).await?;
        return Ok(None);
    };
    let claims = match verified(core, &attempt, &arrived).await? {
        Ok(claims) => claims,
        Err(word) => {
            fail(core, &attempt, word, None).await?;
            return Ok(None);
        }
    };
    let (tenant_id, flow_id) = (attempt.flow.tenant_id, attempt.flow.id);
    let verdict = verdict(core, &attempt, &claims).await?;
    let name = match verdict {
        Verdict::Refused(_) => odd_name(&claims, &attempt.invitation.expected_admin),
        _ => username(&claims),
    };
    let name = name.to_owned();
    flows::note_account(&core.pool, tenant_id, flow_id, &name, claims.tid).await?;
    if let Verdict::Refused(word) = verdict {
        note_refused(core, &attempt, &name, &claims, word).await?;
        fail(core, &attempt, word, None).await?;
        return Ok(None);
    }
    let hold = verdict == Verdict::Held;
    let Some(id) = store(core, &attempt, &arrived, refresh_token, &claims, hold).await? else {
        return Ok(None); // the flow was ended meanwhile
    };
    attempt.flow = flows::load(&core.pool, tenant_id, flow_id)
        .await?
        .ok_or(Refusal::NotThere)?;
    debug_assert_eq!(attempt.flow.connection_id, Some(id));
    flow_leases::renew(&core.pool, tenant_id, flow_id, lease_id).await?;
    go_on(core, attempt, true).await
}

/// The claims, or the word for why there are none to trust.
async fn verified(
    core: &Core,
    attempt: &Attempt,
    arrived: &Arrived,
) -> Result<Result<IdClaims, &'static str>, Trouble> {
    let Some(id_token) = &arrived.tokens.id_token else {
        tracing::error!(flow.id = %attempt.flow.id, "a sign-in brought no id_token");
        return Ok(Err(words::TROUBLE));
    };
    let expect = Expect {
        client_id: attempt.app.app.client_id,
        tenant: None,
        nonce: arrived.nonce.as_ref().map(ExposeSecret::expose_secret),
    };
    for again in (0..KEY_TRIES).rev() {
        let check = core.entra.verify_id_token(id_token, expect).await;
        if let Some(call) = &check.keys_call {
            let outcome = match &check.outcome {
                Err(IdTokenError::KeysUnavailable(_)) => "transient",
                _ => "ok",
            };
            records::insert_call(&core.pool, &attempt.subject(), call, outcome, None).await?;
        }
        return Ok(match check.outcome {
            Ok(claims) => Ok(claims),
            // Genuine: the judge refuses it by name.
            Err(IdTokenError::OtherTenant(claims) | IdTokenError::PersonalAccount(claims)) => {
                Ok(*claims)
            }
            Err(IdTokenError::KeysUnavailable(_)) if again > 0 => {
                tokio::time::sleep(KEY_PAUSE).await;
                continue;
            }
            Err(IdTokenError::KeysUnavailable(_)) => Err(words::MICROSOFT_TROUBLE),
            Err(error) => {
                tracing::error!(flow.id = %attempt.flow.id, %error, "a sign-in's id_token was refused");
                Err(words::TROUBLE)
            }
        });
    }
    Ok(Err(words::MICROSOFT_TROUBLE))
}

async fn verdict(core: &Core, attempt: &Attempt, claims: &IdClaims) -> Result<Verdict, Trouble> {
    let expected = Expected {
        // Resolved at the start; if Microsoft cannot say it now, somebody must look at who signed in.
        tenant: attempt
            .expected_tenant(core)
            .await?
            .unwrap_or(ExpectedTenant::Unresolved),
        admin: &attempt.invitation.expected_admin,
        someone_else: attempt.flow.someone_else,
        hold: core.settings.hold_every_grant,
    };
    let verdict = judge(claims, &expected);
    if matches!(verdict, Verdict::Refused(_)) {
        return Ok(verdict);
    }
    let owner = tenants::bound_to(&core.pool, claims.tid).await?;
    Ok(match owner {
        Some(other) if other != attempt.tenant.id => Verdict::Refused(words::TENANT_TAKEN),
        _ => verdict,
    })
}

/// The technician shall see who tried.
async fn note_refused(
    core: &Core,
    attempt: &Attempt,
    name: &str,
    claims: &IdClaims,
    word: &str,
) -> Result<(), Trouble> {
    let entry = audit::Entry {
        tenant_id: Some(attempt.tenant.id),
        actor: &Actor::customer(name, &attempt.flow.ip),
        action: "onboarding.account_refused",
        object_type: "onboarding_flow",
        object_id: attempt.flow.id.to_string(),
        result: "denied",
        details: serde_json::json!({
            "why": word,
            "signed_in": name,
            "entra_tenant_id": claims.tid,
            "expected": attempt.invitation.expected_admin,
        }),
    };
    audit::insert(&core.pool, entry, core.clock.now()).await?;
    Ok(())
}

/// Store the grant apart, in one transaction; `None` when the flow was ended meanwhile, and then nothing is stored.
async fn store(
    core: &Core,
    attempt: &Attempt,
    arrived: &Arrived,
    refresh_token: &SecretString,
    claims: &IdClaims,
    hold: bool,
) -> Result<Option<ConnectionId>, Trouble> {
    let Flow {
        tenant_id,
        id: flow_id,
        ref ip,
        ..
    } = attempt.flow;
    let id = ConnectionId::new();
    let now = core.clock.now();
    let sent_at = arrived.call.started_at;
    core.vault.ask_anew(tenant_id.as_uuid());
    let secret = seal_grant(&core.vault, tenant_id, id, 1, refresh_token, sent_at).await?;
    let realm = realm(core, attempt, username(claims)).await?;
    let limit = connections::known_sign_in_frequency(&core.pool, tenant_id).await?;
    let public_class = arrived.how == How::DeviceCode;
    let outlook = facts::outlook(&core.pool, tenant_id, claims.oid, public_class, now).await?;
    let lapse = lapse(&Known {
        app_only: false,
        obtained_at: sent_at,
        last_ok_at: now,
        public_class,
        federated: realm == "federated",
        sign_in_frequency_s: limit,
        rhythm_s: outlook.rhythm_s,
        policy_ends_at: outlook.policy_ends_at,
        credential_ends_at: attempt.app.ends_at,
    });
    let new = NewConnection {
        tenant_id,
        id,
        pending_reason: if hold {
            "awaiting_confirmation"
        } else {
            "awaiting_consent"
        },
        entra_tenant_id: claims.tid,
        admin_oid: claims.oid,
        admin_username: username(claims),
        admin_name: claims.name.as_deref().unwrap_or_default(),
        token_class: if public_class {
            "public"
        } else {
            "confidential"
        },
        obtained_by: if public_class {
            "device_code"
        } else {
            "auth_code"
        },
        obtained_at: sent_at,
        app_registration_id: attempt.app.registration_id,
        invitation_id: attempt.invitation.id,
        realm,
        sign_in_frequency_s: limit,
        rhythm_s: outlook.rhythm_s,
        policy_ends_at: outlook.policy_ends_at,
        lapse,
    };
    let actor = Actor::customer(username(claims), ip);
    let mut tx = core.pool.begin().await?;
    connections::insert(&mut *tx, &new, now).await?;
    secrets::insert(&mut *tx, tenant_id, id, &secret).await?;
    schedule::insert(&mut *tx, tenant_id, id, never(), now).await?;
    for token in tokens::list(&mut *tx, tenant_id, id).await? {
        tokens::insert_waiting(&mut *tx, tenant_id, id, token.resource).await?;
    }
    let former = connections::pending_of_invitation(&mut tx, tenant_id, attempt.invitation.id, id);
    for former in former.await? {
        revoke(&mut tx, core, tenant_id, former, &actor, "replaced").await?;
    }
    tenants::note_authenticated(&mut *tx, tenant_id, attempt.invitation.id, now).await?;
    flow_secrets::erase(&mut *tx, tenant_id, flow_id).await?;
    if !flows::attach_connection(&mut tx, tenant_id, flow_id, id, now).await? {
        return Ok(None);
    }
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor: &actor,
        action: "connection.store",
        object_type: "connection",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({
            "obtained_by": new.obtained_by,
            "entra_tenant_id": claims.tid,
            "admin_username": new.admin_username,
            "pending_reason": new.pending_reason,
        }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    Ok(Some(id))
}

/// Who checks the account's password; only a hint, so trouble means "unknown".
async fn realm(core: &Core, attempt: &Attempt, name: &str) -> Result<&'static str, Trouble> {
    let exchange = core.entra.user_realm(name).await;
    record::note(core, &attempt.subject(), &exchange).await?;
    Ok(match exchange.outcome.map(|realm| realm.kind) {
        Ok(RealmKind::Managed) => "managed",
        Ok(RealmKind::Federated) => "federated",
        _ => "unknown",
    })
}
