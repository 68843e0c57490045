//! The registrations that calls use, read again every half minute and at once after a change in this process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::choose::{Rank, order};
use super::{AppInUse, Why};
use crate::clock::Clock;
use crate::entra::{App, Cloud, Credential, Failure};
use crate::keeper::core::Core;
use crate::keeper::seal::{Purpose, Vault, VaultError};
use crate::keeper::store::apps::{self, Registration, StoredCredential};

/// Another keeper may have stored a newer credential.
const FRESH_FOR: Duration = Duration::from_secs(30);
/// A credential that was accepted a moment ago may be unknown to another of Microsoft's machines for so long.
const SPREADS_FOR: time::Duration = time::Duration::minutes(10);
/// The last use of a credential is noted so often.
const NOTE_EVERY: time::Duration = time::Duration::hours(1);

/// See the module.
pub(in crate::keeper) struct AppCache {
    clock: Clock,
    cloud: Cloud,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Counts what was forgotten: a reading that began before must not be kept.
    turn: u64,
    /// By registration; the MSP's own also without id.
    loaded: HashMap<Option<Uuid>, (Instant, Loaded)>,
    /// When the last use of a credential was noted.
    noted: HashMap<Uuid, OffsetDateTime>,
}

/// A registration with its usable credentials, the best first.
#[derive(Clone)]
struct Loaded {
    registration: Registration,
    usable: Vec<Usable>,
}

#[derive(Clone)]
struct Usable {
    id: Uuid,
    credential: Credential,
    state_since: Option<OffsetDateTime>,
    rank: Rank,
}

impl AppCache {
    pub fn new(clock: Clock, cloud: Cloud) -> Self {
        Self {
            clock,
            cloud,
            known: Mutex::default(),
        }
    }

    /// The cloud of this installation.
    pub const fn cloud(&self) -> Cloud {
        self.cloud
    }

    /// The MSP's own registration, for a new onboarding; `None` when none is stored.
    pub async fn msp(&self, core: &Core) -> Result<Option<AppInUse>, VaultError> {
        let loaded = self.load(&core.pool, &core.vault, None).await?;
        Ok(loaded.map(|loaded| loaded.first()))
    }

    /// The registration that an existing connection names, retired or not.
    pub async fn of(
        &self,
        core: &Core,
        registration_id: Uuid,
    ) -> Result<Option<AppInUse>, VaultError> {
        let loaded = self.load(&core.pool, &core.vault, Some(registration_id));
        Ok(loaded.await?.map(|loaded| loaded.first()))
    }

    /// Microsoft refused this credential. When that is the credential's fault, it is set aside with the reason and the
    /// next one to try is given: once per call. The last usable one is never set aside, so that the breaker's probes
    /// find out when it works again; nor is one that Microsoft accepted minutes ago, which may not be known everywhere.
    pub async fn refused(
        &self,
        core: &Core,
        registration_id: Uuid,
        credential_id: Uuid,
        failure: &Failure,
    ) -> Option<AppInUse> {
        let why = Why::of(failure);
        if !why.accuses_the_credential() {
            return None;
        }
        let attempt = async {
            let loaded = self.load(&core.pool, &core.vault, Some(registration_id));
            let Some(loaded) = loaded.await? else {
                return Ok(None);
            };
            let now = self.clock.now();
            let spreads = loaded
                .usable
                .iter()
                .find(|one| one.id == credential_id)
                .and_then(|one| one.state_since)
                .is_some_and(|since| since + SPREADS_FOR > now);
            let refusal = apps::Refusal {
                why: why.as_str(),
                code: failure.code(),
                text: &failure.description,
            };
            apps::set_aside(
                &core.pool,
                &loaded.registration,
                credential_id,
                &refusal,
                !spreads,
                now,
            )
            .await?;
            self.forget();
            let next = loaded.usable.iter().find(|one| one.id != credential_id);
            Ok::<_, VaultError>(next.map(|next| loaded.with(Some(next))))
        };
        match attempt.await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, credential.id = %credential_id, "a refused credential cannot be set aside");
                None
            }
        }
    }

    /// Microsoft accepted what the registration showed. Noted at most once an hour.
    pub async fn worked(&self, core: &Core, app: &AppInUse) {
        let Some(id) = app.credential_id else {
            return;
        };
        let now = self.clock.now();
        {
            let mut known = self.lock();
            let is_recent = |at: &OffsetDateTime| *at <= now && *at + NOTE_EVERY > now;
            if known.noted.get(&id).is_some_and(is_recent) {
                return;
            }
            known.noted.insert(id, now);
        }
        if let Err(error) = apps::note_use(&core.pool, app.registration_id, id, now).await {
            tracing::warn!(%error, credential.id = %id, "the use of a credential cannot be noted");
        }
    }

    /// Read everything again at the next call: a credential or a registration has changed.
    pub fn forget(&self) {
        let mut known = self.lock();
        known.turn += 1;
        known.loaded.clear();
        known.noted.clear();
    }

    async fn load(
        &self,
        pool: &PgPool,
        vault: &Vault,
        id: Option<Uuid>,
    ) -> Result<Option<Loaded>, VaultError> {
        let turn = {
            let known = self.lock();
            if let Some((at, loaded)) = known.loaded.get(&id)
                && at.elapsed() < FRESH_FOR
            {
                return Ok(Some(loaded.clone()));
            }
            known.turn
        };
        let registration = match id {
            None => apps::find_msp(pool, self.cloud.as_str()).await?,
            Some(id) => apps::find(pool, id).await?,
        };
        let Some(registration) = registration else {
            return Ok(None);
        };
        let loaded = read(pool, vault, registration, self.clock.now()).await?;
        let mut known = self.lock();
        if known.turn == turn {
            known.loaded.retain(|_, (at, _)| at.elapsed() < FRESH_FOR);
            known.loaded.insert(id, (Instant::now(), loaded.clone()));
        }
        Ok(Some(loaded))
    }

    /// Whole between any two statements, so a panic elsewhere does not make it unusable.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loaded {
    fn first(&self) -> AppInUse {
        self.with(self.usable.first())
    }

    fn with(&self, one: Option<&Usable>) -> AppInUse {
        AppInUse {
            registration_id: self.registration.id,
            credential_id: one.map(|one| one.id),
            app: App {
                client_id: self.registration.client_id,
                credential: one.map(|one| one.credential.clone()),
            },
            ends_at: self
                .usable
                .iter()
                .filter_map(|one| one.rank.not_after)
                .max(),
        }
    }
}

/// One credential that does not open must not stop the others.
async fn read(
    pool: &PgPool,
    vault: &Vault,
    registration: Registration,
    now: OffsetDateTime,
) -> Result<Loaded, VaultError> {
    let mut usable = Vec::new();
    let mut trouble = None;
    for stored in apps::credentials(pool, registration.id).await? {
        if stored.state != "active" {
            continue;
        }
        match open(vault, &registration, &stored).await {
            Ok(credential) => usable.push(Usable {
                id: stored.id,
                rank: Rank::of(&credential, stored.not_after, stored.worked_at),
                credential,
                state_since: stored.state_since,
            }),
            Err(VaultError::Shut(why)) => {
                tracing::error!(%why, credential.id = %stored.id, "a credential of the app registration does not open");
                trouble = Some(why);
            }
            Err(error) => return Err(error),
        }
    }
    if let Some(why) = trouble.filter(|_| usable.is_empty()) {
        return Err(why.into());
    }
    order(&mut usable, now, |one| &one.rank);
    Ok(Loaded {
        registration,
        usable,
    })
}

/// A stored credential, ready to be shown to Microsoft.
pub(in crate::keeper) async fn open(
    vault: &Vault,
    registration: &Registration,
    stored: &StoredCredential,
) -> Result<Credential, VaultError> {
    let row_id = stored.id.to_string();
    let place = apps::place(registration.tenant_id, &row_id);
    let value = vault.open_text(Purpose::App, &place, &stored.ct).await?;
    Ok(match &stored.certificate {
        Some(certificate_der) => Credential::Certificate {
            private_key_pem: value,
            certificate_der: certificate_der.clone(),
        },
        None => Credential::Secret(value),
    })
}
