//! What a load measured.

use std::time::Duration;

/// Answers of one load.
pub struct Load {
    pub count: u64,
    time: Duration,
    pub median: Duration,
    pub p99: Duration,
}

impl Load {
    /// Of how long each answer took, all of them within `time`.
    pub fn of(mut times: Vec<Duration>, time: Duration) -> Self {
        times.sort_unstable();
        Self {
            count: times.len() as u64,
            time,
            median: times[times.len() / 2],
            p99: times[times.len() * 99 / 100],
        }
    }

    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.time.as_secs_f64()
    }
}
