//! `test_db()`: a database of its own for each test, cloned from a migrated template in about 0.1 s and dropped at the
//! test's end (on a disk that is slow with many files in 2 s: `tests/tools/scratch.sh`).
//!
//! One volatile server serves the whole run of a test program. Rust drops no statics, so a shell waits for our end of a
//! pipe to close, however we end, and then stops the server and removes its directory: nothing stays behind.
//! `TEST_DATABASE_URL` (a superuser's address) uses a server that runs already, which also spares nextest, with its
//! process per test, a server per test.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tenantry::storage::private_postgres::{Options, PrivatePostgres, SUPERUSER};
use tenantry::storage::{DatabaseUrls, migrate, migrations_fingerprint, roles};
use tokio::sync::OnceCell;

/// The logins' password on a foreign server, which (unlike our own) asks for one.
const PASSWORD: &str = "tenantry-test";
/// Guards the making of the template ("test" in ASCII).
const TEMPLATE_LOCK: i64 = 0x7465_7374;

/// A fresh database with the current schema and no rows.
pub struct TestDb {
    pub name: String,
    server: &'static Server,
}

/// Make one. Drops itself; open connections are thrown out.
pub async fn test_db() -> TestDb {
    let server = server().await;
    let db = TestDb {
        name: format!("x_{}", tenantry::clock::ordered_uuid().simple()),
        server,
    };
    let mut admin = server.connect("postgres").await;
    roles::create_database(&mut admin, &db.name, &server.template)
        .await
        .expect("the template can be cloned");
    admin.close().await.expect("the session ends");
    db
}

impl TestDb {
    /// The addresses as the product gets them: web, keeper, migrate (the owner's login), listen.
    pub fn urls(&self) -> DatabaseUrls {
        let web = self.url("portal_web");
        DatabaseUrls {
            listen: web.clone(),
            web,
            keeper: self.url("portal_keeper"),
            migrate: Some(self.url("portal_migrate")),
        }
    }

    /// The address for one of the product's logins, e.g. `portal_ops`.
    pub fn url(&self, role: &str) -> SecretString {
        self.server.url(role, &self.name)
    }

    /// The address of somebody who may look at every table.
    pub fn superuser_url(&self) -> SecretString {
        self.server.superuser_url(&self.name)
    }

    /// A small pool of somebody who may look at every table.
    pub fn superuser(&self) -> PgPool {
        lazy_pool(&self.superuser_url())
    }

    /// A small pool with the portal's grants.
    pub fn web(&self) -> PgPool {
        lazy_pool(&self.url("portal_web"))
    }

    /// A small pool with the keeper's grants.
    pub fn keeper(&self) -> PgPool {
        lazy_pool(&self.url("portal_keeper"))
    }
}

fn lazy_pool(url: &SecretString) -> PgPool {
    PgPoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options(url))
}

impl Drop for TestDb {
    fn drop(&mut self) {
        // The test's own runtime may be ending, so the farewell has one of its own.
        let drop_it = format!("drop database if exists {} with (force)", self.name);
        let server = self.server;
        let farewell = std::thread::spawn(move || {
            block_on(async {
                let mut admin = server.connect("postgres").await;
                sqlx::query(AssertSqlSafe(drop_it))
                    .execute(&mut admin)
                    .await
            })
        });
        // Postgres waits for those who are thrown out. Our own server ends with the run, so the next test need not wait too.
        if server.private.is_none() {
            let _ = farewell.join();
        }
    }
}

/// The run's server: our own, or the one that `TEST_DATABASE_URL` names.
struct Server {
    template: String,
    /// The superuser's options to start from.
    foreign: Option<PgConnectOptions>,
    private: Option<PrivatePostgres>,
    /// Ends, and cleans up, when our process does.
    janitor: Option<Child>,
}

async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async {
            // The server outlives the test that needed it first, and so must its start.
            tokio::task::spawn_blocking(|| block_on(Server::start()))
                .await
                .expect("the test server starts")
        })
        .await
}

impl Server {
    async fn start() -> Self {
        let foreign = std::env::var("TEST_DATABASE_URL").ok();
        let mut server = Self {
            template: format!("t_{}", migrations_fingerprint()),
            foreign: foreign.map(|url| {
                url.parse()
                    .expect("TEST_DATABASE_URL is a Postgres address")
            }),
            private: None,
            janitor: None,
        };
        if server.foreign.is_none() {
            let dir = std::env::temp_dir().join(format!(
                "tenantry-test-{}-{}",
                rustix::process::geteuid().as_raw(),
                std::process::id()
            ));
            server.janitor = Some(janitor(&dir));
            let private = PrivatePostgres::start(Options {
                dir,
                volatile: true,
            })
            .await;
            server.private = Some(private.expect("a private Postgres starts"));
        } else {
            server.make_logins().await;
        }
        server.make_template().await;
        server
    }

    /// Our own server made them at its start.
    async fn make_logins(&self) {
        let password = SecretString::from(PASSWORD);
        let mut admin = self.connect("postgres").await;
        roles::ensure(&mut admin, |_| Some(&password))
            .await
            .expect("TEST_DATABASE_URL is a superuser's, who may make roles");
    }

    async fn make_template(&self) {
        let mut admin = self.connect("postgres").await;
        sqlx::query("select pg_advisory_lock($1)")
            .bind(TEMPLATE_LOCK)
            .execute(&mut admin)
            .await
            .expect("the lock is free in time");
        roles::create_database(&mut admin, &self.template, "template0")
            .await
            .expect("the template can be made");
        migrate(&self.url("portal_migrate", &self.template))
            .await
            .expect("the migrations apply");
    }

    fn url(&self, role: &str, database: &str) -> SecretString {
        match (&self.foreign, &self.private) {
            (Some(foreign), _) => with_database(foreign, database)
                .username(role)
                .password(PASSWORD),
            (None, Some(private)) => return private.url(role, database),
            (None, None) => unreachable!("either is set by start"),
        }
        .to_url_lossy()
        .to_string()
        .into()
    }

    fn superuser_url(&self, database: &str) -> SecretString {
        match &self.foreign {
            Some(foreign) => with_database(foreign, database)
                .to_url_lossy()
                .to_string()
                .into(),
            None => self.url(SUPERUSER, database),
        }
    }

    async fn connect(&self, database: &str) -> PgConnection {
        options(&self.superuser_url(database))
            .connect()
            .await
            .expect("the superuser can connect")
    }
}

fn with_database(options: &PgConnectOptions, database: &str) -> PgConnectOptions {
    options.clone().database(database)
}

fn options(url: &SecretString) -> PgConnectOptions {
    url.expose_secret().parse().expect("our own address parses")
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made")
        .block_on(work)
}

/// A shell in a process group of its own (Ctrl-C must not reach it), waiting for its input to end.
fn janitor(dir: &std::path::Path) -> Child {
    const CLEAN: &str = r#"
        trap '' INT TERM HUP
        cat >/dev/null
        pid=$(head -n 1 "$1/data/postmaster.pid") && kill -QUIT "$pid"
        tries=0
        while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
        rm -rf "$1"
    "#;
    Command::new("sh")
        .args(["-c", CLEAN, "janitor"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("a shell starts")
}
