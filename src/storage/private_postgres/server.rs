//! Starting, finding and stopping the server process, also after a crash of it, of us, or of both.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use super::Cluster;
use super::account::Account;
use super::error::{Error, io};
use super::layout::Layout;

/// Longest wait for processes of a dying server to go.
const GOING: Duration = Duration::from_secs(10);
/// Longest wait for a server in recovery.
const RECOVERY: Duration = Duration::from_mins(5);
/// A log beyond this many bytes is put aside at the next start.
const LOG_LIMIT: u64 = 16 * 1024 * 1024;

/// Whether a server listens on the socket, be it ready or in recovery.
pub fn answers(layout: &Layout) -> bool {
    UnixStream::connect(layout.socket()).is_ok()
}

/// Start the server. Call with the gate held and nobody answering.
pub fn start(cluster: &Cluster) -> Result<(), Error> {
    let layout = &cluster.layout;
    clear_stale_files(layout)?;
    put_long_log_aside(layout);
    let mut pg_ctl = pg_ctl(cluster, "start");
    pg_ctl.args(["-t", "300", "-l", "server.log"]);
    run_tool("pg_ctl start", pg_ctl, layout, &cluster.account).map_err(|error| match error {
        Error::Tool { tool, output } => Error::Tool {
            tool,
            output: format!("{output}\n{}", tail(layout)),
        },
        other => other,
    })
}

/// Give up our use of the server, and stop it when nobody else uses it.
pub fn leave(cluster: &Cluster, users: &File) -> Result<(), Error> {
    let _gate = cluster.layout.gate(&cluster.account)?;
    // Our shared lock becomes exclusive only if it was the last one.
    if users.try_lock().is_err() || !answers(&cluster.layout) {
        return Ok(());
    }
    let mut pg_ctl = pg_ctl(cluster, "stop");
    pg_ctl.args(["-m", "fast", "-t", "60"]);
    run_tool("pg_ctl stop", pg_ctl, &cluster.layout, &cluster.account)?;
    cluster.layout.remove_outside_socket_dir();
    Ok(())
}

/// Wait for line 8 of `postmaster.pid` to say so: the socket answers earlier, during recovery.
pub fn wait_until_ready(layout: &Layout) -> Result<(), Error> {
    let ready = wait(RECOVERY, || {
        let pid_file = fs::read_to_string(layout.pid_file()).unwrap_or_default();
        pid_file
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
    });
    if ready {
        return Ok(());
    }
    Err(Error::Unresponsive(layout.data.clone()))
}

/// Remove what a crash left. `postmaster.pid` and the socket's lock may name a process number that by now is somebody
/// else's, or a zombie's (both usual in containers); Postgres then refuses to start. Every process of the server works
/// in the data directory, so `/proc` knows the truth; without `/proc` we leave it to Postgres.
fn clear_stale_files(layout: &Layout) -> Result<(), Error> {
    if !fs::exists("/proc/self/cwd").unwrap_or(false) {
        return Ok(());
    }
    if !wait(GOING, || !somebody_works_in(layout)) {
        return Err(Error::Unresponsive(layout.data.clone()));
    }
    for path in [layout.pid_file(), layout.socket(), layout.socket_lock()] {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(io("remove", path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn somebody_works_in(layout: &Layout) -> bool {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|process| fs::read_link(process.path().join("cwd")).ok())
        .any(|cwd| cwd == layout.data)
}

/// `pg_ctl` in the cluster's directory, by relative paths only: it hands them to a shell.
fn pg_ctl(cluster: &Cluster, action: &str) -> Command {
    let dir = &cluster.layout.dir;
    let mut command = cluster.account.command(&cluster.binaries.pg_ctl(), dir);
    command.args([action, "-w", "-s", "-D", "data"]);
    command
}

/// Run `command` to its end. Its output goes to a file, never a pipe: the server inherits it and would hold a pipe open.
pub fn run_tool(
    tool: &'static str,
    mut command: Command,
    layout: &Layout,
    account: &Account,
) -> Result<(), Error> {
    let path = &layout.tool_log;
    let log = File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(io("open", path))?;
    account.own(&log).map_err(io("give away", path))?;
    let for_errors = log.try_clone().map_err(io("open", path))?;
    let status = command.stdout(log).stderr(for_errors).status();
    let output = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(_) => fs::read_to_string(path).unwrap_or_default().trim().into(),
        Err(error) => error.to_string(),
    };
    Err(Error::Tool { tool, output })
}

/// The server's last words.
fn tail(layout: &Layout) -> String {
    let log = fs::read(&layout.server_log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

fn put_long_log_aside(layout: &Layout) {
    let long = fs::metadata(&layout.server_log).is_ok_and(|log| log.len() > LOG_LIMIT);
    if long {
        // A log that stays long is no reason not to start.
        let _ = fs::rename(
            &layout.server_log,
            layout.server_log.with_extension("log.1"),
        );
    }
}

/// Look at `done` every 20 ms until it holds or `limit` has passed.
fn wait(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while !done() {
        if began.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
