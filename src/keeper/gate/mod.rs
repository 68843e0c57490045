//! The gate in front of the sign-in host. Everything that the keeper sends there passes it:
//!
//! ```text
//! let pass = core.gate.enter(lane, tenant, deadline, by_hand).await?; // Err(Held): give the claim back
//! let answer = …;                                                     // one request
//! pass.told(Heard::…);                                                // what it says about Microsoft and about us
//! drop(pass);                                                         // the way is free for the next
//! ```
//!
//! So many requests a second and so many in flight for all keepers together (each takes its share, see
//! [`Gate::share_with`]), tenants in turn, by hand ahead of scheduled. Two kinds of breakers: the authority's, when
//! Microsoft fails, with a slow start afterwards; and one per lane, when Microsoft refuses our application.
//!
//! All of it runs by the monotonic clock and not by App's: pauses and the slow start protect Microsoft, which lives in
//! real time, and moving the demo's clock must neither end a pause nor flood the host. Rehearsals that run faster than
//! time shorten them by [`Settings`]. It knows nothing of connections or of the database: what opens and shuts is told
//! to the [`Changes`], and recalled after a restart.

mod authority;
mod lanes;
mod queue;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use self::authority::{Authority, Turned};
pub use self::lanes::Lane;
use self::lanes::Lanes;
use self::queue::Queue;
use super::settings::Settings;
use crate::storage::TenantId;

/// Asked back after this time when there is no better answer.
const BUSY: Duration = Duration::from_secs(5);

/// Not now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub retry_after: Duration,
}

/// What the answer to a request says about Microsoft and about our application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Answered, and our application accepted, whatever was said about the grant.
    Fine,
    /// Microsoft's or the network's trouble.
    Transient,
    /// Told to wait, for so long when told.
    Throttled(Option<Duration>),
    /// Answered: our application or its credential is refused.
    RefusesUs,
}

/// Whose breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Breaker {
    Authority,
    Lane(Lane),
}

/// A breaker turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing passes for so long; `times` in a row.
    Shut {
        breaker: Breaker,
        pause: Duration,
        times: u32,
    },
    /// It works again.
    Opened { breaker: Breaker },
}

/// Every turn of a breaker, in order.
pub type Changes = mpsc::UnboundedReceiver<Change>;

/// Leave to send one request.
pub struct Pass {
    gate: Arc<Gate>,
    lane: Lane,
    lane_probe: bool,
    probe: bool,
    told: std::sync::atomic::AtomicBool,
}

/// See the module.
pub struct Gate {
    state: Mutex<State>,
    changes: mpsc::UnboundedSender<Change>,
    rate: f64,
    in_flight: usize,
}

struct State {
    queue: Queue<TenantId, Ticket>,
    authority: Authority,
    lanes: Lanes,
    next_slot: Instant,
    in_flight: usize,
    keepers: u32,
    /// Somebody sleeps until the next slot and will look then.
    alarm: bool,
}

struct Ticket {
    lane: Lane,
    by_hand: bool,
    tell: oneshot::Sender<Result<Pass, Held>>,
}

impl Gate {
    /// A gate that belongs to one keeper alone until told otherwise.
    pub fn new(settings: &Settings) -> (Arc<Self>, Changes) {
        let (changes, turned) = mpsc::unbounded_channel();
        let gate = Self {
            state: Mutex::new(State {
                queue: Queue::new(),
                authority: Authority::new(settings),
                lanes: Lanes::new(settings),
                next_slot: Instant::now(),
                in_flight: 0,
                keepers: 1,
                alarm: false,
            }),
            changes,
            rate: f64::from(settings.requests_per_second.max(1)),
            in_flight: settings.in_flight,
        };
        (Arc::new(gate), turned)
    }

    /// Wait for leave to send one request for `tenant`, at most until `deadline`; refused at once when the queue is too
    /// long for it. `by_hand`: somebody waits.
    pub async fn enter(
        self: &Arc<Self>,
        lane: Lane,
        tenant: TenantId,
        deadline: Instant,
        by_hand: bool,
    ) -> Result<Pass, Held> {
        let (tell, leave) = oneshot::channel();
        let ticket = Ticket {
            lane,
            by_hand,
            tell,
        };
        self.queue_up(ticket, tenant, deadline)?;
        self.serve();
        match tokio::time::timeout_at(deadline, leave).await {
            Ok(Ok(told)) => told,
            _ => Err(Held { retry_after: BUSY }),
        }
    }

    /// Nothing passes for so long: it is no use to claim anything. None when something may.
    pub fn shut_for(&self) -> Option<Duration> {
        self.lock().authority.shut_for(Instant::now())
    }

    /// The limits hold for so many keepers together, of whom we are one.
    pub fn share_with(&self, keepers: u32) {
        self.lock().keepers = keepers.max(1);
    }

    /// A breaker was shut before a restart, for so long yet.
    pub fn recall_shut(&self, breaker: Breaker, rest: Duration, times: u32) {
        let now = Instant::now();
        let mut state = self.lock();
        match breaker {
            Breaker::Authority => state.authority.recall_shut(rest, now),
            Breaker::Lane(lane) => state.lanes.recall(lane, rest, times, now),
        }
    }

    /// The authority worked again so long ago, before a restart: the slow start goes on from there.
    pub fn recall_start(&self, ago: Duration) {
        self.lock().authority.recall_start(ago, Instant::now());
    }

    fn queue_up(&self, ticket: Ticket, tenant: TenantId, deadline: Instant) -> Result<(), Held> {
        let now = Instant::now();
        let mut state = self.lock();
        let mut wait = self.wait(&state, ticket.by_hand, now);
        if now + wait > deadline {
            // Only now is it worth the look at everybody: who has left is not waited for.
            state.queue.retain(|ticket| !ticket.tell.is_closed());
            wait = self.wait(&state, ticket.by_hand, now);
        }
        if now + wait > deadline {
            return Err(Held {
                retry_after: wait.max(BUSY),
            });
        }
        state.queue.push(tenant, ticket.by_hand, ticket);
        Ok(())
    }

    /// How long a new ticket waits at most.
    fn wait(&self, state: &State, by_hand: bool, now: Instant) -> Duration {
        let ahead = u32::try_from(state.queue.ahead(by_hand)).unwrap_or(u32::MAX);
        let slot = state.next_slot.saturating_duration_since(now);
        slot + self.spacing(state, now).saturating_mul(ahead)
    }

    /// Give leave to all who may have it now. Told outside the lock: who has left meanwhile gives his leave back.
    fn serve(self: &Arc<Self>) {
        while let Some((ticket, told)) = self.next() {
            let _ = ticket.tell.send(told);
        }
    }

    fn next(self: &Arc<Self>) -> Option<(Ticket, Result<Pass, Held>)> {
        let now = Instant::now();
        let mut guard = self.lock();
        let state = &mut *guard;
        if let Some(retry_after) = state.authority.shut_for(now) {
            return Some((state.queue.pop()?, Err(Held { retry_after })));
        }
        let most = (self.in_flight / state.keepers as usize).max(1);
        if state.queue.is_empty() || state.in_flight >= most {
            return None;
        }
        if state.next_slot > now {
            self.wake_at(state);
            return None;
        }
        let ticket = state.queue.pop()?;
        if ticket.tell.is_closed() {
            let held = Held { retry_after: BUSY };
            return Some((ticket, Err(held)));
        }
        if let Some(retry_after) = state.lanes.shut_for(ticket.lane, ticket.by_hand, now) {
            return Some((ticket, Err(Held { retry_after })));
        }
        let pass = Pass {
            gate: Arc::clone(self),
            lane: ticket.lane,
            lane_probe: state.lanes.send(ticket.lane),
            probe: state.authority.send(),
            told: false.into(),
        };
        state.in_flight += 1;
        state.next_slot = state.next_slot.max(now) + self.spacing(state, now);
        drop(guard);
        Some((ticket, Ok(pass)))
    }

    /// Look again when the next slot comes.
    fn wake_at(self: &Arc<Self>, state: &mut State) {
        if state.alarm {
            return;
        }
        // Without a runtime the process is ending, and nobody waits.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        state.alarm = true;
        let (gate, slot) = (Arc::clone(self), state.next_slot);
        runtime.spawn(async move {
            tokio::time::sleep_until(slot).await;
            gate.lock().alarm = false;
            gate.serve();
        });
    }

    /// From one request of ours to the next.
    fn spacing(&self, state: &State, now: Instant) -> Duration {
        let rate = self.rate * state.authority.share(now) / f64::from(state.keepers);
        Duration::from_secs_f64(1.0 / rate)
    }

    fn hear(&self, pass: &Pass, heard: Heard) {
        let now = Instant::now();
        let mut state = self.lock();
        let turned = match heard {
            Heard::Fine | Heard::RefusesUs => state.authority.good(pass.probe, now),
            Heard::Transient => state.authority.bad(pass.probe, None, now),
            Heard::Throttled(asked) => state.authority.bad(pass.probe, asked, now),
        };
        let breaker = Breaker::Lane(pass.lane);
        let lane = match heard {
            Heard::Fine => state
                .lanes
                .accepted(pass.lane)
                .then_some(Change::Opened { breaker }),
            Heard::RefusesUs => {
                state
                    .lanes
                    .refused(pass.lane, pass.lane_probe, now)
                    .map(|(pause, times)| Change::Shut {
                        breaker,
                        pause,
                        times,
                    })
            }
            Heard::Transient | Heard::Throttled(_) => None,
        };
        let breaker = Breaker::Authority;
        let authority = turned.map(|turned| match turned {
            Turned::Shut { pause } => Change::Shut {
                breaker,
                pause,
                times: 1,
            },
            Turned::Opened => Change::Opened { breaker },
        });
        for change in authority.into_iter().chain(lane) {
            // Nobody listens any more when the keeper stops.
            let _ = self.changes.send(change);
        }
    }

    /// Whole between any two statements, so a panic elsewhere does not close the gate for good.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// What the answer says; to be told once, as soon as it is there.
    pub fn told(&self, heard: Heard) {
        self.told.store(true, std::sync::atomic::Ordering::Relaxed);
        self.gate.hear(self, heard);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        {
            let mut state = self.gate.lock();
            state.in_flight = state.in_flight.saturating_sub(1);
            if self.lane_probe {
                state.lanes.end_probe(self.lane);
            }
            if self.probe && !*self.told.get_mut() {
                state.authority.lose_probe();
            }
        }
        self.gate.serve();
    }
}
