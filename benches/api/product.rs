//! The product as it is: the keeper in a process of its own, the portal in another, their socket between them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tenantry::app::{App, Login, Site};
use tenantry::clock::Clock;
use tenantry::config::{KeyLimits, Limits};
use tenantry::domain::api_key::{self, ApiScope, NewKey, Rule, Tenants, USUAL_LIFE};
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician::{self, Breached};
use tenantry::entra::Endpoints;
use tenantry::keeper::socket::{self, Access, Listener};
use tenantry::keeper::{self, Keyring, Resource, Settings, Setup};
use tenantry::storage::{self, PoolKind, TechnicianId};
use tenantry::web;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// A child that serves, until dropped.
pub struct Serving {
    pub address: SocketAddr,
    child: Child,
}

impl Serving {
    /// Start this program again as that child; it prints its address.
    pub fn start(what: &str, told: &Value) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", what, &told.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            address: line.trim().parse().unwrap(),
            child,
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(told: &Value, name: &str) -> String {
    told[name].as_str().unwrap().to_owned()
}

/// In the child: renews what is due, seals the audit log, answers the portal.
pub async fn keeper(told: &Value) {
    let url: url::Url = text(told, "authority").parse().unwrap();
    let setup = Setup {
        database_url: text(told, "keeper_url").into(),
        master_key: Keyring::read(Path::new(&text(told, "key_file"))).unwrap(),
        endpoints: Endpoints {
            authority: url.clone(),
            graph: url,
            extra_root_ca_pem: Some(std::fs::read(text(told, "ca")).unwrap()),
            verification_hosts: Vec::new(),
        },
        redirect_base: "http://localhost:8080".parse().unwrap(),
        app_seed: None,
        clock: Clock::system(),
        settings: Settings {
            requests_per_second: 1_000,
            ..Settings::default()
        },
    };
    let running = keeper::start(setup).await.unwrap();
    let path = text(told, "socket");
    let listener = Listener::bind(Path::new(&path), Duration::from_secs(1))
        .await
        .unwrap();
    println!("127.0.0.1:1");
    let stop = CancellationToken::new();
    socket::serve(listener, running.client(), Access::default(), stop).await;
}

/// In the child: the API and everything else that the portal serves.
pub async fn portal(told: &Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = SecretString::from(text(told, "web_url"));
    let app = App {
        pool: storage::pool(&url, PoolKind::Web).unwrap(),
        clock: Clock::system(),
        keeper: keeper::Client::socket(text(told, "socket").into()),
        site: Arc::new(Site {
            base_url: format!("http://{address}").parse().unwrap(),
            msp_name: "Harbourline IT".into(),
            msp_legal_name: "Harbourline IT".into(),
            report_to: String::new(),
            app_name: "Bench".into(),
            cloud: keeper::Cloud::Global,
            ask_pin: false,
            egress_addresses: Vec::new(),
        }),
        trusted_proxies: Arc::new([]),
        mailer: None,
        guard: tenantry::outbound::guard::Guard::default(),
        sso: None,
        login: Arc::new(Login {
            passkey_for_admins: false,
            breached: Breached::bundled(),
        }),
        flow_changes: broadcast::channel(64).0,
        visit: time::Duration::hours(1),
        limits: Limits {
            keys: KeyLimits {
                calls: 10_000_000,
                hand_outs: 10_000_000,
                tenant_hand_outs: 10_000_000,
                new_tenants: 10_000_000,
            },
            ..Limits::default()
        },
        keep_errors_months: None,
        revocation_log: None,
        status_news: broadcast::channel(64).0,
        keys: api_key::SeenKeys::default(),
        hand_outs: Arc::new(Semaphore::new(2_000)),
    };
    println!("{address}");
    let service = web::router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await.unwrap();
}

/// A key of an owner, for everything.
pub async fn key(world: &World) -> String {
    let owner = TechnicianId::new();
    sqlx::query(
        "insert into technicians (id, email, display_name, role, created_at) values ($1, 'robin@msp.example', 'Robin', 'owner', now())",
    )
    .bind(owner)
    .execute(&world.pool)
    .await
    .unwrap();
    let pool = sqlx::PgPool::connect(&world.web_url).await.unwrap();
    let mut op = Op::begin(&pool, &Clock::system(), Actor::Command("bench"))
        .await
        .unwrap();
    let owner = technician::find(&mut op, owner).await.unwrap().unwrap();
    let new = NewKey {
        rule: Rule {
            name: "bench".into(),
            scopes: ApiScope::ALL.to_vec(),
            tenants: Tenants::All,
            resources: Resource::ALL.to_vec(),
            networks: Vec::new(),
            calls_per_minute: None,
            hand_outs_per_minute: None,
            new_tenants: None,
        },
        life: USUAL_LIFE,
    };
    let (_, secret) = api_key::create(&mut op, &owner, &new).await.unwrap();
    op.commit().await.unwrap();
    secret.expose().to_owned()
}
