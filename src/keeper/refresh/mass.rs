//! Mass trouble: when many tenants fail alike within a quarter of an hour, the cause is ours or Microsoft's, and nobody
//! is accused. Counted per keeper and per class; the fleet's size is told from outside.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::class::Class;
use crate::keeper::settings::Settings;
use crate::storage::TenantId;

/// See the module.
pub struct MassGuard {
    seen: Mutex<HashMap<&'static str, HashMap<TenantId, Instant>>>,
    served: AtomicUsize,
    least: usize,
    percent: usize,
    window: Duration,
}

impl MassGuard {
    pub fn new(settings: &Settings) -> Self {
        Self {
            seen: Mutex::default(),
            served: AtomicUsize::new(0),
            least: settings.mass_least,
            percent: settings.mass_percent,
            window: settings.mass_window,
        }
    }

    /// How many connections there are.
    pub fn set_served(&self, count: usize) {
        self.served.store(count, Ordering::Relaxed);
    }

    /// Count a tenant's failure; true when so many failed alike that nobody is accused.
    pub fn is_mass(&self, class: Class, tenant: TenantId) -> bool {
        class.may_be_everybodys() && self.count(class, tenant, Instant::now())
    }

    fn count(&self, class: Class, tenant: TenantId, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let alike = seen.entry(class.as_str()).or_default();
        alike.retain(|_, at| now.duration_since(*at) <= self.window);
        let before = alike.len();
        alike.insert(tenant, now);
        let limit = self
            .least
            .max(self.served.load(Ordering::Relaxed) * self.percent / 100);
        if before <= limit && alike.len() > limit {
            tracing::error!(
                class = class.as_str(),
                tenants = alike.len(),
                "many tenants fail alike: no connection changes state for this cause until it passes"
            );
        }
        alike.len() > limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_ten_or_two_percent_alike_within_a_quarter_of_an_hour() {
        let guard = MassGuard::new(&Settings::default());
        let now = Instant::now();
        let fails = |class, at| guard.count(class, TenantId::new(), at);
        assert!((0..10).all(|_| !fails(Class::Ambiguous, now)));
        assert!(fails(Class::Ambiguous, now));
        guard.set_served(1000);
        assert!(!fails(Class::Ambiguous, now));
        assert!(!fails(Class::AppAbsent, now));
        guard.set_served(0);
        assert!(!fails(Class::Ambiguous, now + Duration::from_mins(16)));
    }

    #[test]
    fn one_tenant_that_keeps_failing_is_no_mass_and_definite_answers_never_are() {
        let guard = MassGuard::new(&Settings::default());
        let tenant = TenantId::new();
        assert!((0..100).all(|_| !guard.is_mass(Class::Ambiguous, tenant)));
        assert!((0..100).all(|_| !guard.is_mass(Class::Definitive, TenantId::new())));
    }
}
