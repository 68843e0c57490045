//! Questions into answers: each request to its operation, trouble into a refusal. Every question is a task of its own, so
//! that nobody who stops waiting stops the work.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::alerts;
use super::app;
use super::app_only;
use super::client::Envelope;
use super::core::Shared;
use super::hand_out::hand_out;
use super::look;
use super::message::{Refusal, Reply, Request, ResourceResult, keys};
use super::onboarding;
use super::plug;
use super::quick;
use super::refresh::{Report, Wish, refresh};
use super::seal::Purpose;
use super::store::{connections, incidents, tenants};
use super::text::Text;
use super::totp;
use super::trouble::Trouble;
use super::validate::validate;
use crate::storage::TenantId;

/// Answer questions until the keeper stops.
pub(super) async fn serve(core: Shared, mut questions: mpsc::Receiver<Envelope>) {
    let room = Arc::new(Semaphore::new(core.settings.questions));
    loop {
        let next = tokio::select! {
            () = core.stop.cancelled() => None,
            next = questions.recv() => next,
        };
        let Some((request, tell)) = next else {
            return;
        };
        let Ok(place) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let core = Arc::clone(&core);
        core.tasks.clone().spawn(async move {
            let reply = answer(&core, request).await;
            // Nobody may be waiting any more.
            let _ = tell.send(reply.unwrap_or_else(|trouble| Reply::Refused(trouble.into())));
            drop(place);
        });
    }
}

async fn answer(core: &Shared, request: Request) -> Result<Reply, Trouble> {
    match request {
        Request::SealLink {
            tenant_id,
            invitation_id,
            token,
        } => {
            let row_id = invitation_id.to_string();
            let place = tenants::link_place(tenant_id.into(), &row_id);
            let plain = token.expose().as_bytes();
            let ciphertext = core.vault.seal(Purpose::Invitation, &place, plain).await?;
            Ok(Reply::Sealed { ciphertext })
        }
        Request::OpenLink {
            tenant_id,
            invitation_id,
        } => open_link(core, tenant_id.into(), invitation_id.into()).await,
        Request::ConfirmPending {
            tenant_id,
            connection_id,
            actor,
        } => {
            onboarding::confirm(core, tenant_id.into(), connection_id.into(), &actor).await?;
            Ok(Reply::Done)
        }
        Request::RejectPending {
            tenant_id,
            connection_id,
            actor,
        } => {
            onboarding::reject(core, tenant_id.into(), connection_id.into(), &actor).await?;
            Ok(Reply::Done)
        }
        Request::Refresh { tenant_id } => refresh_now(core, tenant_id.into()).await,
        Request::Validate { tenant_id } => {
            let (connection_id, checks) = validate(core, tenant_id.into()).await?;
            Ok(Reply::Validated {
                connection_id: connection_id.as_uuid(),
                checks,
            })
        }
        Request::AppOnly(ask) => app_only::answer(core, ask).await,
        Request::HandOut(request) => Ok(Reply::HandedOut(hand_out(core, request).await?)),
        Request::HandOutMany { all } => Ok(Reply::HandedOutMany {
            all: quick::hand_out(core, all).await?,
        }),
        Request::MoveClock { offset_ms } if core.settings.movable_clock => {
            core.clock.set_offset_ms(offset_ms);
            Ok(Reply::Done)
        }
        Request::MoveClock { .. } => Err(Refusal::NotThere.into()),
        Request::App(change) => Ok(Reply::App(app::change(core, change).await?)),
        Request::Plug(ask) => Ok(plug::answer(core, ask)),
        Request::Look(ask) => Ok(Reply::Looked(look::answer(core, ask).await?)),
        Request::Totp(ask) => Ok(Reply::Totp(totp::answer(core, ask).await?)),
        Request::Alerts(ask) => Ok(Reply::Alerts(alerts::answer(core, ask).await?)),
        Request::Keys(question) => Ok(Reply::Keys(keys_reply(core, question).await?)),
        Request::Health => Ok(health(core).await),
        of_a_flow => answer_flow(core, of_a_flow).await,
    }
}

/// What the onboarding page asks for, of one flow each.
async fn answer_flow(core: &Shared, request: Request) -> Result<Reply, Trouble> {
    match request {
        Request::StartDeviceCode { tenant_id, flow_id } => {
            onboarding::start_device_code(core, tenant_id.into(), flow_id.into()).await?;
            Ok(Reply::Done)
        }
        Request::StartBrowserSignIn {
            tenant_id,
            flow_id,
            state,
        } => {
            let (tenant_id, flow_id) = (tenant_id.into(), flow_id.into());
            let url = onboarding::start_browser_sign_in(core, tenant_id, flow_id, &state).await?;
            Ok(Reply::Address { url })
        }
        Request::FinishBrowserSignIn {
            tenant_id,
            flow_id,
            code,
        } => {
            let (tenant_id, flow_id) = (tenant_id.into(), flow_id.into());
            onboarding::finish_browser_sign_in(core, tenant_id, flow_id, &code).await?;
            Ok(Reply::Done)
        }
        Request::RefuseBrowserSignIn {
            tenant_id,
            flow_id,
            error,
            description,
        } => {
            let (tenant_id, flow_id) = (tenant_id.into(), flow_id.into());
            onboarding::refuse_browser_sign_in(core, tenant_id, flow_id, &error, &description)
                .await?;
            Ok(Reply::Done)
        }
        Request::ConsentAddress {
            tenant_id,
            flow_id,
            state,
        } => {
            let (tenant_id, flow_id) = (tenant_id.into(), flow_id.into());
            let url = onboarding::consent_address(core, tenant_id, flow_id, &state).await?;
            Ok(Reply::Address { url })
        }
        Request::ResumeFlow {
            tenant_id,
            flow_id,
            refusal,
        } => {
            let (tenant_id, flow_id) = (tenant_id.into(), flow_id.into());
            onboarding::resume(core, tenant_id, flow_id, refusal.as_deref()).await?;
            Ok(Reply::Done)
        }
        Request::EndFlow { tenant_id, flow_id } => {
            onboarding::end_flow(core, tenant_id.into(), flow_id.into()).await?;
            Ok(Reply::Done)
        }
        _ => Err(Refusal::NotUnderstood.into()),
    }
}

async fn keys_reply(core: &Shared, question: keys::Request) -> Result<keys::Reply, Trouble> {
    Ok(match question {
        keys::Request::Reload => match core.vault.reload().await {
            Ok(()) => keys::Reply::Reloaded {
                primary: core.vault.primary_id(),
            },
            Err(error) => keys::Reply::Kept {
                why: error.to_string(),
            },
        },
        keys::Request::Status => keys::Reply::Status {
            masters: core.vault.masters_status().await?,
        },
    })
}

async fn open_link(
    core: &Shared,
    tenant_id: TenantId,
    id: crate::storage::InvitationId,
) -> Result<Reply, Trouble> {
    let sealed = tenants::sealed_link(&core.pool, tenant_id, id).await?;
    let sealed = sealed.ok_or(Refusal::NotThere)?;
    let row_id = id.to_string();
    let place = tenants::link_place(tenant_id, &row_id);
    let token = core
        .vault
        .open_text(Purpose::Invitation, &place, &sealed)
        .await?;
    Ok(Reply::Link {
        token: Text::new(secrecy::ExposeSecret::expose_secret(&token)),
    })
}

async fn refresh_now(core: &Shared, tenant_id: TenantId) -> Result<Reply, Trouble> {
    let current = connections::load_current(&core.pool, tenant_id).await?;
    let current = current.ok_or(Refusal::NotThere)?;
    if current.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    let report = refresh(core, tenant_id, current.id, Wish::All).await?;
    match &report.refusal {
        Some(refusal) => Err(refusal.clone().into()),
        None => Ok(Reply::Refreshed {
            resources: results(&report),
        }),
    }
}

fn results(report: &Report) -> Vec<ResourceResult> {
    report
        .lines
        .iter()
        .map(|line| ResourceResult {
            resource: line.resource.as_str().to_owned(),
            required: line.required,
            valid: line.valid && line.failure.is_none(),
            expires_at: line.expires_at,
            error_id: line
                .failure
                .as_ref()
                .and_then(|(_, _, noted)| noted.as_ref().map(|noted| noted.id)),
        })
        .collect()
}

/// A sentence about the credential that everything stands on; empty when its end is not known.
async fn credential_end(core: &Shared) -> String {
    let app = core.app.msp(core).await.ok().flatten();
    app.and_then(|app| app.ends_at)
        .map(|end| format!(" The app registration's credential ends on {}.", end.date()))
        .unwrap_or_default()
}

async fn health(core: &Shared) -> Reply {
    match core.vault.is_proven().await {
        Ok(()) => Reply::Health {
            ready: true,
            detail: format!(
                "The database answers and the master key opens its canary. {}{}",
                match incidents::count_open(&core.pool).await {
                    Ok(open) => format!("Open incidents: {open}."),
                    Err(_) => "Incidents cannot be counted.".to_owned(),
                },
                credential_end(core).await
            ),
        },
        Err(error) => Reply::Health {
            ready: false,
            detail: error.to_string(),
        },
    }
}
