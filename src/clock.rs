//! Now and randomness. The only caller of the system's clock and random source, so that tests and the demo can move
//! time forward and everything else stays a function of its arguments.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;
use uuid::Uuid;

/// The business clock: the system's time plus an offset that tests and the demo's control page can move.
///
/// Clones share the offset, so one handle given to portal, keeper and simulator moves all three together.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that shows the system's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// The instant to stamp rows, expiries and claims with, UTC, truncated to microseconds as Postgres stores it.
    pub fn now(&self) -> OffsetDateTime {
        let offset = time::Duration::milliseconds(self.offset_ms.load(Ordering::Relaxed));
        let now = system_now() + offset;
        now.replace_nanosecond(now.nanosecond() / 1000 * 1000)
            .unwrap_or(now)
    }

    /// The time on the wall, however far this clock was moved: what codes of authenticator apps go by.
    pub fn wall(&self) -> OffsetDateTime {
        system_now()
    }

    /// Move the clock forward by `by`; every clone follows.
    pub fn advance(&self, by: Duration) {
        let ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.offset_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Milliseconds by which this clock differs from the system's (positive: ahead).
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Set the difference to the system's clock in milliseconds (positive: ahead).
    pub fn set_offset_ms(&self, offset: i64) {
        self.offset_ms.store(offset, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one caller of the system clock"
)]
fn system_now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// `N` bytes from the operating system's CSPRNG (through aws-lc-rs).
///
/// # Panics
/// Never in practice: aws-lc ends the process rather than report that it could not seed itself.
#[expect(
    clippy::disallowed_methods,
    reason = "the one caller of the random source"
)]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .expect("aws-lc aborts rather than fail to seed from the operating system");
    bytes
}

/// A random UUID (version 4), for correlation ids and nonces.
#[expect(
    clippy::disallowed_methods,
    reason = "the one caller of the random source"
)]
pub fn random_uuid() -> Uuid {
    Uuid::new_v4()
}

/// A time-ordered UUID (version 7), for primary keys.
#[expect(
    clippy::disallowed_methods,
    reason = "the one caller of the random source"
)]
pub fn ordered_uuid() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_offset() {
        let a = Clock::system();
        let b = a.clone();
        a.advance(Duration::from_hours(48));
        assert!(b.now() - Clock::system().now() > time::Duration::hours(47));
    }
}
