//! Postgres, the simulated Microsoft in a process of its own, and a fleet of which everybody refreshes.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::PgPool;
use tenantry::clock::{Clock, random_uuid};
use tenantry::keeper::rehearsal::{Fleet, Given, plant};
use tenantry::keeper::{AppSeed, Keyring, Resource, create_key_file};
use tenantry::simulator::directory::{App, Member, required_access};
use tenantry::storage::migrate;
use tenantry::storage::private_postgres::{Options, PrivatePostgres};
use uuid::Uuid;

/// See the module. Everything ends with it.
pub struct World {
    pub tenants: u32,
    pub pool: PgPool,
    pub keeper_url: String,
    /// As the portal; not every benchmark has one.
    #[allow(dead_code)]
    pub web_url: String,
    pub owner_url: String,
    pub key_file: PathBuf,
    pub client_id: Uuid,
    pub authority: String,
    pub ca: PathBuf,
    simulator: Child,
    http: reqwest::Client,
    dir: PathBuf,
    _postgres: PrivatePostgres,
}

impl World {
    pub async fn new(tenants: u32) -> Self {
        let dir = scratch();
        let postgres = PrivatePostgres::start(Options {
            dir: dir.join("postgres"),
            volatile: false,
        })
        .await
        .unwrap();
        let urls = postgres.urls();
        migrate(urls.migrate.as_ref().unwrap()).await.unwrap();
        let owner_url = urls.migrate.as_ref().unwrap().expose_secret().to_owned();
        let pool = PgPool::connect(&owner_url).await.unwrap();
        let key_file = dir.join("master.key");
        create_key_file(&key_file).unwrap();
        let (simulator, line) = simulator(&dir);
        let authority = line["url"]
            .as_str()
            .unwrap()
            .trim_end_matches('/')
            .replace("127.0.0.1", "localhost");
        let ca = PathBuf::from(line["ca"].as_str().unwrap());
        let http = client(&ca);
        let mut world = Self {
            tenants,
            pool,
            keeper_url: urls.keeper.expose_secret().to_owned(),
            web_url: urls.web.expose_secret().to_owned(),
            owner_url,
            key_file,
            client_id: random_uuid(),
            authority,
            ca,
            simulator,
            http,
            dir,
            _postgres: postgres,
        };
        world.fill().await;
        world
    }

    async fn fill(&mut self) {
        let mut settings = self.control("GET", "settings", None).await;
        settings["cached_signatures"] = json!(true);
        self.control("PUT", "settings", Some(settings)).await;
        let app = App {
            client_id: self.client_id,
            name: "Bench".into(),
            public_flows: true,
            multi_tenant: true,
            home_tenant: None,
            secrets: Vec::new(),
            certificates: Vec::new(),
            redirect_uris: Vec::new(),
            required: required_access(),
            verified_publisher: true,
        };
        self.control("POST", "apps", Some(json!(app))).await;
        let ours = self.members("k").await;
        let given = ours
            .into_iter()
            .map(|member| Given {
                short_name: member.upn.split(['@', '.']).nth(1).unwrap().to_owned(),
                entra_tenant_id: member.tenant,
                admin_oid: member.oid,
                admin_username: member.upn,
                refresh_token: member.refresh_token,
            })
            .collect();
        let now = Clock::system().now();
        let fleet = Fleet {
            app: AppSeed {
                client_id: self.client_id,
                display_name: "Bench".into(),
                credential: None,
            },
            public_class: true,
            resources: vec![Resource::Graph, Resource::Exchange, Resource::Teams],
            obtained_at: now,
            due: (now, now),
        };
        let keys = Keyring::read(&self.key_file).unwrap();
        plant(&self.pool, keys, &Clock::system(), &fleet, given)
            .await
            .unwrap();
        self.fill_bare().await;
        sqlx::raw_sql("analyze").execute(&self.pool).await.unwrap();
    }

    /// The baseline's own table: the same number of grants, in the clear.
    async fn fill_bare(&self) {
        sqlx::raw_sql(
            "create table bare_tokens (id bigint primary key, entra_tenant_id uuid not null, refresh_token text not null,
               access_token text, expires_at timestamptz)",
        )
        .execute(&self.pool)
        .await
        .unwrap();
        let members = self.members("b").await;
        let tenants: Vec<Uuid> = members.iter().map(|member| member.tenant).collect();
        let tokens: Vec<&str> = members
            .iter()
            .map(|member| member.refresh_token.expose_secret())
            .collect();
        sqlx::query(
            "insert into bare_tokens (id, entra_tenant_id, refresh_token)
             select row_number() over (), t, r from unnest($1::uuid[], $2::text[]) as x (t, r)",
        )
        .bind(&tenants)
        .bind(&tokens)
        .execute(&self.pool)
        .await
        .unwrap();
    }

    async fn members(&self, prefix: &str) -> Vec<Member> {
        let order = json!({"prefix": prefix, "count": self.tenants, "client_id": self.client_id, "class": "public"});
        serde_json::from_value(self.control("POST", "fleet", Some(order)).await).unwrap()
    }

    /// Ask the simulator's control interface.
    pub async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/control/api/{path}", self.authority);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Every connection is due for all of its resources again.
    pub async fn make_due(&self) {
        sqlx::raw_sql(
            "update tokens set last_ok_at = null;
             update refresh_schedule set next_refresh_at = now() - interval '1 second', lease_id = null, lease_until = null;
             analyze",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// What both sides are told.
    pub fn told(&self, in_flight: u32) -> Value {
        json!({
            "keeper_url": self.keeper_url, "owner_url": self.owner_url, "key_file": self.key_file,
            "client_id": self.client_id, "authority": self.authority, "ca": self.ca, "in_flight": in_flight,
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.simulator.kill();
        let _ = self.simulator.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A fresh directory that Postgres' account may pass through.
pub fn scratch() -> PathBuf {
    let dir = std::env::temp_dir().join(format!("tenantry-bench-{}", random_uuid().simple()));
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn simulator(dir: &std::path::Path) -> (Child, Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .args([
            "entra-simulator",
            "--listen",
            "127.0.0.1:0",
            "--tls",
            "--ca-dir",
        ])
        .arg(dir.join("ca"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

/// A client that trusts the simulator.
#[expect(
    clippy::disallowed_methods,
    reason = "the baseline speaks HTTP without the product's client"
)]
pub fn client(ca: &std::path::Path) -> reqwest::Client {
    let roots = reqwest::Certificate::from_pem_bundle(&std::fs::read(ca).unwrap()).unwrap();
    reqwest::Client::builder()
        .tls_certs_merge(roots)
        .no_proxy()
        .build()
        .unwrap()
}
