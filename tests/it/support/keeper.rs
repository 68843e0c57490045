//! A keeper against a real Postgres and a simulated Microsoft, with one customer; and the judge that says whether a token
//! was lost. Each keeper has a runtime of its own, so that it can be killed in the middle of anything.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::PgPool;
use tenantry::clock::{Clock, ordered_uuid};
use tenantry::entra::Endpoints;
use tenantry::keeper::message::{Reply, Request};
use tenantry::keeper::text::Text;
use tenantry::keeper::{
    AppSeed, Client, Keyring, Running, SeedCredential, Settings, Setup, StartError,
    create_key_file, inspect,
};
use tenantry::simulator::directory::{
    App, Cause, ClientSecret, Mode, NewTenant, NewUser, Target, required_access,
};
use tenantry::simulator::{Directory, Options, Simulator};
use tenantry::storage::is_contention;
use tokio::runtime::Runtime;
use url::Url;
use uuid::Uuid;

use super::db::{TestDb, test_db};
use super::scratch::Scratch;

pub const ADMIN: &str = "admin@contoso.example";
pub const USER: &str = "user@contoso.example";
pub const SECRET: &str = "the-secret-of-the-tests";
const REDIRECT_BASE: &str = "http://localhost:8080";

/// One customer, Contoso, with its Entra tenant.
pub struct World {
    pub db: TestDb,
    /// Looks at every table.
    pub pool: PgPool,
    pub simulator: Simulator,
    pub clock: Clock,
    pub tenant: Uuid,
    pub entra_tenant: Uuid,
    pub client_id: Uuid,
    pub key_file: PathBuf,
    pub settings: Settings,
    /// Stands between keepers to come and the simulator; none: nothing does.
    pub authority: Option<Url>,
    _scratch: Scratch,
}

/// A keeper at work.
pub struct Keeper {
    pub client: Client,
    running: Option<Running>,
    runtime: Option<Runtime>,
}

impl World {
    pub async fn new() -> Self {
        Self::with_mode(Mode::Entra).await
    }

    pub async fn with_mode(mode: Mode) -> Self {
        let clock = Clock::system();
        let simulator = tenantry::simulator::start(Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            tls: false,
            ca_dir: std::env::temp_dir(),
            mode,
            seed: 7,
            clock: clock.clone(),
            public_url: None,
            state_file: None,
        })
        .await
        .unwrap();
        let db = test_db().await;
        let scratch = Scratch::new();
        let key_file = scratch.path().join("master.key");
        create_key_file(&key_file).unwrap();
        let directory = simulator.directory();
        let client_id = directory.put_app(app());
        let mut world = Self {
            pool: db.superuser(),
            db,
            clock,
            tenant: Uuid::nil(),
            entra_tenant: Uuid::nil(),
            client_id,
            key_file,
            settings: settings(),
            authority: None,
            simulator,
            _scratch: scratch,
        };
        (world.tenant, world.entra_tenant) = world.customer("contoso").await;
        world
    }

    pub fn directory(&self) -> &Directory {
        self.simulator.directory()
    }

    /// A customer `{name}` with domain `{name}.example`, an administrator and a user, all resources required but Azure.
    pub async fn customer(&self, name: &str) -> (Uuid, Uuid) {
        let directory = self.directory();
        let domain = format!("{name}.example");
        let entra_tenant = directory
            .add_tenant(NewTenant {
                domains: vec![domain.clone()],
                ..NewTenant::named(name, &format!("{name}.onmicrosoft.example"))
            })
            .unwrap();
        let admin = NewUser::admin(&format!("admin@{domain}"), "Administrator");
        directory.add_user(admin).unwrap();
        let user = NewUser::plain(&format!("user@{domain}"), "User");
        directory.add_user(user).unwrap();
        let tenant = ordered_uuid();
        let now = self.clock.now();
        sqlx::query(
            "insert into tenants (id, short_name, full_name, state_since, created_at, updated_at) values ($1, $2, $2, $3, $3, $3)",
        )
        .bind(tenant)
        .bind(name)
        .bind(now)
        .execute(&self.pool)
        .await
        .unwrap();
        sqlx::query(
            "insert into tenant_resources (tenant_id, resource, required)
             values ($1, 'graph', true), ($1, 'exchange', true), ($1, 'teams', true), ($1, 'azure', false)",
        )
        .bind(tenant)
        .execute(&self.pool)
        .await
        .unwrap();
        (tenant, entra_tenant)
    }

    /// Consent for the organisation, as given in the Entra admin center.
    pub fn consent(&self) {
        let tenant = self.entra_tenant.to_string();
        self.directory()
            .grant_admin_consent(&tenant, self.client_id, None)
            .unwrap();
    }

    pub fn kill(&self, cause: &Cause) {
        let tenant = self.entra_tenant.to_string();
        let target = Target {
            user: Some(ADMIN.to_owned()),
            ..Target::tenant(&tenant)
        };
        self.directory().kill(&target, cause).unwrap();
    }

    /// Start a keeper, which must succeed.
    pub async fn keeper(&self) -> Keeper {
        match self.try_keeper(SECRET).await {
            Ok(keeper) => keeper,
            Err(error) => panic!("the keeper does not start: {error}"),
        }
    }

    pub async fn try_keeper(&self, secret: &str) -> Result<Keeper, StartError> {
        let setup = Setup {
            database_url: self.db.urls().keeper,
            master_key: Keyring::read(&self.key_file).unwrap(),
            endpoints: self.endpoints(),
            redirect_base: REDIRECT_BASE.parse().unwrap(),
            app_seed: Some(AppSeed {
                client_id: self.client_id,
                display_name: "Tenantry (tests)".into(),
                credential: Some(SeedCredential::Secret(secret.into())),
            }),
            clock: self.clock.clone(),
            settings: self.settings.clone(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let started = runtime.spawn(tenantry::keeper::start(setup)).await.unwrap();
        match started {
            Ok(running) => Ok(Keeper {
                client: running.client(),
                running: Some(running),
                runtime: Some(runtime),
            }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    pub fn endpoints(&self) -> Endpoints {
        let authority = self.authority.as_ref();
        let host = authority.unwrap_or_else(|| self.simulator.url()).clone();
        Endpoints {
            authority: host.clone(),
            graph: host,
            extra_root_ca_pem: None,
            verification_hosts: vec!["127.0.0.1".into()],
        }
    }

    /// The tenant's standing.
    pub async fn current(&self) -> Uuid {
        let sql = "select id from connections where tenant_id = $1 and state not in ('pending', 'revoked')";
        sqlx::query_scalar(sql)
            .bind(self.tenant)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    pub async fn state(&self, connection: Uuid) -> String {
        self.text("select state from connections where id = $1", connection)
            .await
    }

    /// Wait until the flow is in `state`; the flow's story when it does not get there.
    pub async fn until_flow(&self, flow: Uuid, state: &str) {
        let sql =
            "select state || coalesce(' ' || failure, '') from onboarding_flows where id = $1";
        self.until(sql, flow, state).await;
    }

    /// Wait until the connection is in `state`.
    pub async fn until_state(&self, connection: Uuid, state: &str) {
        let sql = "select state from connections where id = $1";
        self.until(sql, connection, state).await;
    }

    /// Wait until `sql` (one text for the row `id`) says `expected`.
    pub async fn until(&self, sql: &'static str, id: Uuid, expected: &str) {
        let mut said = String::new();
        for _ in 0..1200 {
            said = self.text(sql, id).await;
            if said == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited for {expected:?}, last seen {said:?}");
    }

    pub async fn text(&self, sql: &'static str, id: Uuid) -> String {
        let text: Option<String> = sqlx::query_scalar(sql)
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .unwrap();
        text.unwrap_or_default()
    }

    pub async fn number(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Wait until the query gives this number; half a minute at most.
    pub async fn until_number(&self, sql: &'static str, expected: i64) {
        let mut said = 0;
        for _ in 0..600 {
            said = self.number(sql).await;
            if said == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited for {expected}, last seen {said}: {sql}");
    }

    /// The sessions of a killed keeper end as its process's would, and no statement of its is on the way any more.
    pub async fn end_keepers_sessions(&self) {
        let ended = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where datname = current_database() and application_name = 'tenantry keeper'";
        let gone = async {
            while self.number(ended).await > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone)
            .await
            .expect("a killed keeper's sessions end");
    }

    /// The due time of every connection is now, whatever it was.
    pub async fn make_due(&self) {
        let update = || {
            sqlx::query("update refresh_schedule set next_refresh_at = $1")
                .bind(self.clock.now())
                .execute(&self.pool)
        };
        // A keeper that writes down several at once may be in the way, each having rows that the other waits for.
        while let Err(error) = update().await {
            assert!(is_contention(&error), "{error}");
        }
    }

    /// Every connection that should work opens to a token that Microsoft still honours.
    pub async fn judge(&self) {
        let keys = Keyring::read(&self.key_file).unwrap();
        for one in inspect::refresh_tokens(&self.pool, keys).await.unwrap() {
            if !matches!(one.state.as_str(), "active" | "suspect" | "pending") {
                continue;
            }
            let hash = one.current_sha256.as_ref().unwrap();
            let entry = self.directory().ledger_entry(hash).unwrap();
            assert!(entry.works, "a token was lost: {one:?} {entry:?}");
        }
    }
}

impl Keeper {
    pub async fn ask(&self, request: Request) -> Reply {
        self.client.ask(request).await.unwrap()
    }

    pub async fn done(&self, request: Request) {
        match self.ask(request).await {
            Reply::Done => {}
            other => panic!("{other:?}"),
        }
    }

    /// An address that the keeper builds.
    pub async fn address(&self, request: Request) -> String {
        match self.ask(request).await {
            Reply::Address { url } => url,
            other => panic!("{other:?}"),
        }
    }

    /// As kill -9 does: nothing is finished.
    pub fn kill(mut self) {
        if let Some(running) = self.running.take() {
            std::mem::forget(running);
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// As SIGTERM does.
    pub async fn stop(mut self) {
        let running = self.running.take().unwrap();
        let runtime = self.runtime.take().unwrap();
        runtime.spawn(running.shutdown()).await.unwrap();
        runtime.shutdown_background();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A text on its way to the keeper.
pub fn text(text: &str) -> Text {
    Text::new(text)
}

fn settings() -> Settings {
    Settings {
        requests_per_second: 2000,
        refresh_pause: Duration::from_millis(50),
        poll_pause: Duration::from_millis(50),
        plug_pause: Duration::from_millis(100),
        trial_pause: Duration::from_millis(200),
        sweep_pause: Duration::from_millis(100),
        seal_sweep_pause: Duration::from_millis(100),
        // Looks would meet the faults that tests script for others; tests of looks say so.
        looks_in_hand: 0,
        pool_size: 6,
        ..Settings::default()
    }
}

/// Our registration at Microsoft.
pub fn app() -> App {
    App {
        client_id: Uuid::from_u128(0x7e57),
        name: "Tenantry (tests)".to_owned(),
        public_flows: true,
        multi_tenant: true,
        home_tenant: None,
        secrets: vec![ClientSecret {
            id: Uuid::from_u128(1),
            value: SECRET.to_owned(),
            expires_at: time::macros::datetime!(2099-01-01 00:00 UTC),
        }],
        certificates: Vec::new(),
        redirect_uris: vec![format!("{REDIRECT_BASE}/onboarding/return")],
        required: required_access(),
        verified_publisher: true,
    }
}
