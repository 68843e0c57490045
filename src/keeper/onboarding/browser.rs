//! "Sign in with Microsoft": authorization code with PKCE, redeemed with our credential (confidential class). The verifier
//! and the nonce stay sealed here until the browser is back.

use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::arrive::{Arrived, How, arrive};
use super::attempt::Attempt;
use super::fail::{fail, stop};
use super::words::{self, Refused, needs_approval, refused};
use super::worker::with_lease;
use crate::clock::random_uuid;
use crate::domain::diagnosis;
use crate::entra::{App, AuthorizeRequest, Prompt};
use crate::keeper::core::{Core, Shared};
use crate::keeper::gate::Lane;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::refresh::heard;
use crate::keeper::resource::sign_in_scope;
use crate::keeper::seal::Purpose;
use crate::keeper::store::flow_leases;
use crate::keeper::store::flow_secrets::{self, SecretKind};
use crate::keeper::store::flows::{self, FlowState, Step};
use crate::keeper::store::{audit, tenants};
use crate::keeper::text::Text;
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId};

/// A redemption that died with its process is noticed after this time.
const GIVE_UP: time::Duration = time::Duration::minutes(2);

/// The address of Microsoft's sign-in page for this flow.
pub async fn start_browser_sign_in(
    core: &Core,
    tenant_id: TenantId,
    flow_id: FlowId,
    state: &Text,
) -> Result<String, Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    let startable = matches!(
        attempt.flow.state,
        FlowState::Started | FlowState::Redirected
    );
    if !startable || attempt.is_over(core) {
        return Err(Refusal::NotThere.into());
    }
    if attempt.app.app.credential.is_none() {
        return Err(Refusal::NoApp.into());
    }
    let expected = attempt.expected_tenant(core).await?;
    let expected = expected.map_err(|_| Refusal::TryLater {
        retry_after_s: Some(30),
    })?;
    let hint = attempt.flow.admin_username.clone();
    let request = AuthorizeRequest {
        client_id: attempt.app.app.client_id,
        redirect_uri: core.redirect_uri.clone(),
        scopes: sign_in_scope(&core.endpoints)
            .split(' ')
            .map(str::to_owned)
            .collect(),
        state: state.expose().into(),
        login_hint: Some(hint).filter(|hint| !hint.is_empty()),
        domain_hint: None,
        // Somebody else may be signed in to this browser.
        prompt: Some(Prompt::SelectAccount).filter(|_| attempt.flow.admin_username.is_empty()),
        challenge: None,
    };
    let authorize = core.entra.authorize(&expected.segment(), &request);
    let verifier = seal(
        core,
        &attempt,
        SecretKind::PkceVerifier,
        authorize.verifier.expose_secret(),
    );
    let verifier = verifier.await?;
    let nonce = seal(core, &attempt, SecretKind::Nonce, &authorize.nonce).await?;

    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    flow_secrets::put(
        &mut *tx,
        tenant_id,
        flow_id,
        SecretKind::PkceVerifier,
        &verifier,
    )
    .await?;
    flow_secrets::put(&mut *tx, tenant_id, flow_id, SecretKind::Nonce, &nonce).await?;
    let step = Step::to(FlowState::Redirected);
    if !flows::advance(&mut *tx, tenant_id, flow_id, &step, now).await? {
        return Err(Refusal::NotThere.into());
    }
    tenants::note_started(&mut *tx, tenant_id, attempt.invitation.id, now).await?;
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor: &Actor::customer(&attempt.flow.admin_username, &attempt.flow.ip),
        action: "onboarding.redirected",
        object_type: "onboarding_flow",
        object_id: flow_id.to_string(),
        result: "done",
        details: serde_json::json!({}),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    Ok(authorize.url.to_string())
}

/// The browser is back with a code: redeem it as a task of its own.
pub async fn finish_browser_sign_in(
    core: &Shared,
    tenant_id: TenantId,
    flow_id: FlowId,
    came_back: &Text,
) -> Result<(), Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    if attempt.flow.state != FlowState::Redirected {
        return Err(Refusal::NotThere.into());
    }
    let verifier = opened(core, &attempt, SecretKind::PkceVerifier).await?;
    let nonce = opened(core, &attempt, SecretKind::Nonce).await?;
    let (Some(verifier), Some(nonce)) = (verifier, nonce) else {
        return Err(Refusal::NotThere.into());
    };
    let lease_id = random_uuid();
    if !flow_leases::claim_one(&core.pool, tenant_id, flow_id, lease_id).await? {
        return Err(Refusal::TryLater {
            retry_after_s: Some(5),
        }
        .into());
    }
    // A code is good once: whatever comes of it, its secrets are not needed again.
    let now = core.clock.now();
    let step = Step {
        next_poll_at: Some(now + GIVE_UP),
        ..Step::to(FlowState::Acquiring)
    };
    let mut tx = core.pool.begin().await?;
    flows::advance(&mut *tx, tenant_id, flow_id, &step, now).await?;
    flow_secrets::erase(&mut *tx, tenant_id, flow_id).await?;
    tx.commit().await?;

    let auth_code: SecretString = came_back.expose().into();
    let task = std::sync::Arc::clone(core);
    core.tasks.spawn(async move {
        let work = redeem(&task, attempt, lease_id, auth_code, verifier, nonce);
        with_lease(&task, tenant_id, flow_id, lease_id, work).await;
    });
    Ok(())
}

async fn redeem(
    core: &Shared,
    mut attempt: Attempt,
    lease_id: uuid::Uuid,
    auth_code: SecretString,
    verifier: SecretString,
    nonce: SecretString,
) -> Result<Option<time::OffsetDateTime>, Trouble> {
    let lane = Lane {
        client_id: attempt.app.app.client_id,
        with_credential: true,
    };
    let deadline = Instant::now() + core.settings.send_within;
    let Ok(pass) = core
        .gate
        .enter(lane, attempt.tenant.id, deadline, true)
        .await
    else {
        fail(core, &attempt, words::MICROSOFT_TROUBLE, None).await?;
        return Ok(None);
    };
    let Ok(expected) = attempt.expected_tenant(core).await? else {
        fail(core, &attempt, words::MICROSOFT_TROUBLE, None).await?;
        return Ok(None);
    };
    let scope = sign_in_scope(&core.endpoints);
    let segment = expected.segment();
    let redeem = async |app: &App| {
        core.entra
            .redeem_code(
                &segment,
                app,
                &auth_code,
                &verifier,
                &core.redirect_uri,
                &scope,
            )
            .await
    };
    let mut exchange = redeem(&attempt.app.app).await;
    if let (Err(failure), Some(shown)) = (&exchange.outcome, attempt.app.credential_id) {
        let registration = attempt.app.registration_id;
        // The code is not used up by who could not prove to be us.
        if let Some(next) = core.app.refused(core, registration, shown, failure).await {
            attempt.app = next;
            exchange = redeem(&attempt.app.app).await;
        }
    }
    pass.told(heard(&exchange));
    drop(pass);
    let call = exchange.call;
    match exchange.outcome {
        Ok(tokens) => {
            let arrived = Arrived {
                tokens,
                call,
                how: How::AuthCode,
                nonce: Some(nonce),
            };
            arrive(core, attempt, lease_id, arrived).await
        }
        Err(failure) => {
            let failed = Some((&call, &*failure));
            match refused(&failure, false) {
                Refused::Failed(word) => {
                    fail(core, &attempt, word, failed).await?;
                }
                Refused::ConsentNeeded => {
                    stop(core, &attempt, Step::to(FlowState::ConsentNeeded), failed).await?;
                }
                Refused::AwaitingApproval => {
                    stop(
                        core,
                        &attempt,
                        Step::to(FlowState::AwaitingApproval),
                        failed,
                    )
                    .await?;
                }
                Refused::Again => fail(core, &attempt, words::MICROSOFT_TROUBLE, failed).await?,
            }
            Ok(None)
        }
    }
}

/// The browser came back with an error of Microsoft's sign-in page.
pub async fn refuse_browser_sign_in(
    core: &Core,
    tenant_id: TenantId,
    flow_id: FlowId,
    error: &str,
    description: &str,
) -> Result<(), Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    if attempt.flow.state != FlowState::Redirected {
        return Err(Refusal::NotThere.into());
    }
    let told = super::consent::told(core, &attempt, "sign_in", error, description).await?;
    let step = if needs_approval(&told.codes) {
        Step::to(FlowState::AwaitingApproval)
    } else {
        let word = match (error, told.category) {
            ("access_denied", _)
            | (_, diagnosis::Category::DeviceCodeDeclined | diagnosis::Category::ConsentMissing) => {
                words::DECLINED
            }
            (_, diagnosis::Category::ConditionalAccess | diagnosis::Category::DeviceCompliance) => {
                words::POLICY_REFUSED
            }
            (
                _,
                diagnosis::Category::AppMisconfigured | diagnosis::Category::AppMissingOrDisabled,
            ) => words::APP_TROUBLE,
            (_, diagnosis::Category::MicrosoftOutage | diagnosis::Category::Throttled) => {
                words::MICROSOFT_TROUBLE
            }
            _ => words::TROUBLE,
        };
        Step {
            failure: Some(word),
            ..Step::to(FlowState::Failed)
        }
    };
    let step = Step {
        error_id: Some(told.id),
        ..step
    };
    stop(core, &attempt, step, None).await
}

async fn seal(
    core: &Core,
    attempt: &Attempt,
    kind: SecretKind,
    plain: &str,
) -> Result<Vec<u8>, Trouble> {
    let row_id = flow_secrets::row_id(attempt.flow.id, kind);
    let place = flow_secrets::place(attempt.flow.tenant_id, &row_id);
    let sealed = core.vault.seal(Purpose::Flow, &place, plain.as_bytes());
    Ok(sealed.await?)
}

async fn opened(
    core: &Core,
    attempt: &Attempt,
    kind: SecretKind,
) -> Result<Option<SecretString>, Trouble> {
    let (tenant_id, id) = (attempt.flow.tenant_id, attempt.flow.id);
    let Some(ct) = flow_secrets::find(&core.pool, tenant_id, id, kind).await? else {
        return Ok(None);
    };
    let row_id = flow_secrets::row_id(id, kind);
    let place = flow_secrets::place(tenant_id, &row_id);
    Ok(Some(
        core.vault.open_text(Purpose::Flow, &place, &ct).await?,
    ))
}
