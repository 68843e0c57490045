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
        let slot = self.slot(deadline).ok_or(busy)?;
        tokio::time::sleep_until(slot).await;
        let probes = self.ask_breaker(lane, by_hand)?;
        Ok(Pass {
            gate: Arc::clone(self),
            lane,
            probes,
            _in_flight: permit,
        })
    }

    /// The next free instant, each `spacing` after the one before.
    fn slot(&self, deadline: Instant) -> Option<Instant> {
        let mut next = lock(&self.next_slot);
        let slot = (*next).max(Instant::now());
        if slot > deadline {
            return None;
        }
        *next = slot + self.spacing;
        Some(slot)
    }

    fn ask_breaker(&self, lane: Lane, by_hand: bool) -> Result<bool, Held> {
        let mut breakers = lock(&self.breakers);
        let Some(breaker) = breakers.get_mut(&lane) else {
            return Ok(false);
        };
        let now = Instant::now();
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
}

impl Pass {
    /// Microsoft refused our application: no more of it for a while.
    pub fn refused_us(&self) {
        let mut breakers = lock(&self.gate.breakers);
        let now = Instant::now();
        let breaker = breakers.entry(self.lane).or_insert(Breaker {
            until: now,
            times: 0,
            probing: false,
        });
        // Requests that were under way when it opened do not lengthen the pause.
        if self.probes || breaker.until <= now {
            let pause = self.gate.pause * 2_u32.saturating_pow(breaker.times.min(10));
            breaker.until = now + pause.min(self.gate.cap);
            breaker.times += 1;
        }
    }

    /// Microsoft accepted our application, whatever it said about the grant.
    pub fn accepted_us(&self) {
        lock(&self.gate.breakers).remove(&self.lane);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.probes
            && let Some(breaker) = lock(&self.gate.breakers).get_mut(&self.lane)
        {
            breaker.probing = false;
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

    fn gate(settings: Settings) -> Arc<Gate> {
        Arc::new(Gate::new(&settings))
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    #[tokio::test(start_paused = true)]
    async fn twenty_a_second_by_default() {
        let gate = gate(Settings::default());
        let began = Instant::now();
        for _ in 0..41 {
            gate.enter(LANE, soon(), false).await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn thirty_two_in_flight_by_default_and_nobody_waits_past_the_deadline() {
        let gate = gate(Settings::default());
        let mut passes = Vec::new();
        for _ in 0..32 {
            passes.push(gate.enter(LANE, soon(), false).await.unwrap());
        }
        assert!(gate.enter(LANE, soon(), false).await.is_err());
        passes.pop();
        assert!(gate.enter(LANE, soon(), false).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn the_breaker_opens_lets_one_probe_through_and_opens_for_longer() {
        let gate = gate(Settings::default());
        gate.enter(LANE, soon(), false).await.unwrap().refused_us();
        let held = gate.enter(LANE, soon(), false).await.err().unwrap();
        assert!(held.retry_after > Duration::from_secs(29));

        tokio::time::advance(Duration::from_secs(30)).await;
        let probe = gate.enter(LANE, soon(), false).await.unwrap();
        assert!(gate.enter(LANE, soon(), false).await.is_err());
        probe.refused_us();
        drop(probe);
        let held = gate.enter(LANE, soon(), false).await.err().unwrap();
        assert!(held.retry_after > Duration::from_secs(59));

        let by_hand = gate.enter(LANE, soon(), true).await.unwrap();
        by_hand.accepted_us();
        drop(by_hand);
        assert!(gate.enter(LANE, soon(), false).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_secret_does_not_stop_what_needs_none() {
        let gate = gate(Settings::default());
        gate.enter(LANE, soon(), false).await.unwrap().refused_us();
        let other = Lane {
            with_credential: false,
            ..LANE
        };
        assert!(gate.enter(other, soon(), false).await.is_ok());
    }
}
