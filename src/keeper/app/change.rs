//! What people change: the registration, its credentials. Each change is one transaction with its audit entry, and is used
//! by this process at once.

use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::credential::{Parts, certificate_parts, seal_parts, secret_parts};
use super::seed::is_stored;
use super::{generate, trial};
use crate::clock::ordered_uuid;
use crate::keeper::core::Shared;
use crate::keeper::message::app::{AppChange, AppChanged, AppRefusal};
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::store::apps::{self, Registration};
use crate::keeper::store::{app_changes, audit};
use crate::keeper::trouble::Trouble;

/// Why there is no id to give.
enum Halt {
    Not(AppRefusal),
    Trouble(Trouble),
}

impl<E: Into<Trouble>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Trouble(error.into())
    }
}

type Changed = Result<Uuid, Halt>;

/// Do it.
pub(in crate::keeper) async fn change(
    core: &Shared,
    change: AppChange,
) -> Result<AppChanged, Trouble> {
    match dispatch(core, change).await {
        Ok(id) => Ok(AppChanged::Done { id }),
        Err(Halt::Not(why)) => Ok(AppChanged::Not { why }),
        Err(Halt::Trouble(trouble)) => Err(trouble),
    }
}

async fn dispatch(core: &Shared, change: AppChange) -> Changed {
    match change {
        AppChange::Register {
            client_id,
            display_name,
            entra_tenant_id,
            actor,
        } => register(core, client_id, &display_name, entra_tenant_id, &actor).await,
        AppChange::AddSecret {
            registration_id,
            value,
            not_after,
            actor,
        } => {
            let parts = secret_parts(&value.expose().into(), not_after);
            let id = add(core, registration_id, parts, true, &actor).await?;
            trial::try_now(core, registration_id, id).await?;
            Ok(id)
        }
        AppChange::AddCertificate {
            registration_id,
            pem,
            actor,
        } => {
            let parts = read_certificate(core, &pem.expose().into())?;
            let id = add(core, registration_id, parts, true, &actor).await?;
            trial::try_now(core, registration_id, id).await?;
            Ok(id)
        }
        AppChange::GenerateCertificate {
            registration_id,
            years,
            actor,
        } => make(core, registration_id, years, &actor).await,
        AppChange::Try {
            registration_id,
            credential_id,
            actor,
        } => try_again(core, registration_id, credential_id, &actor).await,
        AppChange::Retire {
            registration_id,
            credential_id,
            even_the_last,
            actor,
        } => {
            let act = Act::Retire;
            put_away(
                core,
                registration_id,
                credential_id,
                even_the_last,
                act,
                &actor,
            )
            .await
        }
        AppChange::Remove {
            registration_id,
            credential_id,
            even_the_last,
            actor,
        } => {
            let act = Act::Remove;
            put_away(
                core,
                registration_id,
                credential_id,
                even_the_last,
                act,
                &actor,
            )
            .await
        }
    }
}

async fn register(
    core: &Shared,
    client_id: Uuid,
    display_name: &str,
    entra_tenant_id: Option<Uuid>,
    actor: &Actor,
) -> Changed {
    let now = core.clock.now();
    let new = Registration {
        id: ordered_uuid(),
        tenant_id: None,
        cloud: core.app.cloud().as_str().to_owned(),
        client_id,
        display_name: display_name.to_owned(),
        entra_tenant_id,
        state: "active".into(),
    };
    let mut tx = core.pool.begin().await?;
    app_changes::retire_other_registrations(&mut tx, &new, now).await?;
    let id = app_changes::upsert_registration(&mut tx, &new, now).await?;
    let details = json!({
        "client_id": client_id, "display_name": display_name, "entra_tenant_id": entra_tenant_id,
    });
    note(&mut tx, actor, "app_registration.changed", id, details, now).await?;
    tx.commit().await?;
    core.app.forget();
    Ok(id)
}

/// Within its dates, by our clock.
fn read_certificate(core: &Shared, pem: &SecretString) -> Result<Parts, Halt> {
    let parts = certificate_parts(pem).map_err(|unfit| Halt::Not(AppRefusal::Unfit(unfit)))?;
    if parts.not_after.is_some_and(|end| end <= core.clock.now()) {
        return Err(Halt::Not(AppRefusal::Ended));
    }
    Ok(parts)
}

/// Store a candidate; `due` says that it can be tried.
async fn add(
    core: &Shared,
    registration_id: Uuid,
    parts: Parts,
    due: bool,
    actor: &Actor,
) -> Changed {
    let registration = own(core, registration_id).await?;
    if is_stored(&core.pool, &core.vault, registration.id, &parts).await? {
        return Err(Halt::Not(AppRefusal::AlreadyStored));
    }
    let now = core.clock.now();
    let new = seal_parts(&core.vault, &registration, parts, "candidate", &actor.name).await?;
    let mut tx = core.pool.begin().await?;
    apps::insert_credential(&mut tx, registration.id, &new, now).await?;
    if due {
        app_changes::plan_trial(&mut tx, registration.id, new.id, now).await?;
    }
    let details = json!({ "kind": new.kind, "hint": new.hint, "ends": new.not_after.map(|end| end.date().to_string()) });
    note(&mut tx, actor, "app_credential.added", new.id, details, now).await?;
    tx.commit().await?;
    Ok(new.id)
}

async fn make(core: &Shared, registration_id: Uuid, years: u8, actor: &Actor) -> Changed {
    let registration = own(core, registration_id).await?;
    let (name, now) = (registration.display_name, core.clock.now());
    // The search for primes takes up to a second.
    let made = tokio::task::spawn_blocking(move || generate::certificate(&name, years, now)).await;
    let Ok(Ok(pem)) = made else {
        tracing::error!("a key for a certificate cannot be made");
        let reference = crate::clock::random_uuid();
        return Err(Refusal::Trouble { reference }.into());
    };
    let parts = read_certificate(core, &pem)?;
    add(core, registration_id, parts, false, actor).await
}

async fn try_again(
    core: &Shared,
    registration_id: Uuid,
    credential_id: Uuid,
    actor: &Actor,
) -> Changed {
    let registration = own(core, registration_id).await?;
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    apps::lock(&mut tx, registration.id).await?;
    if !app_changes::make_candidate(&mut tx, registration.id, credential_id, now).await? {
        return Err(Halt::Not(AppRefusal::NotThere));
    }
    let action = "app_credential.trial_asked";
    note(&mut tx, actor, action, credential_id, json!({}), now).await?;
    tx.commit().await?;
    trial::try_now(core, registration_id, credential_id).await?;
    Ok(credential_id)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Retire,
    Remove,
}

async fn put_away(
    core: &Shared,
    registration_id: Uuid,
    credential_id: Uuid,
    even_the_last: bool,
    act: Act,
    actor: &Actor,
) -> Changed {
    let registration = own(core, registration_id).await?;
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    // Two who each retire one of the last two must not both succeed.
    apps::lock(&mut tx, registration.id).await?;
    let found = app_changes::standing(&mut tx, registration.id, credential_id).await?;
    let standing = found.ok_or(Halt::Not(AppRefusal::NotThere))?;
    if standing.is_last_usable && !even_the_last {
        return Err(Halt::Not(AppRefusal::LastUsable));
    }
    let action = match act {
        Act::Retire if standing.state == "retired" => return Err(Halt::Not(AppRefusal::NotThere)),
        Act::Retire => {
            app_changes::retire(&mut tx, registration.id, credential_id, now).await?;
            "app_credential.retired"
        }
        Act::Remove => {
            app_changes::remove(&mut tx, registration.id, credential_id).await?;
            "app_credential.removed"
        }
    };
    let details = json!({ "kind": standing.kind, "hint": standing.hint });
    note(&mut tx, actor, action, credential_id, details, now).await?;
    tx.commit().await?;
    core.app.forget();
    app_changes::follow_ends(&core.pool, registration.id).await?;
    Ok(credential_id)
}

/// The MSP's own registration of this id; customers' are not changed from here.
async fn own(core: &Shared, id: Uuid) -> Result<Registration, Halt> {
    let found = apps::find(&core.pool, id).await?;
    found
        .filter(|one| one.tenant_id.is_none())
        .ok_or(Halt::Not(AppRefusal::NotThere))
}

async fn note(
    tx: &mut PgConnection,
    actor: &Actor,
    action: &'static str,
    id: Uuid,
    details: Value,
    now: OffsetDateTime,
) -> sqlx::Result<()> {
    let entry = audit::Entry {
        tenant_id: None,
        actor,
        action,
        object_type: "app_registration",
        object_id: id.to_string(),
        result: "done",
        details,
    };
    audit::insert(tx, entry, now).await
}
