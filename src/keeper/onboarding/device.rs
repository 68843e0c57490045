//! The device code flow: a code for the page, and polling until the person is done. Polling survives a restart: the device
//! code is sealed in the flow's secrets, the next look is a date in its row.

use std::time::Duration;

use secrecy::ExposeSecret;
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::arrive::{Arrived, How, arrive};
use super::attempt::Attempt;
use super::fail::{fail, stop};
use super::words::{self, Refused, refused};
use crate::entra::{CallRecord, DeviceCode, DeviceFailure, Failure, Poll};
use crate::keeper::core::{Core, Shared, jitter};
use crate::keeper::gate::Lane;
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::record;
use crate::keeper::refresh::heard;
use crate::keeper::resource::sign_in_scope;
use crate::keeper::seal::Purpose;
use crate::keeper::store::flow_secrets::{self, SecretKind};
use crate::keeper::store::flows::{self, FlowState, ShownCode, Step};
use crate::keeper::store::{audit, records, tenants};
use crate::keeper::trouble::Trouble;
use crate::storage::{FlowId, TenantId};

/// RFC 8628 section 3.5, and never more often whatever a reply says.
const LEAST_INTERVAL: i32 = 5;
const SLOW_DOWN: i32 = 5;
/// The last answer must arrive before the code lapses.
const MARGIN: Duration = Duration::from_secs(10);
/// A code that Microsoft would honour for longer is not shown for longer.
const LONGEST: Duration = Duration::from_mins(15);
/// After "too fast" in any dress.
const PAUSE: Duration = Duration::from_mins(1);

/// Ask for a code and put it on the page.
pub async fn start_device_code(
    core: &Shared,
    tenant_id: TenantId,
    flow_id: FlowId,
) -> Result<(), Trouble> {
    let attempt = Attempt::load(core, tenant_id, flow_id).await?;
    if attempt.flow.state != FlowState::Started || attempt.is_over(core) {
        return Err(Refusal::NotThere.into());
    }
    let Ok(expected) = attempt.expected_tenant(core).await? else {
        return fail(core, &attempt, words::MICROSOFT_TROUBLE, None).await;
    };
    let lane = lane(&attempt);
    let deadline = Instant::now() + core.settings.send_within;
    let entered = core.gate.enter(lane, tenant_id, deadline, true).await;
    let Ok(pass) = entered else {
        return fail(core, &attempt, words::MICROSOFT_TROUBLE, None).await;
    };
    let scope = sign_in_scope(&core.endpoints);
    let client_id = attempt.app.app.client_id;
    let exchange = core
        .entra
        .device_code(&expected.segment(), client_id, &scope, None)
        .await;
    pass.told(heard(&exchange));
    drop(pass);
    match &exchange.outcome {
        Ok(started) => show(core, &attempt, &exchange.call, started).await?,
        Err(failure) => {
            let word = match refused(failure, true) {
                Refused::Failed(word) => word,
                _ => words::MICROSOFT_TROUBLE,
            };
            fail(core, &attempt, word, Some((&exchange.call, failure))).await?;
        }
    }
    core.flows_changed.notify_one();
    Ok(())
}

async fn show(
    core: &Core,
    attempt: &Attempt,
    call: &CallRecord,
    started: &DeviceCode,
) -> Result<(), Trouble> {
    let (tenant_id, id) = (attempt.flow.tenant_id, attempt.flow.id);
    let row_id = flow_secrets::row_id(id, SecretKind::DeviceCode);
    let place = flow_secrets::place(tenant_id, &row_id);
    let plain = started.device_code.expose_secret().as_bytes();
    let ct = core.vault.seal(Purpose::Flow, &place, plain).await?;
    let now = core.clock.now();
    let seconds = i32::try_from(started.interval.as_secs()).unwrap_or(i32::MAX);
    let interval_s = seconds.max(LEAST_INTERVAL);
    let shown = ShownCode {
        user_code: started.user_code.expose_secret(),
        verification_uri: started.verification_uri.as_str(),
        expires_at: call.started_at + started.expires_in.min(LONGEST),
        interval_s,
        next_poll_at: after(now, interval_s),
    };
    let mut tx = core.pool.begin().await?;
    flow_secrets::put(&mut *tx, tenant_id, id, SecretKind::DeviceCode, &ct).await?;
    if !flows::show_code(&mut tx, tenant_id, id, &shown, now).await? {
        return Err(Refusal::NotThere.into());
    }
    tenants::note_started(&mut *tx, tenant_id, attempt.invitation.id, now).await?;
    records::insert_call(&mut *tx, &attempt.subject(), call, "ok", None).await?;
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor: &Actor::customer(&attempt.flow.admin_username, &attempt.flow.ip),
        action: "onboarding.code_shown",
        object_type: "onboarding_flow",
        object_id: id.to_string(),
        result: "done",
        details: serde_json::json!({}),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ask once whether the person is done. Gives the next look, if there is to be one.
pub(super) async fn poll(
    core: &Shared,
    attempt: Attempt,
    lease_id: Uuid,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let now = core.clock.now();
    let interval = attempt.flow.poll_interval_s.unwrap_or(LEAST_INTERVAL);
    if attempt
        .flow
        .code_expires_at
        .is_none_or(|at| now >= at - MARGIN)
    {
        fail(core, &attempt, words::CODE_LAPSED, None).await?;
        return Ok(None);
    }
    let Ok(expected) = attempt.expected_tenant(core).await? else {
        return Ok(Some(after(now, interval)));
    };
    let Some(device_code) = device_code(core, &attempt).await? else {
        fail(core, &attempt, words::TROUBLE, None).await?;
        return Ok(None);
    };
    let deadline = Instant::now() + core.settings.send_within;
    let lane = lane(&attempt);
    let entered = core
        .gate
        .enter(lane, attempt.tenant.id, deadline, true)
        .await;
    let Ok(pass) = entered else {
        return Ok(Some(after(now, interval)));
    };
    let client_id = attempt.app.app.client_id;
    let exchange = core
        .entra
        .poll_device_code(&expected.segment(), client_id, &device_code)
        .await;
    pass.told(heard(&exchange));
    drop(pass);
    let call = exchange.call;
    match exchange.outcome {
        Ok(Poll::Tokens(tokens)) => {
            let arrived = Arrived {
                tokens,
                call,
                how: How::DeviceCode,
                nonce: None,
            };
            arrive(core, attempt, lease_id, arrived).await
        }
        Ok(waiting) => {
            let subject = attempt.subject();
            records::insert_call(&core.pool, &subject, &call, "pending", None).await?;
            let slower = matches!(waiting, Poll::SlowDown);
            let interval = interval + if slower { SLOW_DOWN } else { 0 };
            if slower {
                flows::set_interval(&core.pool, subject.tenant_id, attempt.flow.id, interval)
                    .await?;
            }
            Ok(Some(after(core.clock.now(), interval)))
        }
        Err(failure) => refuse(core, &attempt, &call, &failure, interval).await,
    }
}

async fn refuse(
    core: &Core,
    attempt: &Attempt,
    call: &CallRecord,
    failure: &Failure,
    interval: i32,
) -> Result<Option<OffsetDateTime>, Trouble> {
    let word = match failure.device() {
        DeviceFailure::Declined => words::DECLINED,
        DeviceFailure::Expired => words::CODE_LAPSED,
        DeviceFailure::BadCode => words::TROUBLE,
        DeviceFailure::Application => words::APP_TROUBLE,
        DeviceFailure::Refused | DeviceFailure::Throttled | DeviceFailure::Trouble => {
            match refused(failure, true) {
                Refused::Failed(word) => word,
                Refused::ConsentNeeded => {
                    return halt(core, attempt, FlowState::ConsentNeeded, call, failure).await;
                }
                Refused::AwaitingApproval => {
                    return halt(core, attempt, FlowState::AwaitingApproval, call, failure).await;
                }
                Refused::Again => {
                    let mut tx = core.pool.begin().await?;
                    record::failed(&mut tx, core, &attempt.subject(), call, failure).await?;
                    tx.commit().await?;
                    let pause = match failure.device() {
                        DeviceFailure::Throttled => failure.retry_after.unwrap_or(PAUSE).max(PAUSE),
                        _ => Duration::from_secs(u64::from(interval.unsigned_abs()) * 2),
                    };
                    return Ok(Some(core.clock.now() + pause));
                }
            }
        }
    };
    fail(core, attempt, word, Some((call, failure))).await?;
    Ok(None)
}

/// Signed in, but consent is missing, so there is no token to go on with: after consent the page starts anew.
async fn halt(
    core: &Core,
    attempt: &Attempt,
    state: FlowState,
    call: &CallRecord,
    failure: &Failure,
) -> Result<Option<OffsetDateTime>, Trouble> {
    stop(core, attempt, Step::to(state), Some((call, failure))).await?;
    Ok(None)
}

async fn device_code(
    core: &Core,
    attempt: &Attempt,
) -> Result<Option<secrecy::SecretString>, Trouble> {
    let (tenant_id, id) = (attempt.flow.tenant_id, attempt.flow.id);
    let kind = SecretKind::DeviceCode;
    let Some(ct) = flow_secrets::find(&core.pool, tenant_id, id, kind).await? else {
        return Ok(None);
    };
    let row_id = flow_secrets::row_id(id, kind);
    let place = flow_secrets::place(tenant_id, &row_id);
    Ok(Some(
        core.vault.open_text(Purpose::Flow, &place, &ct).await?,
    ))
}

/// A code needs no credential.
const fn lane(attempt: &Attempt) -> Lane {
    Lane {
        client_id: attempt.app.app.client_id,
        with_credential: false,
    }
}

/// An interval later and up to a fifth more; never less, which Microsoft would answer with "slow down".
fn after(now: OffsetDateTime, interval_s: i32) -> OffsetDateTime {
    now + time::Duration::seconds(interval_s.into()) * (1.0 + 0.2 * jitter())
}
