//! The cheap handle on the simulator's memory: one lock, one clock, and the signal that something must be saved.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;
use tokio::sync::Notify;

use super::State;
use crate::clock::Clock;
use crate::simulator::journal::Journal;

/// The simulated Microsoft's memory. Clones share it.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    /// Present when the state is kept on disk. Locked after `state`, never before.
    journal: Mutex<Option<Journal>>,
    clock: Clock,
    changed: Notify,
}

impl Directory {
    pub(in crate::simulator) fn new(state: State, clock: Clock, journal: Option<Journal>) -> Self {
        Self {
            inner: Arc::new(Inner {
                state: Mutex::new(state),
                journal: Mutex::new(journal),
                clock,
                changed: Notify::new(),
            }),
        }
    }

    /// The clock that decides over lifetimes; shared with whoever gave it.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    pub(in crate::simulator) fn now(&self) -> OffsetDateTime {
        self.inner.clock.now()
    }

    pub(in crate::simulator) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// Do one change at one instant and have it saved.
    pub(in crate::simulator) fn change<T>(
        &self,
        change: impl FnOnce(&mut State, OffsetDateTime) -> T,
    ) -> T {
        let now = self.now();
        let mut state = self.lock();
        let result = change(&mut state, now);
        state.clock_offset_ms = self.inner.clock.offset_ms();
        let fresh = state.ledger.take_fresh();
        if let Some(journal) = &mut *self.journal() {
            journal.write(&fresh);
        }
        drop(state);
        self.inner.changed.notify_one();
        result
    }

    /// Resolves after the next change.
    pub(in crate::simulator) async fn changed(&self) {
        self.inner.changed.notified().await;
    }

    /// The whole memory as JSON, to be saved; the journal starts anew with what comes after it.
    pub(in crate::simulator) fn snapshot(&self) -> serde_json::Result<Vec<u8>> {
        let state = self.lock();
        let bytes = serde_json::to_vec(&*state)?;
        if let Some(journal) = &mut *self.journal() {
            journal.turn_over();
        }
        Ok(bytes)
    }

    fn journal(&self) -> MutexGuard<'_, Option<Journal>> {
        self.inner
            .journal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in one request must not take the whole simulator down; each change leaves whole values behind.
        self.inner
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
