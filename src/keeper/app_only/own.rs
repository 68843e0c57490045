//! A customer's own registration, entered by a technician: sealed, tried in the background, and taken up only when it works
//! for every required resource.

use std::sync::Arc;

use uuid::Uuid;

use super::adopt::{Adoption, adopt};
use super::trial::try_all;
use super::verdict::{Next, word};
use crate::clock::{ordered_uuid, random_uuid};
use crate::entra::App;
use crate::keeper::app::credential::{Parts, certificate_parts, seal_parts, secret_parts};
use crate::keeper::app::{AppInUse, open_credential};
use crate::keeper::core::{Core, Shared};
use crate::keeper::message::app_only::{Ask, Began, NewCredential};
use crate::keeper::message::{Actor, Refusal, Reply};
use crate::keeper::onboarding::start_consent;
use crate::keeper::store::app_only::{self, Looked, Trial};
use crate::keeper::store::apps::{self, Registration};
use crate::keeper::store::records::Subject;
use crate::keeper::store::{audit, tenants};
use crate::keeper::trouble::Trouble;
use crate::storage::{TenantId, Violation, violation};

/// Answer a question of this room.
pub(in crate::keeper) async fn answer(core: &Shared, ask: Ask) -> Result<Reply, Trouble> {
    match ask {
        Ask::StartConsent { tenant_id, flow_id } => {
            start_consent(core, tenant_id.into(), flow_id.into()).await?;
        }
        Ask::TryOwn {
            tenant_id,
            entra_tenant_id,
            client_id,
            credential,
            actor,
        } => {
            let own = Own {
                tenant_id: tenant_id.into(),
                entra_tenant_id,
                client_id,
            };
            return Ok(Reply::AppOnly(own.begin(core, credential, actor).await?));
        }
        Ask::TryAgain { tenant_id } => {
            let now = core.clock.now();
            if !app_only::restart_trial(&core.pool, tenant_id.into(), now).await? {
                return Err(Refusal::NotThere.into());
            }
            core.trials_changed.notify_one();
        }
        Ask::Forget { tenant_id, actor } => forget(core, tenant_id.into(), &actor).await?,
    }
    Ok(Reply::Done)
}

/// What was entered, but for the credential.
#[expect(
    clippy::struct_field_names,
    reason = "each is an id, of something else"
)]
struct Own {
    tenant_id: TenantId,
    entra_tenant_id: Uuid,
    client_id: Uuid,
}

impl Own {
    async fn begin(
        &self,
        core: &Shared,
        credential: NewCredential,
        actor: Actor,
    ) -> Result<Began, Trouble> {
        let tenant = tenants::find(&core.pool, self.tenant_id).await?;
        let tenant = tenant.ok_or(Refusal::NotThere)?;
        if tenant.state != "active" {
            return Err(Refusal::Suspended.into());
        }
        if let Some(bound) = tenant.entra_tenant_id
            && bound != self.entra_tenant_id
        {
            return Ok(Began::OtherTenant { bound });
        }
        let owner = tenants::bound_to(&core.pool, self.entra_tenant_id).await?;
        if owner.is_some_and(|owner| owner != self.tenant_id) {
            return Ok(Began::Taken);
        }
        match parts(credential) {
            Ok(parts) => self.store(core, parts, actor).await,
            Err(why) => Ok(Began::Unfit { why }),
        }
    }

    /// Store registration, credential and trial; an unfinished trial before is forgotten.
    async fn store(&self, core: &Shared, parts: Parts, actor: Actor) -> Result<Began, Trouble> {
        let cloud = core.app.cloud().as_str();
        let known =
            app_only::registration_of(&core.pool, self.tenant_id, cloud, self.client_id).await?;
        let registration = Registration {
            id: known.unwrap_or_else(ordered_uuid),
            tenant_id: Some(self.tenant_id.as_uuid()),
            cloud: cloud.to_owned(),
            client_id: self.client_id,
            display_name: "The customer's own".to_owned(),
            entra_tenant_id: Some(self.entra_tenant_id),
            state: "retired".to_owned(),
        };
        core.vault.ask_anew(self.tenant_id.as_uuid());
        let sealed =
            seal_parts(&core.vault, &registration, parts, "candidate", &actor.name).await?;
        let now = core.clock.now();
        let trial = Trial {
            tenant_id: self.tenant_id,
            id: ordered_uuid(),
            registration_id: registration.id,
            credential_id: sealed.id,
            entra_tenant_id: self.entra_tenant_id,
            actor,
            created_at: now,
        };
        let mut tx = core.pool.begin().await?;
        app_only::forget_trials(&mut tx, self.tenant_id).await?;
        if known.is_none() {
            apps::insert_registration(&mut tx, &registration, now).await?;
        }
        match apps::insert_credential(&mut tx, registration.id, &sealed, now).await {
            Err(error)
                if violation(&error)
                    == Some(Violation::Unique("app_credentials_fingerprint_key")) =>
            {
                return Ok(Began::Known);
            }
            stored => stored?,
        }
        let lease_id = random_uuid();
        app_only::insert_trial(&mut *tx, &trial, lease_id).await?;
        let details = serde_json::json!({
            "client_id": self.client_id,
            "entra_tenant_id": self.entra_tenant_id,
            "kind": sealed.kind,
        });
        let entry = entry(&trial, "app_only.trial_begun", "done", details);
        audit::insert(&mut *tx, entry, now).await?;
        tx.commit().await?;
        spawn(core, trial, lease_id);
        Ok(Began::Trying)
    }
}

fn parts(credential: NewCredential) -> Result<Parts, String> {
    match credential {
        NewCredential::Secret { value, not_after } => {
            Ok(secret_parts(&value.expose().into(), not_after))
        }
        NewCredential::Certificate { pem } => {
            certificate_parts(&pem.expose().into()).map_err(|unfit| unfit.to_string())
        }
    }
}

async fn forget(core: &Core, tenant_id: TenantId, actor: &Actor) -> Result<(), Trouble> {
    let mut tx = core.pool.begin().await?;
    if !app_only::forget_trials(&mut tx, tenant_id).await? {
        return Err(Refusal::NotThere.into());
    }
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor,
        action: "app_only.trial_forgotten",
        object_type: "tenant",
        object_id: tenant_id.to_string(),
        result: "done",
        details: serde_json::json!({}),
    };
    audit::insert(&mut *tx, entry, core.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Look at trials that are due, in any keeper, after any restart, until the keeper stops.
pub(in crate::keeper) async fn work(core: Shared) {
    while !core.stop.is_cancelled() {
        let lease_id = random_uuid();
        match app_only::claim_due(&core.pool, lease_id, core.clock.now()).await {
            Ok(due) => {
                for trial in due {
                    spawn(&core, trial, lease_id);
                }
            }
            Err(error) => tracing::warn!(%error, "trials of registrations cannot be claimed"),
        }
        tokio::select! {
            () = core.stop.cancelled() => {}
            () = core.trials_changed.notified() => {}
            () = tokio::time::sleep(core.settings.poll_pause) => {}
        }
    }
}

fn spawn(core: &Shared, trial: Trial, lease_id: Uuid) {
    let task = Arc::clone(core);
    core.tasks.spawn(async move {
        if let Err(trouble) = look(&task, &trial, lease_id).await {
            tracing::warn!(trial.id = %trial.id, error = %trouble, "a registration's trial is stuck for now");
            let next = Looked::Again(task.clock.now() + std::time::Duration::from_secs(10));
            let now = task.clock.now();
            if let Err(error) =
                app_only::note_look(&task.pool, &trial, lease_id, next, None, now).await
            {
                tracing::warn!(%error, "a registration's trial keeps its lease until it ends");
            }
        }
    });
}

async fn look(core: &Core, trial: &Trial, lease_id: Uuid) -> Result<(), Trouble> {
    let app = candidate(core, trial).await?;
    let subject = Subject {
        tenant_id: trial.tenant_id,
        connection_id: None,
        flow_id: None,
        resource: None,
    };
    let tried = try_all(core, &app, trial.entra_tenant_id, subject).await?;
    let now = core.clock.now();
    let error_id = tried.error_id;
    match tried.verdict.next(trial.created_at, now) {
        Next::LookAgain(next) => {
            let looked = Looked::Again(next);
            app_only::note_look(&core.pool, trial, lease_id, looked, error_id, now).await?;
        }
        Next::Fail(word) => fail(core, trial, lease_id, word, error_id).await?,
        Next::Adopt => {
            let entra_tenant_id = trial.entra_tenant_id;
            let adoption = Adoption::prepare(core, trial.tenant_id, entra_tenant_id, tried).await?;
            take_up(core, trial, lease_id, &app, &adoption).await?;
        }
    }
    Ok(())
}

/// The registration with the credential on trial, which nobody else uses yet.
async fn candidate(core: &Core, trial: &Trial) -> Result<AppInUse, Trouble> {
    let registration = apps::find(&core.pool, trial.registration_id).await?;
    let registration = registration.ok_or(Refusal::NotThere)?;
    let stored = apps::credentials(&core.pool, registration.id).await?;
    let stored = stored
        .into_iter()
        .find(|one| one.id == trial.credential_id)
        .ok_or(Refusal::NotThere)?;
    Ok(AppInUse {
        registration_id: registration.id,
        // Not one of those in use: nothing is set aside on its account.
        credential_id: None,
        app: App {
            client_id: registration.client_id,
            credential: Some(open_credential(&core.vault, &registration, &stored).await?),
        },
        ends_at: stored.not_after,
    })
}

async fn fail(
    core: &Core,
    trial: &Trial,
    lease_id: Uuid,
    word: &'static str,
    error_id: Option<i64>,
) -> Result<(), Trouble> {
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    let looked = Looked::Failed(word);
    if app_only::note_look(&mut *tx, trial, lease_id, looked, error_id, now).await? {
        let details = serde_json::json!({ "why": word, "error_id": error_id });
        let entry = entry(trial, "app_only.trial_failed", "failed", details);
        audit::insert(&mut *tx, entry, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn take_up(
    core: &Core,
    trial: &Trial,
    lease_id: Uuid,
    app: &AppInUse,
    adoption: &Adoption,
) -> Result<(), Trouble> {
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    if !app_only::note_look(&mut *tx, trial, lease_id, Looked::Done, None, now).await? {
        return Ok(()); // forgotten meanwhile
    }
    let (registration, credential) = (trial.registration_id, trial.credential_id);
    app_only::activate(&mut tx, trial.tenant_id, registration, credential, now).await?;
    if adopt(&mut tx, core, adoption, app, None, &trial.actor)
        .await?
        .is_err()
    {
        drop(tx);
        return fail(core, trial, lease_id, word::TENANT_TAKEN, None).await;
    }
    tx.commit().await?;
    core.app.forget();
    Ok(())
}

fn entry<'a>(
    trial: &'a Trial,
    action: &'static str,
    result: &'static str,
    details: serde_json::Value,
) -> audit::Entry<'a> {
    audit::Entry {
        tenant_id: Some(trial.tenant_id),
        actor: &trial.actor,
        action,
        object_type: "app_registration",
        object_id: trial.registration_id.to_string(),
        result,
        details,
    }
}
