//! `serve`, `web` and `keeper` as an operator runs them: two processes, who knows what, and what happens when one dies.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tenantry::keeper::message::{Reply, Request};
use tenantry::keeper::{Client, create_key_file};

use crate::support::program::{run, tenantry};
use crate::support::scratch::Scratch;

/// Longest wait for a start or an end; both take a second or two.
const PATIENCE: Duration = Duration::from_mins(1);
const CLIENT_SECRET: &str = "client-secret-of-forty-characters-0000000";

/// An installation with a private Postgres, its settings in a file.
pub struct Installation {
    pub dir: Scratch,
    ops: u16,
}

impl Installation {
    pub fn new() -> Self {
        let dir = Scratch::new();
        let (listen, ops) = (free_port(), free_port());
        create_key_file(&dir.path().join("master.key")).unwrap();
        let secret = dir.file("client.secret", CLIENT_SECRET);
        dir.file(
            "tenantry.toml",
            &format!(
                "listen = '127.0.0.1:{listen}'\nops_listen = '127.0.0.1:{ops}'\ndata_dir = '{data}'\nlog.format = 'text'\n\
                 msp.name = 'Harbourline IT'\n\
                 [entra]\nauthority = 'http://127.0.0.1:1'\nclient_id = '7f1f4e0e-7d0c-4f5e-9a53-3b2f6c9d1a10'\nclient_secret_file = '{secret}'\n",
                data = dir.path().display(),
                secret = secret.display(),
            ),
        );
        Self { dir, ops }
    }

    pub fn command(&self, name: &str) -> Command {
        let mut command = tenantry();
        command
            .arg(name)
            .arg("--config")
            .arg(self.dir.path().join("tenantry.toml"));
        command
    }

    fn start(&self, name: &str) -> Program {
        let log = self.dir.path().join(format!("{name}.log"));
        let child = self
            .command(name)
            .stderr(fs::File::create(&log).unwrap())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Program { child, log }
    }

    /// `serve`, ready.
    pub async fn serve(&self) -> Program {
        let mut serve = self.start("serve");
        self.becomes(200, &mut serve).await;
        serve
    }

    /// Wait until `/ready` answers so.
    async fn becomes(&self, status: u16, program: &mut Program) {
        let began = Instant::now();
        loop {
            let seen = ready(self.ops).await;
            if seen == Some(status) {
                return;
            }
            let ended = program.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "{seen:?}, {ended:?}: {}",
                program.said()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn client(&self) -> Client {
        Client::socket(self.dir.path().join("keeper.sock"))
    }
}

/// A running program; told to stop when dropped.
pub struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The keeper below it.
    fn keeper(&self) -> u32 {
        let children = children(self.child.id());
        let keeper = children.into_iter().find(|pid| {
            fs::read_to_string(format!("/proc/{pid}/cmdline"))
                .is_ok_and(|line| line.contains("--supervised"))
        });
        keeper.unwrap_or_else(|| panic!("no keeper: {}", self.said()))
    }

    pub fn stop(mut self) -> ExitStatus {
        signal(self.child.id(), Signal::TERM);
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            signal(self.child.id(), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|line| {
            line.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The status of `/ready`; none when nobody listens.
async fn ready(port: u16) -> Option<u16> {
    #[expect(clippy::disallowed_methods, reason = "the operator's curl")]
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://127.0.0.1:{port}/ready")).send();
    Some(answer.await.ok()?.status().as_u16())
}

/// Wait until the process is gone; nobody may be left to wait for it, so a zombie counts.
fn is_gone_soon(pid: u32) -> bool {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

/// Environment and arguments as `/proc` shows them.
fn shown(pid: u32) -> String {
    ["environ", "cmdline"]
        .map(|file| {
            let mut bytes = Vec::new();
            let path = format!("/proc/{pid}/{file}");
            // A process that forbids to be looked into shows its environment to root alone.
            if let Ok(mut file) = fs::File::open(path) {
                let _ = file.read_to_end(&mut bytes);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
        .join("\n")
}

/// Ports on which the process listens: its sockets among the listening ones of the machine.
fn listens(pid: u32) -> usize {
    let tables = ["tcp", "tcp6"]
        .map(|table| fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default());
    let listening: Vec<String> = tables
        .iter()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            (fields[3] == "0A").then(|| format!("socket:[{}]", fields[9]))
        })
        .collect();
    fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .flatten()
        .filter_map(|file| fs::read_link(file.path()).ok())
        .filter(|link| listening.iter().any(|socket| Path::new(socket) == link))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_is_two_processes_and_neither_shows_a_secret() {
    let here = Installation::new();
    let serve = here.serve().await;
    let (portal, keeper) = (serve.child.id(), serve.keeper());
    let read = |name: &str| fs::read_to_string(here.dir.path().join(name)).unwrap();
    let key = read("master.key");
    let key = key.lines().find(|line| line.starts_with("kek-")).unwrap();
    let secrets = [
        key.split_whitespace().nth(1).unwrap().to_owned(),
        CLIENT_SECRET.to_owned(),
        read("postgres/credentials/portal_keeper"),
        read("postgres/credentials/portal_web"),
    ];
    for pid in [portal, keeper] {
        let shown = shown(pid);
        assert!(shown.contains("tenantry"), "{shown}");
        for secret in &secrets {
            assert!(!shown.contains(secret), "process {pid}");
        }
    }
    let environment = shown(keeper);
    assert!(!environment.contains("TENANTRY_"), "{environment}");
    if rustix::process::geteuid().is_root() {
        assert_eq!((listens(portal), listens(keeper)), (2, 0));
    }
    let limits = fs::read_to_string(format!("/proc/{keeper}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core"));
    assert!(core.unwrap().contains(" 0 "), "{limits}");
    let group = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let (_, rest) = stat.rsplit_once(") ").unwrap();
        rest.split_whitespace().nth(2).unwrap().to_owned()
    };
    assert_ne!(group(portal), group(keeper));

    let said = {
        let log = serve.log.clone();
        let ended = serve.stop();
        assert_eq!(ended.code(), Some(0), "{ended}");
        fs::read_to_string(log).unwrap()
    };
    assert!(is_gone_soon(keeper));
    assert!(said.contains("the keeper has stopped"), "{said}");
    assert!(!here.dir.path().join("keeper.sock").exists());
    for secret in &secrets {
        assert!(!said.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keeper_killed_under_a_question_comes_back_and_the_question_works() {
    let here = Installation::new();
    let mut serve = here.serve().await;
    let (client, keeper) = (here.client(), serve.keeper());
    signal(keeper, Signal::STOP);
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.ask(Request::Health).await })
    };
    here.becomes(503, &mut serve).await;
    signal(keeper, Signal::KILL);
    assert!(
        waiting.await.unwrap().is_err(),
        "told at once, not after 90 s"
    );
    here.becomes(200, &mut serve).await;
    let health = client.ask(Request::Health).await;
    assert!(
        matches!(health, Ok(Reply::Health { ready: true, .. })),
        "{health:?}"
    );
    assert_ne!(serve.keeper(), keeper);
    let said = serve.said();
    assert!(
        said.contains("the keeper died") && said.contains("the keeper is back"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_that_is_killed_leaves_no_keeper_behind() {
    let here = Installation::new();
    let mut serve = here.serve().await;
    let keeper = serve.keeper();
    serve.child.kill().unwrap();
    assert_eq!(serve.child.wait().unwrap().signal(), Some(9));
    // Started again at once, beside the orphan that is on its way out.
    let again = here.serve().await;
    assert!(is_gone_soon(keeper));
    assert_ne!(again.keeper(), keeper);
    assert!(here.client().ask(Request::Health).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_key_ends_serve_with_78_and_the_keepers_word() {
    let here = Installation::new();
    drop(here.serve().await);
    let key = here.dir.path().join("master.key");
    fs::remove_file(&key).unwrap();
    let missing = run(&mut here.command("serve"));
    assert_eq!(missing.code, 78, "{}", missing.err);
    assert!(missing.err.contains("master.key"), "{}", missing.err);

    create_key_file(&key).unwrap();
    let wrong = run(&mut here.command("serve"));
    assert_eq!(wrong.code, 78, "{}", wrong.err);
    assert!(
        wrong.err.contains("restore the right master_key_file"),
        "{}",
        wrong.err
    );
    assert!(!here.dir.path().join("keeper.sock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn portal_and_keeper_run_apart_and_a_second_keeper_is_refused() {
    let here = Installation::new();
    let mut web = here.start("web");
    here.becomes(503, &mut web).await;
    let keeper = here.start("keeper");
    here.becomes(200, &mut web).await;
    let second = run(&mut here.command("keeper"));
    assert_eq!(second.code, 1, "{}", second.err);
    assert!(
        second.err.contains("another keeper answers at"),
        "{}",
        second.err
    );
    assert!(here.client().ask(Request::Health).await.is_ok());
    assert_eq!(keeper.stop().code(), Some(0));
    here.becomes(503, &mut web).await;
    assert_eq!(web.stop().code(), Some(0));
}
