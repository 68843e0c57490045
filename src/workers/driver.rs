//! Runs workers by the clock on the wall: each in a task of its own, one run at a time, again after its period; after a
//! failure or a panic earlier, with growing pauses. Knows nothing of what they do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;

/// What a run says for the log and the status; bounded work, so that a stop need not wait long.
pub type Run = Pin<Box<dyn Future<Output = anyhow::Result<String>> + Send>>;

/// Told of every run that ended, e.g. to write it down; what comes of it is the teller's own affair.
pub type Teller = Box<dyn Fn(Status) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Pauses after failures: 1 s, 2 s, 4 s … up to this, and never longer than the worker's period.
const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// One thing that is done again and again. A run takes no input, looks at the database, and may be repeated at any time.
pub struct Worker {
    /// As logs name it, e.g. `sessions`.
    pub name: &'static str,
    /// One sentence for operators.
    pub about: &'static str,
    pub period: Duration,
    run: Box<dyn Fn() -> Run + Send + Sync>,
}

impl Worker {
    pub fn new<F>(
        name: &'static str,
        about: &'static str,
        period: Duration,
        run: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = anyhow::Result<String>> + Send + 'static,
    {
        Self {
            name,
            about,
            period,
            run: Box::new(move || Box::pin(run())),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How a worker fares.
#[derive(Clone, Debug)]
pub struct Status {
    pub name: &'static str,
    pub about: &'static str,
    pub period: Duration,
    pub runs: u64,
    /// When the last run ended; none before the first has.
    pub last_run_at: Option<OffsetDateTime>,
    /// How long the last run took.
    pub duration: Duration,
    /// What the last run said, or why it failed.
    pub last_word: String,
    /// Failed runs since the last good one.
    pub failures: u32,
}

/// Workers at work. Dropping it does not stop them; cancelling the token that they were started with does.
#[derive(Clone)]
pub struct Driver {
    board: Arc<Mutex<Vec<Status>>>,
    tasks: TaskTracker,
    teller: Arc<Teller>,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("board", &self.board)
            .finish_non_exhaustive()
    }
}

impl Driver {
    /// Run each now and then in its period, until `stop`; `teller` hears of each run.
    pub fn start(
        workers: Vec<Worker>,
        clock: &Clock,
        stop: &CancellationToken,
        teller: Teller,
    ) -> Self {
        let statuses = workers.iter().map(|worker| Status {
            name: worker.name,
            about: worker.about,
            period: worker.period,
            runs: 0,
            last_run_at: None,
            duration: Duration::ZERO,
            last_word: String::new(),
            failures: 0,
        });
        let driver = Self {
            board: Arc::new(Mutex::new(statuses.collect())),
            tasks: TaskTracker::new(),
            teller: Arc::new(teller),
        };
        for worker in workers {
            let (driver, clock, stop) = (driver.clone(), clock.clone(), stop.clone());
            driver
                .tasks
                .clone()
                .spawn(async move { driver.drive(worker, &clock, &stop).await });
        }
        driver.tasks.close();
        driver
    }

    /// How every worker fares, in the order of the list.
    pub fn statuses(&self) -> Vec<Status> {
        self.board
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Wait until every run has ended; after the stop that is soon.
    pub async fn finished(&self) {
        self.tasks.wait().await;
    }

    async fn drive(&self, worker: Worker, clock: &Clock, stop: &CancellationToken) {
        let mut failures = 0;
        loop {
            let started = Instant::now();
            // A task of its own, so that a panic ends the run and not the worker.
            let outcome = match tokio::spawn((worker.run)()).await {
                Ok(outcome) => outcome,
                Err(panic) => Err(anyhow::anyhow!(panic)),
            };
            let took = started.elapsed();
            let ms = took.as_millis();
            let word = match &outcome {
                Ok(said) => {
                    failures = 0;
                    tracing::info!(
                        worker = worker.name,
                        duration_ms = ms,
                        "{}: {said}",
                        worker.name
                    );
                    said.clone()
                }
                Err(error) => {
                    failures += 1;
                    tracing::error!(worker = worker.name, duration_ms = ms, failures, error = ?error, "{} failed", worker.name);
                    error.to_string()
                }
            };
            if let Some(status) = self.note(worker.name, clock.now(), took, word, failures) {
                (self.teller)(status).await;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause(worker.period, failures)) => {}
            }
        }
    }

    fn note(
        &self,
        name: &str,
        at: OffsetDateTime,
        took: Duration,
        word: String,
        failures: u32,
    ) -> Option<Status> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let status = board.iter_mut().find(|status| status.name == name)?;
        status.runs += 1;
        status.last_run_at = Some(at);
        status.duration = took;
        status.last_word = word;
        status.failures = failures;
        Some(status.clone())
    }
}

/// How long until the next run, after so many failures in a row.
fn pause(period: Duration, failures: u32) -> Duration {
    match failures {
        0 => period,
        n => Duration::from_secs(1 << (n - 1).min(16))
            .min(LONGEST_PAUSE)
            .min(period),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::mpsc;

    use super::*;

    fn nobody() -> Teller {
        Box::new(|_| Box::pin(async {}))
    }

    #[test]
    fn pauses_grow_and_stay_below_the_period() {
        let hour = Duration::from_hours(1);
        let pauses = [0, 1, 2, 3, 20].map(|failures| pause(hour, failures).as_secs());
        assert_eq!(pauses, [3600, 1, 2, 4, 300]);
        assert_eq!(pause(Duration::from_secs(2), 9).as_secs(), 2);
    }

    #[tokio::test]
    async fn a_worker_runs_again_after_success_failure_and_panic() {
        let (tell, mut heard) = mpsc::unbounded_channel();
        let turn = Arc::new(AtomicU32::new(0));
        let worker = Worker::new(
            "moody",
            "Tests the driver",
            Duration::from_millis(1),
            move || {
                let (tell, turn) = (tell.clone(), turn.fetch_add(1, Ordering::Relaxed));
                async move {
                    tell.send(turn)?;
                    match turn {
                        1 => anyhow::bail!("out of sorts"),
                        2 => panic!("beside itself"),
                        _ => Ok(format!("turn {turn}")),
                    }
                }
            },
        );
        let stop = CancellationToken::new();
        let driver = Driver::start(vec![worker], &Clock::system(), &stop, nobody());
        for turn in 0..5 {
            assert_eq!(heard.recv().await, Some(turn));
        }
        stop.cancel();
        driver.finished().await;
        let [status] = &driver.statuses()[..] else {
            panic!("one worker")
        };
        assert!(status.runs >= 5 && status.failures == 0, "{status:?}");
        assert!(status.last_word.starts_with("turn "), "{status:?}");
    }

    #[tokio::test]
    async fn a_stop_waits_for_the_run_and_starts_no_other() {
        let (begun, mut begins) = mpsc::unbounded_channel();
        let worker = Worker::new(
            "slow",
            "Tests the driver",
            Duration::from_hours(1),
            move || {
                let begun = begun.clone();
                async move {
                    begun.send(())?;
                    tokio::task::yield_now().await;
                    Ok("whole".to_owned())
                }
            },
        );
        let stop = CancellationToken::new();
        let driver = Driver::start(vec![worker], &Clock::system(), &stop, nobody());
        begins.recv().await;
        stop.cancel();
        driver.finished().await;
        assert_eq!(driver.statuses()[0].last_word, "whole");
        assert_eq!(driver.statuses()[0].runs, 1);
    }
}
