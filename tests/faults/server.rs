//! The campaign's own Postgres: started, stopped, killed, copied, filled up and failed over.

use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tenantry::storage::private_postgres::SUPERUSER;

/// A server: where its files are and where it listens.
#[derive(Clone, Debug)]
pub struct Server {
    pub data: PathBuf,
    pub socket_dir: PathBuf,
    bin: PathBuf,
    owner: (u32, u32),
}

impl Server {
    /// The one that works in `data` and listens in `socket_dir`.
    pub fn of(data: &Path, socket_dir: &Path) -> Self {
        let meta = std::fs::metadata(data).unwrap();
        Self {
            data: data.to_owned(),
            socket_dir: socket_dir.to_owned(),
            bin: binaries(),
            owner: (meta.uid(), meta.gid()),
        }
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if rustix::process::geteuid().is_root() {
            command.uid(self.owner.0).gid(self.owner.1);
        }
        command
    }

    fn ctl(&self, words: &[&str]) -> bool {
        let log = self.data.with_extension("log");
        let mut ctl = self.command(self.bin.join("pg_ctl"));
        ctl.args(words)
            .arg("-D")
            .arg(&self.data)
            .arg("-l")
            .arg(log)
            .arg("-o");
        ctl.arg(format!(
            "-c unix_socket_directories={}",
            self.socket_dir.display()
        ));
        ctl.status().unwrap().success()
    }

    /// Start; what a killed server left in memory may take a moment to go.
    pub fn start(&self) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !self.ctl(&["start", "-w", "-t", "60"]) {
            assert!(
                Instant::now() < deadline,
                "Postgres in {} does not start",
                self.data.display()
            );
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// `fast` or `immediate`.
    pub fn stop(&self, how: &str) {
        self.ctl(&["stop", "-w", "-t", "60", "-m", how]);
    }

    fn pid(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }

    /// `kill -9` of the server's first process; its children notice and go.
    pub fn kill(&self) {
        if let Some(pid) = self.pid().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }

    pub fn answers(&self) -> bool {
        UnixStream::connect(self.socket_dir.join(".s.PGSQL.5432")).is_ok()
    }

    /// Run statements as the superuser; what they print.
    pub fn sql(&self, text: &str) -> String {
        let output = self
            .command(self.bin.join("psql"))
            .args([
                "-X",
                "-A",
                "-t",
                "-q",
                "-v",
                "ON_ERROR_STOP=1",
                "-U",
                SUPERUSER,
                "-h",
            ])
            .arg(&self.socket_dir)
            .args(["-d", "tenantry", "-c", text])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// No file may grow beyond `bytes` for this server's processes from now on; `None`: as it was.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let Some(postmaster) = self.pid() else { return };
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        for pid in children(postmaster).into_iter().chain([postmaster]) {
            let _ = self
                .command("prlimit")
                .arg(format!("--pid={pid}"))
                .arg(format!("--fsize={limit}:unlimited"))
                .status();
        }
    }

    /// A copy of the files, taken while stopped.
    pub fn copy_to(&self, to: &Path) {
        let _ = std::fs::remove_dir_all(to);
        let copied = Command::new("cp")
            .arg("-a")
            .arg(&self.data)
            .arg(to)
            .status()
            .unwrap();
        assert!(copied.success(), "the cluster cannot be copied");
    }

    /// The files of the copy instead of ours, while stopped.
    pub fn replace_by(&self, copy: &Path) {
        std::fs::remove_dir_all(&self.data).unwrap();
        Server {
            data: copy.to_owned(),
            ..self.clone()
        }
        .copy_to(&self.data);
    }

    /// A standby in `data`, to which this server commits synchronously once this returns.
    pub fn standby(&self, data: &Path, socket_dir: &Path) -> Self {
        let hba = self.data.join("pg_hba.conf");
        let rules = std::fs::read_to_string(&hba).unwrap();
        if !rules.contains("local replication") {
            let rules = format!("local replication {SUPERUSER} peer map=tenantry\n{rules}");
            std::fs::write(&hba, rules).unwrap();
        }
        self.sql("select pg_reload_conf()");
        let _ = std::fs::remove_dir_all(data);
        let _ = std::fs::remove_dir_all(socket_dir);
        let copied = self
            .command(self.bin.join("pg_basebackup"))
            .args(["-R", "-X", "stream", "-c", "fast", "-U", SUPERUSER, "-h"])
            .arg(&self.socket_dir)
            .arg("-D")
            .arg(data)
            .status()
            .unwrap();
        assert!(copied.success(), "pg_basebackup failed");
        std::fs::create_dir(socket_dir).unwrap();
        std::os::unix::fs::chown(socket_dir, Some(self.owner.0), Some(self.owner.1)).unwrap();
        let standby = Self {
            data: data.to_owned(),
            socket_dir: socket_dir.to_owned(),
            ..self.clone()
        };
        standby.start();
        self.sql("alter system set synchronous_standby_names = '*'");
        self.sql("select pg_reload_conf()");
        let deadline = Instant::now() + Duration::from_mins(1);
        while self.sql("select count(*) from pg_stat_replication where sync_state = 'sync'") != "1"
        {
            assert!(Instant::now() < deadline, "the standby does not follow");
            std::thread::sleep(Duration::from_millis(100));
        }
        standby
    }

    /// A standby becomes the server.
    pub fn promote(&self) {
        let promoted = self
            .command(self.bin.join("pg_ctl"))
            .args(["promote", "-w", "-D"])
            .arg(&self.data)
            .status()
            .unwrap();
        assert!(promoted.success(), "the standby cannot be promoted");
    }
}

/// The processes whose parent is `parent`.
fn children(parent: i32) -> Vec<i32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Where `pg_ctl` is: the newest version that is installed.
fn binaries() -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("pg_ctl").exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from("/usr/bin"))
}
