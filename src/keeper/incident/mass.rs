//! Mass trouble: when many tenants fail alike within a quarter of an hour, the cause is ours or Microsoft's, and nobody
//! is accused. Counted in the database, so that it is one count for all keepers; a failure costs one statement that looks
//! at no more rows than the limit.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::PgPool;
use time::OffsetDateTime;

use super::see;
use crate::keeper::core::Core;
use crate::keeper::message::Actor;
use crate::keeper::refresh::Class;
use crate::keeper::settings::Settings;
use crate::keeper::store::audit;
use crate::keeper::store::incidents::{self, Tally, Trouble};
use crate::storage::TenantId;

/// See the module.
pub struct MassGuard {
    served: AtomicU32,
    least: u32,
    percent: u32,
    window: std::time::Duration,
}

/// A failure that may be everybody's.
#[derive(Clone, Copy, Debug)]
pub struct Sign {
    pub tenant_id: TenantId,
    pub class: Class,
    /// AADSTS number.
    pub code: Option<u32>,
    /// The resource asked for must work for this tenant.
    pub required: bool,
}

impl MassGuard {
    pub fn new(settings: &Settings) -> Self {
        Self {
            served: AtomicU32::new(0),
            least: u32::try_from(settings.mass_least).unwrap_or(u32::MAX),
            percent: u32::try_from(settings.mass_percent).unwrap_or(100),
            window: settings.mass_window,
        }
    }

    /// How many connections there are.
    pub fn set_served(&self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.served.store(count, Ordering::Relaxed);
    }

    /// So many tenants may fail alike before it is everybody's trouble.
    pub fn limit(&self) -> u32 {
        let served = u64::from(self.served.load(Ordering::Relaxed));
        let part = served * u64::from(self.percent) / 100;
        self.least.max(u32::try_from(part).unwrap_or(u32::MAX))
    }

    /// Failures before this instant count no more.
    pub fn since(&self, now: OffsetDateTime) -> OffsetDateTime {
        now - self.window
    }

    /// Count a tenant's failure; true when so many failed alike that nobody is accused, and while the incident of this
    /// cause is open.
    pub async fn is_mass(
        &self,
        pool: &PgPool,
        sign: &Sign,
        now: OffsetDateTime,
    ) -> sqlx::Result<bool> {
        if !sign.class.may_be_everybodys(sign.required) {
            return Ok(false);
        }
        let cause = format!(
            "mass:{}:{}",
            sign.class.as_str(),
            sign.code.unwrap_or_default()
        );
        let (since, limit) = (self.since(now), i64::from(self.limit()));
        let mut tx = pool.begin().await?;
        let Tally { is_open, others } =
            incidents::tally(&mut tx, sign.tenant_id, &cause, now, since, limit).await?;
        tx.commit().await?;
        let tenants = others + 1;
        if !is_open && tenants <= limit {
            return Ok(false);
        }
        let trouble = Trouble {
            kind: "mass",
            cause: &cause,
            class: sign.class.as_str(),
            code: sign.code,
            at: now,
            holds_until: now,
        };
        let mut tx = pool.begin().await?;
        let opened = see(&mut tx, &trouble, tenants).await?;
        if opened.is_new {
            incidents::add_tallied(&mut *tx, opened.id, &cause, since).await?;
        } else {
            incidents::add(&mut *tx, opened.id, &[sign.tenant_id]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

/// Who was accused by the cause of an open incident before it was known to be everybody's is not. Done at each beat, since
/// the last of them may have been decided before the incident was opened and be written after it.
pub(super) async fn take_back(core: &Core, now: OffsetDateTime) -> sqlx::Result<()> {
    for mass in incidents::open_mass(&core.pool).await? {
        let since = core.guard.since(mass.opened_at);
        let mut tx = core.pool.begin().await?;
        for tenant in incidents::take_back(&mut tx, &mass, since, now).await? {
            taken_back(&mut tx, mass.id, tenant, now).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn taken_back(
    tx: &mut sqlx::PgConnection,
    incident: uuid::Uuid,
    tenant_id: TenantId,
    at: OffsetDateTime,
) -> sqlx::Result<()> {
    let entry = audit::Entry {
        tenant_id: Some(tenant_id),
        actor: &Actor::keeper(),
        action: "connection.taken_back",
        object_type: "incident",
        object_id: incident.to_string(),
        result: "done",
        details: serde_json::json!({ "state_before": "needs_consent", "state": "suspect" }),
    };
    audit::insert(tx, entry, at).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_ten_or_two_percent_is_everybodys() {
        let guard = MassGuard::new(&Settings::default());
        assert_eq!(guard.limit(), 10);
        for (served, limit) in [(499, 10), (550, 11), (1000, 20)] {
            guard.set_served(served);
            assert_eq!(guard.limit(), limit);
        }
    }
}
