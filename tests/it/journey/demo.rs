//! `tenantry demo` as a person runs it: a process of its own with its own data directory, killed and started again at will.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tenantry::clock::Clock;
use tenantry::keeper::totp::{STEP_S, code_at};
use tokio::sync::Mutex;

use crate::support::program::tenantry;
use crate::support::scratch::Scratch;

/// Enough of the sample tenants to have some of every kind that the journeys need.
const TENANTS: &str = "14";
/// Every sample account's password.
pub const ACCOUNT_PASSWORD: &str = "Simulated-Pass-1";

pub struct Demo {
    process: Child,
    /// The object that `--json` prints.
    about: Value,
    dir: Scratch,
    http: reqwest::Client,
    /// The time step of the code that was used last.
    used_step: Mutex<i64>,
}

impl Demo {
    pub fn start() -> anyhow::Result<Self> {
        let dir = Scratch::new();
        let (process, about) = launch(&dir, "127.0.0.1:0", "127.0.0.1:0")?;
        Ok(Self {
            process,
            about,
            dir,
            http: client(),
            used_step: Mutex::default(),
        })
    }

    /// End it without warning and start it again on the same data and ports.
    pub fn kill_and_start_again(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        let portal = self
            .portal()
            .rsplit(':')
            .next()
            .context("no port")?
            .to_owned();
        let simulator = self
            .simulator()
            .rsplit(':')
            .next()
            .context("no port")?
            .to_owned();
        let listen = format!("127.0.0.1:{portal}");
        let microsoft = format!("127.0.0.1:{simulator}");
        (self.process, self.about) = launch(&self.dir, &listen, &microsoft)?;
        Ok(())
    }

    pub fn portal(&self) -> &str {
        self.about["portal"].as_str().unwrap_or_default()
    }

    pub fn simulator(&self) -> &str {
        self.about["simulator"].as_str().unwrap_or_default()
    }

    pub fn email(&self) -> &str {
        self.about["email"].as_str().unwrap_or_default()
    }

    pub fn password(&self) -> &str {
        self.about["password"].as_str().unwrap_or_default()
    }

    /// The six digits of the demo's authenticator app; each is good once, so that the next caller waits for the next ones.
    pub async fn code(&self) -> anyhow::Result<String> {
        let seed = self.about["totp_secret"].as_str().unwrap_or_default();
        let mut used = self.used_step.lock().await;
        loop {
            let now = Clock::system().wall();
            let step = now.unix_timestamp() / STEP_S;
            if step > *used {
                *used = step;
                return code_at(seed, now).context("no seed");
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Ask something of the simulator's control interface.
    pub async fn control(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let url = format!("{}/control/api/{path}", self.simulator());
        let answer = self.http.post(url).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("control {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    pub async fn kill_authorisation(&self, name: &str, cause: &str) -> anyhow::Result<()> {
        self.control(
            "kill",
            &json!({"tenant": format!("{name}.example"), "cause": cause}),
        )
        .await?;
        Ok(())
    }

    pub async fn advance(&self, seconds: i64) -> anyhow::Result<()> {
        self.control("clock", &json!({"advance_seconds": seconds}))
            .await?;
        Ok(())
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("{}/control/api/{path}", self.simulator());
        Ok(self.http.get(url).send().await?.json().await?)
    }

    /// What a mail scanner does with a link: GET and HEAD.
    pub async fn scan(&self, link: &str) -> anyhow::Result<()> {
        for _ in 0..3 {
            self.http.get(link).send().await?.error_for_status()?;
            self.http.head(link).send().await?.error_for_status()?;
        }
        Ok(())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Asked nicely it stops its Postgres too.
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

fn launch(dir: &Scratch, listen: &str, microsoft: &str) -> anyhow::Result<(Child, Value)> {
    let mut process = tenantry()
        .args([
            "demo",
            "--json",
            "--tenants",
            TENANTS,
            "--listen",
            listen,
            "--ops-listen",
            "127.0.0.1:0",
        ])
        .args(["--simulator-listen", microsoft, "--data-dir"])
        .arg(dir.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = process.stdout.take().context("no output")?;
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let about =
        serde_json::from_str(&line).with_context(|| format!("the demo printed {line:?}"))?;
    Ok((process, about))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' hand on the simulator's control interface"
)]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}
