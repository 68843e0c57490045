//! A child process that does one thing and says what it took.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a child measured of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    pub count: u64,
    pub seconds: f64,
    /// User and system time of the process.
    pub cpu_seconds: f64,
    /// Resident memory at the end, KiB.
    pub rss_kib: u64,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// CPU seconds for a thousand.
    pub fn cpu_per_thousand(&self) -> f64 {
        self.cpu_seconds * 1000.0 / self.count as f64
    }
}

/// Start this program again as the child `what`, tell it `told`, and wait for its figures.
pub async fn child(what: &'static str, told: Value) -> Measured {
    tokio::task::spawn_blocking(move || {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", what])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{told}").unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "child {what} failed");
        let text = String::from_utf8(output.stdout).unwrap();
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    })
    .await
    .unwrap()
}

/// In the child: what it was told.
pub fn told() -> Value {
    serde_json::from_reader(std::io::stdin().lock()).unwrap()
}

/// In the child: begin to measure.
pub struct Watch {
    start: Instant,
    cpu: f64,
}

impl Watch {
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
            cpu: cpu_seconds(),
        }
    }

    /// Stop, and print the figures as the child's last line.
    pub fn stop(self, count: u64) {
        let measured = Measured {
            count,
            seconds: self.start.elapsed().as_secs_f64(),
            cpu_seconds: cpu_seconds() - self.cpu,
            rss_kib: rss_kib(),
        };
        println!("{}", serde_json::to_string(&measured).unwrap());
    }
}

/// proc(5): fields 14 and 15 of `stat`, in hundredths of a second on Linux.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().unwrap())
        .sum();
    ticks / 100.0
}

fn rss_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
