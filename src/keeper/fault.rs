//! The points of the refresh protocol at which a rehearsal may strike (security.md section 7). Without the feature
//! `faults` a point is nothing at all; with it, a rehearsal arms one point of this process, once.

/// Where a keeper stands in the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    Claimed,
    Opened,
    Gated,
    /// The request is on its way; Microsoft may or may not have acted.
    Sent,
    /// The answer is here and not yet stored.
    Received,
    /// Everything is written, nothing is committed.
    BeforeCommit,
    /// COMMIT was sent and its answer is not looked at yet.
    Committed,
    Published,
    /// The token before the one that has worked is erased or moved aside, not committed yet.
    Proven,
}

/// The keeper has come to `point`.
#[cfg(not(feature = "faults"))]
pub fn reach(point: Point) {
    let _ = point;
}

#[cfg(feature = "faults")]
pub use armed::{Strike, arm, disarm, reach};

#[cfg(feature = "faults")]
mod armed {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, PoisonError};

    use rustix::process::{Signal, getpid, kill_process};

    use super::Point;

    /// What happens to this process at an armed point.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Strike {
        /// `kill -9`: no destructor runs, nothing is flushed.
        Die,
        /// `SIGSTOP`, until somebody sends `SIGCONT`.
        Stop,
    }

    struct Armed {
        point: Point,
        /// Times that the point is still passed unharmed.
        passes: u32,
        strike: Strike,
    }

    /// Spares everybody the lock while nothing is armed.
    static ANY: AtomicBool = AtomicBool::new(false);
    static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

    /// Strike when `point` is reached for the `passes + 1`-th time from now. Replaces what was armed before.
    pub fn arm(point: Point, passes: u32, strike: Strike) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        *armed = Some(Armed {
            point,
            passes,
            strike,
        });
        ANY.store(true, Ordering::Release);
    }

    /// Nothing strikes any more.
    pub fn disarm() {
        *ARMED.lock().unwrap_or_else(PoisonError::into_inner) = None;
        ANY.store(false, Ordering::Release);
    }

    /// The keeper has come to `point`.
    pub fn reach(point: Point) {
        if !ANY.load(Ordering::Acquire) {
            return;
        }
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(found) = armed.as_mut().filter(|armed| armed.point == point) else {
            return;
        };
        if let Some(left) = found.passes.checked_sub(1) {
            found.passes = left;
            return;
        }
        let signal = match found.strike {
            Strike::Die => Signal::KILL,
            Strike::Stop => Signal::STOP,
        };
        *armed = None;
        ANY.store(false, Ordering::Release);
        // Nothing can be done about a signal that cannot be sent; the campaign notices that nobody died.
        let _ = kill_process(getpid(), signal);
    }

    impl Point {
        /// Every point, in the order of a refresh.
        pub const ALL: [Self; 9] = [
            Self::Claimed,
            Self::Opened,
            Self::Gated,
            Self::Sent,
            Self::Received,
            Self::BeforeCommit,
            Self::Committed,
            Self::Published,
            Self::Proven,
        ];
    }
}
