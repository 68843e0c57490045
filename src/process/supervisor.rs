//! The parent's side: starts the keeper's process, starts it again when it dies, and takes it along at the end.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use super::setup::Setup;
use crate::keeper::Client;

/// Pause before a dead keeper is started again: the first, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A keeper that lived so long begins with the first pause again.
const SETTLED: Duration = Duration::from_mins(2);
/// What the keeper needs of our environment: to find Postgres' programs, its own files, certificates and proxy.
const KEPT: [&str; 14] = [
    "PATH",
    "HOME",
    "XDG_DATA_HOME",
    "TMPDIR",
    "TZ",
    "TENANTRY_PG_BIN",
    "CREDENTIALS_DIRECTORY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "RUST_BACKTRACE",
];

/// The keeper's process did not come up.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the keeper's process cannot be started")]
    Spawn(#[source] io::Error),
    /// It has said why, on the same standard error.
    #[error("the keeper did not start ({0}); it says above why")]
    Ended(ExitStatus),
}

impl StartError {
    /// The exit code with which the keeper ended, if it came so far.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Spawn(_) => None,
            Self::Ended(status) => status.code(),
        }
    }
}

/// A keeper's process and who looks after it.
#[derive(Debug)]
pub struct Supervisor {
    stop: CancellationToken,
    watch: JoinHandle<Option<Process>>,
}

impl Supervisor {
    /// Start the keeper and wait until it takes questions. `setup` is asked again at each later start; `client` is told
    /// that the process is another one.
    pub async fn start(
        setup: impl Fn() -> Setup + Send + 'static,
        client: Client,
    ) -> Result<Self, StartError> {
        let mut process = Process::spawn(&setup()).await?;
        process.ready().await?;
        let stop = CancellationToken::new();
        let watch = tokio::spawn(watch(process, setup, client, stop.clone()));
        Ok(Self { stop, watch })
    }

    /// Tell the keeper to stop, as SIGTERM does, and wait; one that is not done by `deadline` is killed, which loses
    /// nothing.
    pub async fn shutdown(self, deadline: Instant) {
        self.stop.cancel();
        if let Ok(Some(process)) = self.watch.await {
            process.stop(deadline).await;
        }
    }
}

/// Look after the process until `stop`; gives the one that runs then.
async fn watch(
    mut process: Process,
    setup: impl Fn() -> Setup,
    client: Client,
    stop: CancellationToken,
) -> Option<Process> {
    let mut pause = FIRST_PAUSE;
    loop {
        let began = Instant::now();
        tokio::select! {
            () = stop.cancelled() => return Some(process),
            ended = process.ended() => tracing::error!(
                "the keeper died ({ended}); it is started again in {} s", pause.as_secs()
            ),
        }
        if began.elapsed() > SETTLED {
            pause = FIRST_PAUSE;
        }
        process = loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
            let mut next = match Process::spawn(&setup()).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "the keeper is tried again in {} s", pause.as_secs());
                    continue;
                }
            };
            let ready = tokio::select! {
                () = stop.cancelled() => return Some(next),
                ready = next.ready() => ready,
            };
            match ready {
                Ok(()) => break next,
                Err(error) => {
                    tracing::error!("{error}; it is tried again in {} s", pause.as_secs());
                }
            }
        };
        client.forget_the_time().await;
        tracing::warn!("the keeper is back (process {})", process.id());
    }
}

/// One keeper's process. When this is dropped its lifeline closes, and it stops by itself.
#[derive(Debug)]
struct Process {
    child: Child,
    _lifeline: ChildStdin,
}

impl Process {
    /// The same program as this one, in a process group of its own: Ctrl-C reaches it through us alone, after the requests
    /// that still need it.
    async fn spawn(setup: &Setup) -> Result<Self, StartError> {
        // Not by path: the file may have been replaced by a newer version since we were started.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("tenantry")
            .args(["keeper", "--supervised"])
            .env_clear()
            .envs(
                KEPT.iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut child = command.spawn().map_err(StartError::Spawn)?;
        let missing = || StartError::Spawn(io::ErrorKind::BrokenPipe.into());
        let mut lifeline = child.stdin.take().ok_or_else(missing)?;
        let mut line = Zeroizing::new(Vec::with_capacity(64 * 1024));
        serde_json::to_writer(&mut *line, setup)
            .map_err(|error| StartError::Spawn(error.into()))?;
        line.push(b'\n');
        // A child that is dead already tells more by its exit than by the broken pipe.
        let _ = lifeline.write_all(&line).await;
        Ok(Self {
            child,
            _lifeline: lifeline,
        })
    }

    /// Wait for the word; a process that ends instead has said why on standard error.
    async fn ready(&mut self) -> Result<(), StartError> {
        if let Some(out) = self.child.stdout.take() {
            let mut line = String::new();
            let read = BufReader::new(out).read_line(&mut line).await;
            if read.is_ok_and(|bytes| bytes > 0) {
                return Ok(());
            }
        }
        Err(StartError::Ended(self.ended().await))
    }

    /// Wait for its end.
    async fn ended(&mut self) -> ExitStatus {
        match self.child.wait().await {
            Ok(status) => status,
            // Nobody else waits for our children, so this is not seen; taken for a death by an unknown signal.
            Err(_) => ExitStatus::from_raw(0),
        }
    }

    fn id(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    async fn stop(mut self, deadline: Instant) {
        self.signal(Signal::TERM);
        if timeout_at(deadline, self.ended()).await.is_err() {
            tracing::warn!(
                "the keeper did not stop in time and was killed; its leases end within two minutes"
            );
            self.signal(Signal::KILL);
            self.ended().await;
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            // One that has just ended by itself needs no signal.
            let _ = kill_process(pid, signal);
        }
    }
}
