//! `tenantry doctor`: every setting and dependency, one line each. It changes nothing; with the private Postgres it starts
//! (or joins) the server to look at it.

mod tls;

use std::time::Duration;

use secrecy::SecretString;

use super::Global;
use crate::app::Login;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::{app_registration, sign_on};
use crate::entra::Entra;
use crate::keeper::message::{Reply, Request};
use crate::keeper::{Client, Cloud};
use crate::process;
use crate::storage::{self, Expect, PoolKind, Schema, Storage};

/// Takes nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct Args {}

const CREDENTIAL: &str = "app registration's credential";

/// Some check failed; each has said so on its line.
#[derive(Debug, thiserror::Error)]
#[error("{0} of {1} checks failed")]
struct Unwell(usize, usize);

/// Collects and prints.
#[derive(Default)]
struct Report {
    checks: usize,
    failed: usize,
}

impl Report {
    fn line(&mut self, what: &str, result: anyhow::Result<String>) {
        self.checks += 1;
        match result {
            Ok(seen) => println!("ok    {what}: {seen}"),
            Err(error) => {
                self.failed += 1;
                println!("FAIL  {what}: {error:#}");
            }
        }
    }

    fn skip(what: &str, why: &str) {
        println!("-     {what}: {why}");
    }
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let mut report = Report::default();
        let config = global.load()?;
        report.line(
            "settings",
            Ok(format!("read; the portal is {}", config.base_url)),
        );
        report.line(
            "settings for serve",
            config
                .check_for_serving()
                .map(|()| "complete".into())
                .map_err(Into::into),
        );
        report.line("base_url", base_url(&config));
        match &config.tls {
            Some(files) => report.line(
                "TLS certificate",
                tls::certificate(files, &config.base_url, Clock::system().now()),
            ),
            None => Report::skip(
                "TLS certificate",
                "tls.certificate_file is not set; TLS is a proxy's",
            ),
        }
        report.line("master key", master_key(&config).await);
        report.line("breached passwords", breached_passwords(&config));
        app_credential(&mut report, &config);
        database(&mut report, &config).await;
        keeper(&mut report, &config).await;
        microsoft(&mut report, &config).await;
        mail(&mut report, &config).await;
        single_sign_on(&mut report, &config).await;
        if report.failed > 0 {
            return Err(Unwell(report.failed, report.checks).into());
        }
        println!("All {} checks passed.", report.checks);
        Ok(())
    }
}

fn base_url(config: &Config) -> anyhow::Result<String> {
    let url = &config.base_url;
    if url.scheme() == "https" || url.host_str() == Some("localhost") {
        return Ok(format!(
            "register {url}onboarding/return as a Web redirect URI"
        ));
    }
    anyhow::bail!(
        "{url} is not https; cookies and sign-in at Microsoft need it everywhere but on localhost"
    )
}

async fn master_key(config: &Config) -> anyhow::Result<String> {
    let path = config.master_key_file.path();
    if config.master_key_command.is_none() && !path.exists() {
        anyhow::bail!(
            "{} is missing; make it with `tenantry keys create`, or restore it",
            path.display()
        );
    }
    process::keyring(config).await?;
    Ok(match &config.master_key_command {
        Some(_) => "the command of `master_key_command` gives it".to_owned(),
        None => format!("{} can be read by nobody else", path.display()),
    })
}

fn breached_passwords(config: &Config) -> anyhow::Result<String> {
    let from = match &config.login.breached_passwords_file {
        Some(path) => path.display().to_string(),
        None => "the list of the program".to_owned(),
    };
    let login = Login::new(&config.login)?;
    Ok(format!("{} in {from}", login.breached.len()))
}

fn app_credential(report: &mut Report, config: &Config) {
    let what = "app registration";
    let files = [
        &config.entra.client_secret_file,
        &config.entra.certificate_file,
    ];
    match (config.entra.client_id, files.into_iter().flatten().next()) {
        (None, _) => Report::skip(
            what,
            "entra.client_id is not set; what the database holds is used",
        ),
        (Some(id), None) => report.line(
            what,
            Err(anyhow::anyhow!(
                "{id} has no credential; set entra.client_secret_file or entra.certificate_file"
            )),
        ),
        (Some(id), Some(file)) => {
            let checked = file
                .check()
                .map(|()| format!("{id}, credential in {}", file.path().display()));
            report.line(what, checked.map_err(Into::into));
        }
    }
}

async fn database(report: &mut Report, config: &Config) {
    let storage = match Storage::open(config).await {
        Ok(storage) => storage,
        Err(error) => return report.line("database", Err(error.into())),
    };
    let kind = if storage.private().is_some() {
        "private Postgres"
    } else {
        "your Postgres"
    };
    for (url, pool, role) in [
        (storage.web_url(), PoolKind::Web, "portal_web"),
        (storage.keeper_url(), PoolKind::Keeper, "portal_keeper"),
    ] {
        let what = format!("database as {role}");
        match url {
            Ok(url) => {
                let result = role_check(&url, pool, role).await;
                report.line(&what, result.map(|seen| format!("{kind}, {seen}")));
            }
            Err(_) => Report::skip(&what, "its address is not set here"),
        }
    }
    let end = async { credentials_end(&storage.web_url()?, config).await };
    match end.await {
        Ok(None) => Report::skip(CREDENTIAL, "none is stored yet"),
        Ok(Some(seen)) => report.line(CREDENTIAL, seen.map_err(anyhow::Error::msg)),
        Err(error) => report.line(CREDENTIAL, Err(error)),
    }
    storage.close().await;
}

/// When the last of our credentials ends; within a week it fails the check.
async fn credentials_end(
    url: &SecretString,
    config: &Config,
) -> anyhow::Result<Option<Result<String, String>>> {
    let pool = storage::pool(url, PoolKind::Web)?;
    let clock = Clock::system();
    let cloud = Cloud::at(&config.entra.authority, &config.entra.graph_url);
    let mut op = Op::begin(&pool, &clock, Actor::Command("doctor")).await?;
    let all = app_registration::list(&mut op, Scope::all(), cloud).await?;
    let now = op.now();
    op.roll_back().await?;
    pool.close().await;
    let active = all.iter().find(|one| one.is_active);
    let Some(active) = active.filter(|one| !one.credentials.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(match active.alarm(now) {
        // Weeks ahead it is a word and no failure, for a check that runs every night.
        Some(alarm) if !alarm.is_urgent() => Ok(alarm.sentence()),
        Some(alarm) => Err(format!(
            "{} Add a new one on the page “App registration”.",
            alarm.sentence()
        )),
        None => Ok(format!(
            "{} usable for {}",
            active
                .credentials
                .iter()
                .filter(|one| one.is_usable())
                .count(),
            active.client_id
        )),
    }))
}

async fn role_check(
    url: &SecretString,
    kind: PoolKind,
    role: &'static str,
) -> anyhow::Result<String> {
    let pool = storage::pool(url, kind)?;
    storage::boot_check(
        &pool,
        Expect {
            role,
            volatile: false,
        },
    )
    .await?;
    let schema = storage::schema(&pool).await?;
    let database_now: time::OffsetDateTime =
        sqlx::query_scalar("select now()").fetch_one(&pool).await?;
    pool.close().await;
    let apart = (database_now - Clock::system().now()).abs();
    if apart > time::Duration::seconds(2) {
        anyhow::bail!(
            "its clock is {} s away from this machine's; run a time service on both",
            apart.whole_seconds()
        );
    }
    match schema {
        Schema::Current { version } => Ok(format!("schema {version}, clock within 2 s")),
        Schema::Behind { .. } | Schema::Empty { .. } => {
            anyhow::bail!("the schema is not up to date; run `tenantry migrate`")
        }
    }
}

/// Whether the keeper answers; before the first start there is none yet.
async fn keeper(report: &mut Report, config: &Config) {
    let (what, path) = ("keeper", config.keeper_socket.display());
    if !config.keeper_socket.exists() {
        return Report::skip(
            what,
            "not running; `tenantry serve` or `tenantry keeper` starts it",
        );
    }
    let client = Client::socket(config.keeper_socket.clone());
    report.line(
        what,
        match client.ask(Request::Health).await {
            Ok(Reply::Health { ready: true, .. }) => Ok(format!("answers at {path}")),
            Ok(Reply::Health { detail, .. }) => Err(anyhow::anyhow!("{detail}")),
            Ok(_) => Err(anyhow::anyhow!("{path} gives answers that do not fit; run one version of tenantry")),
            Err(_) => Err(anyhow::anyhow!(
                "nobody answers at {path}, or not to this user; start the keeper, or list this user in keeper_clients"
            )),
        },
    );
}

async fn microsoft(report: &mut Report, config: &Config) {
    let what = "Microsoft";
    let entra = process::endpoints(config).and_then(|at| Ok(Entra::new(at, Clock::system())?));
    let entra = match entra {
        Ok(entra) => entra,
        Err(error) => return report.line(what, Err(error)),
    };
    // Whether anybody has that address does not matter: an answer does.
    let answer = entra.user_realm("nobody@example.com").await.outcome;
    let seen = answer.map(|_| format!("{} answers", config.entra.authority));
    report.line(
        what,
        seen.map_err(|failure| {
            anyhow::anyhow!(
                "{} does not answer: {}",
                config.entra.authority,
                failure.description
            )
        }),
    );
}

async fn mail(report: &mut Report, config: &Config) {
    let Some(smtp) = &config.smtp else {
        return Report::skip(
            "mail",
            "smtp.host is not set; invitations are links to copy",
        );
    };
    let address = (smtp.host.as_str(), smtp.port);
    let connected = tokio::time::timeout(
        Duration::from_secs(10),
        tokio::net::TcpStream::connect(address),
    )
    .await;
    let result = match connected {
        Ok(Ok(_)) => Ok(format!("{}:{} answers", smtp.host, smtp.port)),
        Ok(Err(error)) => Err(anyhow::anyhow!(
            "{}:{} cannot be reached: {error}",
            smtp.host,
            smtp.port
        )),
        Err(_) => Err(anyhow::anyhow!(
            "{}:{} does not answer within 10 s",
            smtp.host,
            smtp.port
        )),
    };
    report.line("mail", result);
}

/// Whether the provider answers under its own name with keys; what is to be registered there.
async fn single_sign_on(report: &mut Report, config: &Config) {
    let what = "single sign-on";
    let Some(sso) = &config.sso else {
        return Report::skip(what, "sso.issuer is not set; everybody has a password");
    };
    let set_up = sign_on::set_up(sso, &config.base_url, Clock::system());
    let provider = match set_up {
        Ok(set_up) => set_up.provider,
        Err(error) => return report.line(what, Err(error.into())),
    };
    let result = match provider.health().await {
        Ok(health) => Ok(format!(
            "{} answers as {}{}; register {} as redirect URI there",
            sso.name,
            sso.issuer,
            if health.says_s256 {
                " and offers PKCE with S256"
            } else {
                ", and does not say whether it offers PKCE with S256 (Microsoft does not, and does)"
            },
            provider.settings().redirect_uri
        )),
        Err(error) => Err(anyhow::anyhow!("{}: {error}", sso.issuer)),
    };
    report.line(what, result);
}
