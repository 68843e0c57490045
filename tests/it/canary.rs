//! Canary secrets: after a whole demo was lived through, no secret of it is found in the database's files and WAL, in a
//! dump, in the log, in any page, or in a process' environment or arguments, in whatever encoding.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::support::program::tenantry;
use crate::support::scratch::Scratch;

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
        secrets
    }

    /// Pages that a technician sees, signed in.
    async fn pages(&self) -> Vec<(String, Vec<u8>)> {
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
        ] {
            let answer = http
                .get(format!("{portal}{path}"))
                .header("cookie", &cookie)
                .send()
                .await
                .unwrap();
            assert!(answer.status().is_success(), "{path}: {}", answer.status());
            pages.push((path.to_owned(), answer.bytes().await.unwrap().to_vec()));
        }
        pages
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
    }
}

/// Six ways in which a secret may stand somewhere.
fn encodings(secret: &str) -> [Vec<u8>; 6] {
    let bytes = secret.as_bytes();
    let part = |text: String| {
        text.chars()
            .skip(2)
            .take(LENGTH)
            .collect::<String>()
            .into_bytes()
    };
    [
        part(secret.to_owned()),
        part(STANDARD.encode(bytes)),
        part(URL_SAFE_NO_PAD.encode(bytes)),
        part(hex::encode(bytes)),
        part(hex::encode_upper(bytes)),
        // As a key file holds it, decoded.
        STANDARD_NO_PAD
            .decode(secret.trim_end_matches('='))
            .map_or_else(
                |_| part(secret.replace('~', "%7E")),
                |raw| raw.into_iter().take(LENGTH).collect(),
            ),
    ]
}

/// Looks for many needles at once by their first eight bytes.
struct Needles {
    by_head: std::collections::HashMap<[u8; 8], Vec<(String, Vec<u8>)>>,
}

impl Needles {
    fn of(secrets: &BTreeMap<String, Vec<String>>) -> Self {
        let mut by_head: std::collections::HashMap<[u8; 8], Vec<(String, Vec<u8>)>> =
            std::collections::HashMap::new();
        for (kind, values) in secrets {
            for needle in values.iter().flat_map(|value| encodings(value)) {
                let head = needle[..8].try_into().unwrap();
                by_head
                    .entry(head)
                    .or_default()
                    .push((kind.clone(), needle));
            }
        }
        Self { by_head }
    }

    fn find(&self, place: &str, hay: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for (at, head) in hay.windows(8).enumerate() {
            let Some(candidates) = self.by_head.get(head) else {
                continue;
            };
            for (kind, needle) in candidates {
                if hay[at..].starts_with(needle) {
                    found.push(format!("a {kind} in {place}"));
                }
            }
        }
        found
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

/// Arguments and environment of the program and of every process below it.
fn processes(root: u32) -> Vec<(String, Vec<u8>)> {
    let mut family = vec![root];
    let mut at = 0;
    while at < family.len() {
        let children = format!("/proc/{0}/task/{0}/children", family[at]);
        let children = fs::read_to_string(children).unwrap_or_default();
        family.extend(
            children
                .split_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
        at += 1;
    }
    let read = |pid: &u32, what: &str| {
        (
            format!("{what} of {pid}"),
            fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default(),
        )
    };
    family
        .iter()
        .flat_map(|pid| [read(pid, "environ"), read(pid, "cmdline")])
        .collect()
}

#[tokio::test]
async fn no_secret_is_found_anywhere_in_any_encoding() {
    let demo = start();
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator's control interface"
    )]
    let http = reqwest::Client::new();
    let secrets = demo.secrets(&http).await;
    assert!(secrets["refresh token"].len() > 20, "the demo has lived");
    let needles = Needles::of(&secrets);

    // The search finds what is there: the master key file itself.
    let key_file = fs::read(demo.data().join("master.key")).unwrap();
    assert_eq!(needles.find("its file", &key_file).len(), 1);

    let mut places: Vec<(String, Vec<u8>)> = demo.pages().await;
    places.extend(processes(demo.process.id()));
    let store = files(&demo.data().join("postgres"));
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
