//! The gate in front of the sign-in host: so many requests a second, so many in flight, and a breaker per application
//! that opens when Microsoft refuses us rather than a customer. It knows nothing of connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use uuid::Uuid;

use super::settings::Settings;

/// The breaker's name: an application, and whether it shows its credential. A wrong secret says nothing about device
/// code tokens, which are refreshed without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    pub client_id: Uuid,
    pub with_credential: bool,
}

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub retry_after: Duration,
}

/// Leave to send one request.
pub struct Pass {
    gate: Arc<Gate>,
    lane: Lane,
    probes: bool,
    _in_flight: OwnedSemaphorePermit,
}

/// See the module.
pub struct Gate {
    in_flight: Arc<Semaphore>,
    spacing: Duration,
    next_slot: Mutex<Instant>,
    breakers: Mutex<HashMap<Lane, Breaker>>,
    pause: Duration,
    cap: Duration,
}

/// Present only while open or half open.
struct Breaker {
    until: Instant,
    times: u32,
    probing: bool,
}

impl Gate {
    pub fn new(settings: &Settings) -> Self {
        Self {
            in_flight: Arc::new(Semaphore::new(settings.in_flight)),
            spacing: Duration::from_secs(1) / settings.requests_per_second.max(1),
            next_slot: Mutex::new(Instant::now()),
            breakers: Mutex::default(),
            pause: settings.breaker_pause,
            cap: settings.breaker_cap,
        }
    }

    /// Wait for leave to send, at most until `deadline`. `by_hand` may probe an open breaker: somebody has just mended
    /// the credential and wants to see.
    pub async fn enter(
        self: &Arc<Self>,
        lane: Lane,
        deadline: Instant,
        by_hand: bool,
    ) -> Result<Pass, Held> {
        let busy = Held {
            retry_after: Duration::from_secs(5),
        };
        let permit = tokio::time::timeout_at(deadline, Arc::clone(&self.in_flight).acquire_owned());
        let Ok(Ok(permit)) = permit.await else {
            return Err(busy);
        };
        let slot = self.slot(Instant::now(), deadline).ok_or(busy)?;
        tokio::time::sleep_until(slot).await;
        let probes = self.ask_breaker(lane, by_hand, Instant::now())?;
        Ok(Pass {
            gate: Arc::clone(self),
            lane,
            probes,
            _in_flight: permit,
        })
    }

    /// The next free instant, each `spacing` after the one before.
    fn slot(&self, now: Instant, deadline: Instant) -> Option<Instant> {
        let mut next = lock(&self.next_slot);
        let slot = (*next).max(now);
        if slot > deadline {
            return None;
        }
        *next = slot + self.spacing;
        Some(slot)
    }

    /// May this lane send now? True: as a probe.
    fn ask_breaker(&self, lane: Lane, by_hand: bool, now: Instant) -> Result<bool, Held> {
        let mut breakers = lock(&self.breakers);
        let Some(breaker) = breakers.get_mut(&lane) else {
            return Ok(false);
        };
        if breaker.probing || (now < breaker.until && !by_hand) {
            let retry_after = breaker
                .until
                .saturating_duration_since(now)
                .max(Duration::from_secs(1));
            return Err(Held { retry_after });
        }
        breaker.probing = true;
        Ok(true)
    }

    fn open_breaker(&self, lane: Lane, was_probe: bool, now: Instant) {
        let mut breakers = lock(&self.breakers);
        let breaker = breakers.entry(lane).or_insert(Breaker {
            until: now,
            times: 0,
            probing: false,
        });
        // Requests that were under way when it opened do not lengthen the pause.
        if was_probe || breaker.until <= now {
            let pause = self.pause * 2_u32.saturating_pow(breaker.times.min(10));
            breaker.until = now + pause.min(self.cap);
            breaker.times += 1;
        }
    }

    fn end_probe(&self, lane: Lane) {
        if let Some(breaker) = lock(&self.breakers).get_mut(&lane) {
            breaker.probing = false;
        }
    }
}

impl Pass {
    /// Microsoft refused our application: no more of it for a while.
    pub fn refused_us(&self) {
        self.gate
            .open_breaker(self.lane, self.probes, Instant::now());
    }

    /// Microsoft accepted our application, whatever it said about the grant.
    pub fn accepted_us(&self) {
        lock(&self.gate.breakers).remove(&self.lane);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probes {
            self.gate.end_probe(self.lane);
        }
    }
}

/// Whole between any two statements, so a panic elsewhere does not close the gate for good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: Lane = Lane {
        client_id: Uuid::from_u128(1),
        with_credential: true,
    };

    fn gate() -> Gate {
        Gate::new(&Settings::default())
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn twenty_a_second_by_default_and_nobody_waits_past_the_deadline() {
        let gate = gate();
        let now = Instant::now();
        let slots: Vec<_> = (0..41)
            .map(|_| gate.slot(now, now + 2 * SECOND).unwrap())
            .collect();
        assert_eq!(slots[40] - slots[0], 2 * SECOND);
        assert_eq!(gate.slot(now, now + 2 * SECOND), None);
    }

    #[tokio::test]
    async fn thirty_two_in_flight_by_default() {
        let gate = Arc::new(Gate::new(&Settings {
            requests_per_second: 10_000,
            ..Settings::default()
        }));
        let soon = || Instant::now() + 10 * SECOND;
        let mut passes = Vec::new();
        for _ in 0..32 {
            passes.push(gate.enter(LANE, soon(), false).await.ok().unwrap());
        }
        assert!(gate.enter(LANE, Instant::now(), false).await.is_err());
        passes.pop();
        assert!(gate.enter(LANE, soon(), false).await.is_ok());
    }

    #[test]
    fn the_breaker_opens_lets_one_probe_through_and_opens_for_longer() {
        let gate = gate();
        let opened = Instant::now();
        gate.open_breaker(LANE, false, opened);
        let held = gate.ask_breaker(LANE, false, opened).unwrap_err();
        assert_eq!(held.retry_after, 30 * SECOND);

        let later = opened + 30 * SECOND;
        assert_eq!(gate.ask_breaker(LANE, false, later), Ok(true));
        assert!(gate.ask_breaker(LANE, false, later).is_err());
        assert!(gate.ask_breaker(LANE, true, later).is_err());
        gate.open_breaker(LANE, true, later);
        gate.end_probe(LANE);
        let held = gate.ask_breaker(LANE, false, later).unwrap_err();
        assert_eq!(held.retry_after, 60 * SECOND);
    }

    #[test]
    fn who_has_just_mended_it_need_not_wait() {
        let gate = gate();
        let now = Instant::now();
        gate.open_breaker(LANE, false, now);
        assert_eq!(gate.ask_breaker(LANE, true, now), Ok(true));
    }

    #[test]
    fn a_wrong_secret_does_not_stop_what_needs_none() {
        let gate = gate();
        let now = Instant::now();
        gate.open_breaker(LANE, false, now);
        let other = Lane {
            with_credential: false,
            ..LANE
        };
        assert_eq!(gate.ask_breaker(other, false, now), Ok(false));
    }
}
