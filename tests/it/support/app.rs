//! The portal as a test sees it: the real router on a real port, a database of its own, a clock to move, a keeper that
//! answers what the test scripts, and browsers that are signed in or not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use tenantry::app::{App, Site};
use tenantry::clock::Clock;
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::factor::FactorKind;
use tenantry::domain::technician::{self, LoginName, NewTechnician, Password, Role};
use tenantry::storage::TechnicianId;
use tenantry::web;
use tenantry::web::kit::session::{Store, login_record};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use url::Url;

use super::browser::Browser;
use super::db::{TestDb, test_db};
use super::fake_keeper::FakeKeeper;

/// A running portal. Ends when dropped, and its database with it.
pub struct TestApp {
    server: AbortHandle,
    pub app: App,
    /// The clock that portal and tests share; `clock.advance(…)` moves it.
    pub clock: Clock,
    pub keeper: FakeKeeper,
    /// Somebody who may look at and change every table.
    pub pool: PgPool,
    pub db: TestDb,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with settings changed before it begins to listen.
    pub async fn start_with(change: impl FnOnce(&mut App)) -> Self {
        let db = test_db().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Clock::system();
        let keeper = FakeKeeper::start(db.keeper());
        let base_url = Url::parse(&format!("http://{address}")).unwrap();
        let mut app = App::rehearsal(db.web(), clock.clone(), keeper.client.clone(), base_url);
        app.site = Arc::new(Site {
            app_name: "Harbourline Tenantry".into(),
            report_to: "security@harbourline.example".into(),
            egress_addresses: vec!["192.0.2.44".into(), "2001:db8:44::/64".into()],
            ..Site::clone(&app.site)
        });
        app.keep_errors_months = Some(24);
        change(&mut app);
        let service = web::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            server: server.abort_handle(),
            app,
            clock,
            keeper,
            pool: db.superuser(),
            db,
        }
    }

    /// A clean browser that nobody signed in with.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.app.site.base_url)
    }

    /// A browser with a fresh technician of this role signed in, without the cost of a password.
    pub async fn login(&self, role: Role) -> Browser {
        let email = format!("{role}-{}@msp.example", tenantry::clock::random_uuid());
        let id = self.technician(&email, role).await;
        self.browser_of(id).await
    }

    /// A browser in which this technician is signed in.
    pub async fn browser_of(&self, technician: TechnicianId) -> Browser {
        let browser = self.browser();
        let session = self.session_of(technician).await;
        browser.set_cookie("sid", &session.to_string());
        browser
    }

    /// A technician who has no password yet.
    pub async fn technician(&self, email: &str, role: Role) -> TechnicianId {
        let id = TechnicianId::new();
        sqlx::query(
            "insert into technicians (id, email, display_name, role, created_at) values ($1, $2, 'Robin Marlow', $3, $4)",
        )
        .bind(id)
        .bind(email)
        .bind(role.as_str())
        .bind(self.clock.now())
        .execute(&self.pool)
        .await
        .unwrap();
        id
    }

    /// A technician who can sign in with this password.
    pub async fn technician_with_password(&self, email: &str, password: &str, role: Role) {
        let new = NewTechnician {
            email: LoginName::parse(email).unwrap(),
            display_name: "Robin Marlow".into(),
            role,
        };
        let password =
            Password::parse(password.to_owned().into(), &[], &self.app.login.breached).unwrap();
        let hash = technician::hash(password).await.unwrap();
        let mut op = Op::begin(&self.app.pool, &self.clock, Actor::Command("test"))
            .await
            .unwrap();
        technician::create_with_password(&mut op, &new, &hash)
            .await
            .unwrap();
        op.commit().await.unwrap();
    }

    /// A login session as the login pages make one, both factors proved just now.
    pub async fn session_of(&self, technician: TechnicianId) -> Id {
        let mut record = Record {
            id: Id::default(),
            data: login_record(technician, FactorKind::Passkey, self.clock.now()),
            expiry_date: self.clock.now(),
        };
        let store = Store::new(self.app.pool.clone(), self.clock.clone());
        store.create(&mut record).await.unwrap();
        record.id
    }

    /// Move everybody's clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// `action result` of each audit entry of an act, oldest first. Refusals are written beside the answer, soon after it;
    /// `tests/it/web/denials.rs` waits for them.
    pub async fn audit(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select action || ' ' || result from audit_events where action not like 'request.denied%' order by id",
        )
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
    }
}
