//! When each worker last ran, on whichever replica, and what it said.

use std::time::Duration;

use time::OffsetDateTime;

use super::store::today;
use crate::domain::op::Op;

/// A run that has ended, to be written down.
#[derive(Clone, Debug)]
pub struct Run {
    pub name: &'static str,
    pub about: &'static str,
    pub period: Duration,
    pub ended_at: OffsetDateTime,
    pub duration: Duration,
    /// What it said, or why it failed.
    pub word: String,
    /// Failed runs since the last good one; zero when this one was good.
    pub failures: u32,
}

/// How a worker fares.
#[derive(Clone, Debug)]
pub struct WorkerRun {
    pub name: String,
    pub about: String,
    pub period: Duration,
    pub runs: i64,
    pub failed_runs: i64,
    /// Since the last good one.
    pub failures: i32,
    pub last_run_at: OffsetDateTime,
    /// None when none was ever good.
    pub last_good_at: Option<OffsetDateTime>,
    pub duration: Duration,
    pub last_word: String,
}

impl WorkerRun {
    /// Whether it has missed its time: twice its period and two minutes have passed.
    pub fn is_late(&self, now: OffsetDateTime) -> bool {
        now - self.last_run_at > self.period * 2 + Duration::from_mins(2)
    }
}

/// Write down that a worker ran.
pub async fn record_run(op: &mut Op, run: &Run) -> Result<(), sqlx::Error> {
    today::record_run(op, run).await
}

/// Every worker that has ever run, by name.
pub async fn worker_runs(op: &mut Op) -> Result<Vec<WorkerRun>, sqlx::Error> {
    today::worker_runs(op).await
}
