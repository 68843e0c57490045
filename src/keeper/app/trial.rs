//! A candidate is tried at Microsoft before it is used: client credentials, in the Entra tenant of the registration, else in
//! a connected customer's. What is just uploaded is not known everywhere for up to a minute, so a certificate that is not
//! found is looked at three more times by the worker; every other answer stands until somebody asks again.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::Why;
use super::cache::open;
use crate::entra::{App, Failure};
use crate::keeper::core::{Core, Shared};
use crate::keeper::gate::{Heard, Lane};
use crate::keeper::message::Actor;
use crate::keeper::refresh::Class;
use crate::keeper::resource::Resource;
use crate::keeper::store::app_changes::{self, Verdict};
use crate::keeper::store::apps::{self, Registration, StoredCredential};
use crate::keeper::store::audit;
use crate::keeper::trouble::Trouble;
use crate::storage::TenantId;

/// Trials of a certificate that is not found.
const LOOKS: i32 = 4;
/// Whoever took a trial has so long before another keeper takes it.
const CLAIM: Duration = Duration::from_mins(1);

/// Try what is planned, until the keeper stops.
pub(in crate::keeper) async fn work(core: Shared) {
    while !core.stop.is_cancelled() {
        let due = app_changes::due_trials(&core.pool, core.clock.now()).await;
        match due {
            Ok(due) => {
                for (registration_id, id) in due {
                    if let Err(error) = try_now(&core, registration_id, id).await {
                        tracing::warn!(%error, credential.id = %id, "a credential cannot be tried");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "planned trials of credentials cannot be read"),
        }
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = tokio::time::sleep(core.settings.trial_pause / 2) => {}
        }
    }
}

/// Try a candidate, unless another keeper does so already. What came of it is in its row.
pub(super) async fn try_now(core: &Core, registration_id: Uuid, id: Uuid) -> Result<(), Trouble> {
    let now = core.clock.now();
    if !app_changes::claim_trial(&core.pool, registration_id, id, now, now + CLAIM).await? {
        return Ok(());
    }
    let registration = apps::find(&core.pool, registration_id).await?;
    let credentials = apps::credentials(&core.pool, registration_id).await?;
    let stored = credentials.into_iter().find(|one| one.id == id);
    let (Some(registration), Some(stored)) = (registration, stored) else {
        return Ok(());
    };
    let verdict = ask(core, &registration, &stored).await?;
    settle(core, &registration, &stored, verdict).await
}

/// What Microsoft says.
async fn ask(
    core: &Core,
    registration: &Registration,
    stored: &StoredCredential,
) -> Result<Verdict, Trouble> {
    let place = match registration.entra_tenant_id {
        Some(tenant) => Some(tenant),
        None => app_changes::connected_tenant(&core.pool, registration.id).await?,
    };
    let Some(place) = place else {
        return Ok(Verdict::undecided("nowhere", ""));
    };
    let app = App {
        client_id: registration.client_id,
        credential: Some(open(&core.vault, registration, stored).await?),
    };
    let lane = Lane {
        client_id: app.client_id,
        with_credential: true,
    };
    let deadline = Instant::now() + core.settings.send_within;
    let nobody = TenantId::from(Uuid::nil());
    // By hand: it may be what mends a breaker that is open.
    let Ok(pass) = core.gate.enter(lane, nobody, deadline, true).await else {
        return Ok(Verdict::undecided(Why::Unreachable.as_str(), ""));
    };
    let resource = Resource::Graph.uri(&core.endpoints);
    let asked = core.entra.client_credentials(place, &app, &resource, None);
    let outcome = asked.await.outcome;
    // A candidate's refusal says nothing about the credentials in use.
    match &outcome {
        Ok(_) => pass.told(Heard::Fine),
        Err(failure) => match Class::of(failure).heard() {
            Heard::RefusesUs => {}
            heard => pass.told(heard),
        },
    }
    drop(pass);
    Ok(match outcome {
        Ok(_) => Verdict::Accepted,
        Err(failure) => refused(&failure, stored),
    })
}

fn refused(failure: &Failure, stored: &StoredCredential) -> Verdict {
    let why = Why::of(failure);
    let may_pass = why == Why::UnknownCertificate && stored.trials + 1 < LOOKS;
    let undecided = matches!(why, Why::Unreachable | Why::Clock);
    Verdict::Refused {
        why: why.as_str(),
        code: failure.code(),
        text: failure.description.clone(),
        again: may_pass,
        stays: may_pass || undecided,
    }
}

async fn settle(
    core: &Core,
    registration: &Registration,
    stored: &StoredCredential,
    verdict: Verdict,
) -> Result<(), Trouble> {
    let now = core.clock.now();
    let again = now + core.settings.trial_pause;
    let mut tx = core.pool.begin().await?;
    apps::lock(&mut tx, registration.id).await?;
    let settled = app_changes::settle(&mut tx, registration.id, stored.id, &verdict, now, again);
    if !settled.await? {
        // Retired or removed meanwhile.
        return Ok(());
    }
    let (action, why) = match &verdict {
        Verdict::Accepted => ("app_credential.accepted", None),
        Verdict::Refused { why, .. } => ("app_credential.tried", Some(*why)),
    };
    let entry = audit::Entry {
        tenant_id: registration.tenant_id.map(Into::into),
        actor: &Actor::keeper(),
        action,
        object_type: "app_registration",
        object_id: stored.id.to_string(),
        result: if why.is_none() { "done" } else { "failed" },
        details: json!({ "why": why }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    if matches!(verdict, Verdict::Accepted) {
        core.app.forget();
        app_changes::follow_ends(&core.pool, registration.id).await?;
    }
    Ok(())
}
