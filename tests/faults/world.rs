//! The campaign's world: Postgres, a simulated Microsoft in a process of its own, a proxy in front of each, a planted
//! fleet, and keepers. Its time is simulated: simulator, keepers and leases move forward together.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tenantry::clock::{Clock, random_uuid};
use tenantry::keeper::rehearsal::{Fleet, Given, plant};
use tenantry::keeper::{AppSeed, Keyring, Resource, create_key_file};
use tenantry::simulator::directory::{App, Member, required_access};
use tenantry::storage::migrate;
use tenantry::storage::private_postgres::{Options, PrivatePostgres};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entra_proxy::EntraProxy;
use crate::keeper::Keeper;
use crate::pg_proxy::PgProxy;
use crate::server::Server;

/// See the module. Everything ends with it.
pub struct World {
    pub keepers: Vec<Keeper>,
    pub entra: EntraProxy,
    /// Between keepers and Postgres.
    pub pg: PgProxy,
    /// Between the campaign itself and Postgres; never spoilt.
    way: PgProxy,
    pub server: Server,
    pub pool: PgPool,
    pub key_file: PathBuf,
    pub clock: Clock,
    pub dir: PathBuf,
    pub faketime: Option<PathBuf>,
    pub product_caps: bool,
    keeper_url: String,
    client_id: Uuid,
    simulator: Child,
    control: String,
    http: reqwest::Client,
    fleets: u32,
    /// The server that there was first; it may have been replaced since.
    postgres: Option<PrivatePostgres>,
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
        let server = Server::of(postgres.cluster_dir(), postgres.socket_dir());
        let way = PgProxy::start(&dir.join("way"), &server.socket_dir);
        let pg = PgProxy::start(&dir.join("pg"), &server.socket_dir);
        let owner = urls.migrate.as_ref().unwrap().expose_secret();
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(Duration::from_mins(1))
            .connect(&through(owner, &way.dir))
            .await
            .unwrap();
        let key_file = dir.join("master.key");
        create_key_file(&key_file).unwrap();
        let (listener, certificates) = EntraProxy::bind(&dir).await;
        let authority = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let (simulator, control) = simulator(&authority);
        let entra = EntraProxy::serve(listener, certificates, &control);
        let mut world = Self {
            keepers: Vec::new(),
            keeper_url: through(urls.keeper.expose_secret(), &pg.dir),
            entra,
            pg,
            way,
            server,
            pool,
            key_file,
            clock: Clock::system(),
            faketime: faketime(),
            product_caps: false,
            client_id: random_uuid(),
            simulator,
            control,
            http: client(),
            fleets: 0,
            postgres: Some(postgres),
            dir,
        };
        world.register().await;
        world.plant(tenants).await;
        world
    }

    async fn register(&self) {
        let mut settings = self.ask("GET", "settings", None).await;
        settings["cached_signatures"] = json!(true);
        self.ask("PUT", "settings", Some(settings)).await;
        let app = App {
            client_id: self.client_id,
            name: "Campaign".into(),
            public_flows: true,
            multi_tenant: true,
            home_tenant: None,
            secrets: Vec::new(),
            certificates: Vec::new(),
            redirect_uris: Vec::new(),
            required: required_access(),
            verified_publisher: true,
        };
        self.ask("POST", "apps", Some(json!(app))).await;
    }

    /// More organisations, each with a connection; nothing is due.
    pub async fn plant(&mut self, count: u32) {
        self.fleets += 1;
        let order = json!({"prefix": format!("f{}x", self.fleets), "count": count,
            "client_id": self.client_id, "class": "public"});
        let members: Vec<Member> =
            serde_json::from_value(self.ask("POST", "fleet", Some(order)).await).unwrap();
        let given = members.into_iter().map(|member| Given {
            short_name: member.upn.split(['@', '.']).nth(1).unwrap().to_owned(),
            entra_tenant_id: member.tenant,
            admin_oid: member.oid,
            admin_username: member.upn,
            refresh_token: member.refresh_token,
        });
        let now = self.now();
        let fleet = Fleet {
            app: AppSeed {
                client_id: self.client_id,
                display_name: "Campaign".into(),
                credential: None,
            },
            public_class: true,
            resources: vec![Resource::Graph, Resource::Exchange, Resource::Teams],
            obtained_at: now,
            due: (
                now + time::Duration::days(300),
                now + time::Duration::days(301),
            ),
        };
        let given = given.collect();
        plant(&self.pool, self.keys(), &self.clock, &fleet, given)
            .await
            .unwrap();
        sqlx::raw_sql("analyze").execute(&self.pool).await.unwrap();
    }

    pub fn keys(&self) -> Keyring {
        Keyring::read(&self.key_file).unwrap()
    }

    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Ask the simulator's control interface.
    pub async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/control/api/{path}", self.control);
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

    /// How Microsoft treats a token in whose place a newer one was issued.
    pub async fn set_mode(&self, mode: &str) {
        let mut settings = self.ask("GET", "settings", None).await;
        settings["mode"] = json!(mode);
        self.ask("PUT", "settings", Some(settings)).await;
    }

    /// A keeper at work.
    pub fn start_keeper(&mut self, faketime: bool) {
        let told = json!({
            "keeper_url": self.keeper_url,
            "key_file": self.key_file,
            "authority": format!("https://localhost:{}", self.entra.address().port()),
            "ca": self.entra.ca,
            "offset_ms": self.clock.offset_ms(),
            "product_caps": self.product_caps,
        });
        let file = self.dir.join("faketime");
        let faked = self.faketime.as_deref().filter(|_| faketime);
        let faked = faked.map(|library| (library, file.as_path()));
        self.keepers
            .push(Keeper::start(&told, &self.dir.join("keepers.log"), faked));
    }

    /// As many living keepers as `count` says.
    pub fn keep(&mut self, count: usize) {
        self.keepers.retain_mut(Keeper::is_alive);
        while self.keepers.len() < count {
            self.start_keeper(false);
        }
    }

    /// Time passes everywhere: at Microsoft, for the keepers, and for the leases they hold.
    pub async fn advance(&mut self, by: time::Duration) {
        let seconds = u64::try_from(by.whole_seconds()).unwrap().max(1);
        self.clock.advance(Duration::from_secs(seconds));
        self.ask("POST", "clock", Some(json!({"advance_seconds": seconds})))
            .await;
        self.age_leases(seconds).await;
        let offset = self.clock.offset_ms();
        for keeper in &mut self.keepers {
            keeper.set_clock(offset);
        }
    }

    async fn age_leases(&self, seconds: u64) {
        #[expect(clippy::cast_precision_loss, reason = "simulated hours, not centuries")]
        let by = seconds as f64;
        self.patiently("update refresh_schedule set lease_until = lease_until - make_interval(secs => $1) where lease_id is not null", by)
            .await;
    }

    /// The campaign's own statements meet the same troubled server.
    async fn patiently(&self, statement: &'static str, value: f64) {
        for _ in 0..100 {
            match sqlx::query(statement).bind(value).execute(&self.pool).await {
                Ok(_) => return,
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
        panic!("the database takes no statement of the campaign: {statement}");
    }

    /// The database is `server` from now on.
    pub fn move_to(&mut self, server: Server) {
        self.way.point_to(&server.socket_dir);
        self.pg.point_to(&server.socket_dir);
        self.server = server;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.keepers.clear();
        let _ = self.simulator.kill();
        let _ = self.simulator.wait();
        self.server.stop("immediate");
        drop(self.postgres.take());
        if std::env::var_os("KEEP").is_none() && !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.dir);
        } else {
            eprintln!("what the campaign left is in {}", self.dir.display());
        }
    }
}

/// The same database by way of a proxy's socket.
fn through(url: &str, dir: &Path) -> String {
    let (head, query) = url.split_once("?host=").unwrap();
    let rest = query.split_once('&').map_or("", |(_, rest)| rest);
    let host: String =
        url::form_urlencoded::byte_serialize(dir.as_os_str().as_encoded_bytes()).collect();
    format!("{head}?host={host}&{rest}")
}

/// A fresh directory that Postgres' account may pass through, with a short name because sockets lie in it.
fn scratch() -> PathBuf {
    let name = random_uuid().simple().to_string();
    let dir = std::env::temp_dir().join(format!("faults-{}", &name[..8]));
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// Plain HTTP: TLS is the proxy's part. It prints its public address only, so the port is chosen here.
fn simulator(public_url: &str) -> (Child, String) {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_tenantry"))
        .args(["entra-simulator", "--public-url", public_url, "--listen"])
        .arg(free.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(!line.is_empty(), "the simulator did not start");
    (child, format!("http://{free}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the campaign is no part of the product"
)]
fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

fn faketime() -> Option<PathBuf> {
    [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib",
    ]
    .iter()
    .map(|dir| Path::new(dir).join("faketime/libfaketime.so.1"))
    .find(|path| path.exists())
}
