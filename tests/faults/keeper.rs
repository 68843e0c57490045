//! A keeper in a process of its own: this program again, as the child `keeper`. It is told what it needs on its standard
//! input and obeys a line at a time from then on; at the end of its input or at SIGTERM it stops as in production.

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::entra::Endpoints;
use tenantry::keeper::rehearsal::{Point, Strike, arm, disarm};
use tenantry::keeper::{Keyring, Settings, Setup, start};
use tokio::signal::unix::{SignalKind, signal};

/// The campaign's side of it.
pub struct Keeper {
    child: Child,
    stdin: ChildStdin,
}

impl Keeper {
    /// Start one. `faketime` is a file that libfaketime reads the process' clock from.
    pub fn start(told: &Value, log: &Path, faketime: Option<(&Path, &Path)>) -> Self {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        if let Some((library, file)) = faketime {
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", file)
                .env("FAKETIME_NO_CACHE", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        let mut child = command
            .args(["child", "keeper"])
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut keeper = Self { child, stdin };
        keeper.say(&told.to_string());
        keeper
    }

    fn say(&mut self, line: &str) {
        // One that was killed a moment ago hears nothing, which is no fault of the campaign.
        let _ = writeln!(self.stdin, "{line}");
    }

    /// Its business clock: so many milliseconds ahead of the system's.
    pub fn set_clock(&mut self, offset_ms: i64) {
        self.say(&json!({"clock": offset_ms}).to_string());
    }

    /// Strike at `point`, the `number`-th of [`Point::ALL`].
    pub fn arm(&mut self, number: usize, passes: u64, strike: Strike) {
        let stop = strike == Strike::Stop;
        self.say(&json!({"point": number, "passes": passes, "stop": stop}).to_string());
    }

    /// Strike nowhere any more.
    pub fn disarm(&mut self) {
        self.say(&json!({"disarm": true}).to_string());
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, signal);
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Wait for its end; `None` when it does not come within `patience`.
    pub async fn wait(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In the child.
pub async fn child() {
    tracing_subscriber::fmt()
        .with_env_filter("warn")
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let mut first = String::new();
    std::io::stdin().lock().read_line(&mut first).unwrap();
    let told: Value = serde_json::from_str(&first).unwrap();
    let clock = Clock::system();
    clock.set_offset_ms(told["offset_ms"].as_i64().unwrap());
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    let running = start(setup(&told, clock.clone())).await.unwrap();
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            obey(&line, &clock);
        }
        let _ = ended.send(());
    });
    tokio::select! {
        _ = terminate.recv() => {}
        _ = end => {}
    }
    running.shutdown().await;
    // The thread still reads; the process need not wait for it.
    std::process::exit(0);
}

fn obey(line: &str, clock: &Clock) {
    let told: Value = serde_json::from_str(line).unwrap();
    if let Some(offset) = told["clock"].as_i64() {
        clock.set_offset_ms(offset);
    } else if told["disarm"] == json!(true) {
        disarm();
    } else if let Some(point) = told["point"].as_u64() {
        let strike = if told["stop"] == json!(true) {
            Strike::Stop
        } else {
            Strike::Die
        };
        let passes = u32::try_from(told["passes"].as_u64().unwrap()).unwrap();
        arm(Point::ALL[usize::try_from(point).unwrap()], passes, strike);
    }
}

fn setup(told: &Value, clock: Clock) -> Setup {
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let url: url::Url = text("authority").parse().unwrap();
    Setup {
        database_url: text("keeper_url").into(),
        master_key: Keyring::read(Path::new(&text("key_file"))).unwrap(),
        endpoints: Endpoints {
            authority: url.clone(),
            graph: url,
            extra_root_ca_pem: Some(std::fs::read(text("ca")).unwrap()),
            verification_hosts: Vec::new(),
        },
        redirect_base: "http://localhost:8080".parse().unwrap(),
        app_seed: None,
        clock,
        settings: if told["product_caps"] == json!(true) {
            Settings::default()
        } else {
            hurried()
        },
    }
}

/// The product's protocol with what runs by the monotonic clock made as much shorter as the campaign's time is faster:
/// breakers of seconds, and no cap that would make the campaign itself wait.
fn hurried() -> Settings {
    Settings {
        requests_per_second: 100_000,
        refresh_pause: Duration::from_millis(200),
        trip_window: Duration::from_secs(5),
        ramp: Duration::from_secs(5),
        keeper_beat: Duration::from_secs(1),
        breaker_pause: Duration::from_millis(500),
        breaker_cap: Duration::from_secs(4),
        mass_window: Duration::from_secs(10),
        commit_for: Duration::from_mins(2),
        ..Settings::default()
    }
}
