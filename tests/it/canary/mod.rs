//! Canary secrets: after a whole demo was lived through, no secret of it is found in the database's files and WAL, in a
//! dump, in the audit log's rows, in the log, in any answer (headers included), or in a process' environment or arguments, in
//! whatever encoding.

mod needles;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use self::needles::{Needles, files, newest_postgres, processes};
use crate::support::program::tenantry;
use crate::support::scratch::{Scratch, server_of};

/// Characters that are looked for: enough to be no coincidence, few enough to be found in a part of a secret.
const LENGTH: usize = 32;

struct Demo {
    process: Child,
    about: Value,
    log: PathBuf,
    dir: Scratch,
}

fn start() -> Demo {
    let dir = Scratch::new();
    let log = dir.path().join("log");
    let mut process = tenantry()
        .args([
            "demo",
            "--json",
            "--tenants",
            "12",
            "--listen",
            "127.0.0.1:0",
        ])
        .args([
            "--ops-listen",
            "127.0.0.1:0",
            "--simulator-listen",
            "127.0.0.1:0",
            "--data-dir",
        ])
        .arg(dir.path().join("demo"))
        .env("TENANTRY_LOG__FILTER", "trace")
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    Demo {
        process,
        about: serde_json::from_str(&line).unwrap(),
        log,
        dir,
    }
}

/// What the browser is to send from now on.
fn cookie_of(answer: &reqwest::Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

impl Demo {
    fn data(&self) -> PathBuf {
        self.dir.path().join("demo")
    }

    /// Every secret of the installation that the simulator or a file can tell, by what it is.
    async fn secrets(&self, http: &reqwest::Client) -> BTreeMap<String, Vec<String>> {
        let control = format!(
            "{}/api",
            self.about["simulator_control"]
                .as_str()
                .unwrap()
                .trim_end_matches('/')
        );
        let get = async |path: &str| -> Value {
            http.get(format!("{control}/{path}"))
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap()
        };
        let mut secrets: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for token in get("ledger?values=1").await.as_array().unwrap() {
            let value = token["value"].as_str().unwrap().to_owned();
            secrets
                .entry("refresh token".into())
                .or_default()
                .push(value);
        }
        for app in get("apps").await.as_array().unwrap() {
            for secret in app["secrets"].as_array().unwrap() {
                let value = secret["value"].as_str().unwrap().to_owned();
                secrets
                    .entry("application secret".into())
                    .or_default()
                    .push(value);
            }
        }
        let key = fs::read_to_string(self.data().join("master.key")).unwrap();
        let key = key.lines().find(|line| line.starts_with("kek-")).unwrap();
        let key = key.split_whitespace().nth(1).unwrap().to_owned();
        secrets.insert("master key".into(), vec![key]);
        let password = self.about["password"].as_str().unwrap().to_owned();
        secrets.insert("login password".into(), vec![password]);
        let logins = files(&self.credentials()).into_iter();
        let logins = logins.map(|file| fs::read_to_string(file).unwrap().trim().to_owned());
        secrets.insert("database password".into(), logins.collect());
        secrets
    }

    /// Where the private Postgres' passwords lie, each for its own process to read.
    fn credentials(&self) -> PathBuf {
        self.data().join("postgres/credentials")
    }

    /// What `pg_dump` writes for whoever makes backups.
    fn dump(&self) -> Vec<u8> {
        let password = fs::read_to_string(self.credentials().join("portal_backup")).unwrap();
        let programs =
            std::env::var("TENANTRY_PG_BIN").map_or_else(|_| newest_postgres(), PathBuf::from);
        let output = Command::new(programs.join("pg_dump"))
            .args([
                "--username",
                "portal_backup",
                "--dbname",
                "tenantry",
                "--host",
            ])
            .arg(self.data().join("postgres/socket"))
            .env("PGPASSWORD", password.trim())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        output.stdout
    }

    /// What a technician's browser gets, signed in: headers and bodies; and the session's cookie, which is a secret too.
    async fn pages(&self) -> (String, Vec<(String, Vec<u8>)>) {
        #[expect(clippy::disallowed_methods, reason = "a browser")]
        let http = reqwest::Client::builder();
        let http = http
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let portal = self.about["portal"].as_str().unwrap().trim_end_matches('/');
        let login = [
            ("email", self.about["email"].as_str().unwrap()),
            ("password", self.about["password"].as_str().unwrap()),
        ];
        let signed_in = http
            .post(format!("{portal}/login"))
            .header("origin", portal)
            .header("sec-fetch-site", "same-origin")
            .form(&login)
            .send()
            .await
            .unwrap();
        let seed = self.about["totp_secret"].as_str().unwrap();
        let now = tenantry::clock::Clock::system().wall();
        let code = tenantry::keeper::totp::code_at(seed, now).unwrap();
        let signed_in = http
            .post(format!("{portal}/login/factor"))
            .header("origin", portal)
            .header("sec-fetch-site", "same-origin")
            .header("cookie", cookie_of(&signed_in))
            .form(&[("code", code)])
            .send()
            .await
            .unwrap();
        let cookie = cookie_of(&signed_in);
        let mut pages = Vec::new();
        for path in [
            "/security/authentication-status",
            "/tenants",
            "/monitoring/msal-errors",
            "/monitoring/customer/pending-invitations",
            "/tenants/alderbrook",
            "/tenants/alderbrook/configuration/m365",
            "/tenants/alderbrook/msal-errors",
            "/tenants/alderbrook/activity",
            "/tenants/alderbrook/activity/calls",
            "/tenants/alderbrook/invitations",
            "/tenants/alderbrook/report",
            "/tenants/alderbrook/tokens/graph",
            "/security/app-registration",
            "/security/technicians",
            "/security/authentication-status/export.csv",
            "/monitoring/msal-errors/export.csv",
            "/monitoring/msal-errors/export.jsonl",
            "/monitoring/reports.csv",
            "/monitoring/operations",
        ] {
            let answer = http
                .get(format!("{portal}{path}"))
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            // A browser is given its own session's cookie again whenever the session changed.
            let mut headers = answer.headers().clone();
            headers.remove("set-cookie");
            let mut text = format!("{headers:?}").into_bytes();
            text.extend(answer.bytes().await.unwrap());
            pages.push((path.to_owned(), text));
        }
        let ops = self.about["ops"].as_str().unwrap();
        for path in ["live", "ready", "metrics"] {
            let answer = http.get(format!("{ops}/{path}")).send().await.unwrap();
            pages.push((
                format!("ops {path}"),
                answer.bytes().await.unwrap().to_vec(),
            ));
        }
        let session = cookie.split_once('=').unwrap().1.to_owned();
        (session, pages)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn no_secret_is_found_anywhere_in_any_encoding() {
    let demo = start();
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator's control interface"
    )]
    let http = reqwest::Client::new();
    let mut secrets = demo.secrets(&http).await;
    let (session, pages) = demo.pages().await;
    secrets.insert("login session".into(), vec![session]);
    assert!(secrets["database password"].len() >= 5);
    assert!(secrets["refresh token"].len() > 20, "the demo has lived");
    let needles = Needles::of(&secrets);

    // The search finds what is there: the master key file itself.
    let key_file = fs::read(demo.data().join("master.key")).unwrap();
    assert_eq!(needles.find("its file", &key_file).len(), 1);

    let mut places: Vec<(String, Vec<u8>)> = pages;
    let postgres = server_of(&demo.data().join("postgres/data")).unwrap();
    let postgres = u32::try_from(postgres.as_raw_nonzero().get()).unwrap();
    let family = processes(&[demo.process.id(), postgres]);
    let seen = |name: &str| {
        family
            .iter()
            .any(|(_, text)| String::from_utf8_lossy(text).contains(name))
    };
    assert!(seen("--supervised"), "the keeper");
    assert!(seen("checkpointer"), "Postgres");
    places.extend(family);
    let dump = demo.dump();
    let text = String::from_utf8_lossy(&dump);
    let audit = text
        .find("COPY public.audit_events")
        .expect("the audit log is dumped");
    assert!(text[audit..].contains("invitation.created"), "and has rows");
    places.push(("the dump".into(), dump));
    let mut store = files(&demo.data().join("postgres"));
    store.retain(|path| !path.starts_with(demo.credentials()));
    assert!(
        store
            .iter()
            .any(|path| path.to_string_lossy().contains("pg_wal"))
    );
    for path in store.iter().chain([&demo.log]) {
        places.push((
            path.display().to_string(),
            fs::read(path).unwrap_or_default(),
        ));
    }
    let bytes: usize = places.iter().map(|(_, hay)| hay.len()).sum();
    let found: Vec<String> = places
        .iter()
        .flat_map(|(place, hay)| needles.find(place, hay))
        .collect();
    println!(
        "{} secrets in {} places, {bytes} bytes",
        secrets.values().map(Vec::len).sum::<usize>(),
        places.len()
    );
    assert!(bytes > 20_000_000);
    assert!(found.is_empty(), "{found:#?}");
}
