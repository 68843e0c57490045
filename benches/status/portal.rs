//! The portal as it is, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use secrecy::SecretString;
use tenantry::app::{App, Login, Site};
use tenantry::clock::Clock;
use tenantry::domain::connection;
use tenantry::domain::technician::Breached;
use tenantry::keeper;
use tenantry::storage::{self, PoolKind};
use tenantry::{web, workers};
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// A child that serves, until dropped.
pub struct Serving {
    pub address: SocketAddr,
    pub child: Child,
}

impl Serving {
    /// Start this program again as the child that these words name; it prints its address.
    pub fn start(words: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("child")
            .args(words)
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

/// In the child: pages, workers and the listener, as `tenantry web` has them.
pub async fn child(web_url: &str, _keeper_url: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let url = SecretString::from(web_url.to_owned());
    let app = App {
        pool: storage::pool(&url, PoolKind::Web).unwrap(),
        clock: Clock::system(),
        keeper: keeper::Client::channel(1).0,
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
        limits: tenantry::config::Limits::default(),
        keep_errors_months: None,
        revocation_log: None,
        status_news: broadcast::channel(64).0,
        keys: tenantry::domain::api_key::SeenKeys::default(),
        hand_outs: Arc::new(tokio::sync::Semaphore::new(2_000)),
    };
    let stop = CancellationToken::new();
    let (ear, heard) = connection::status_ear();
    let direct = storage::pool(&url, PoolKind::Command).unwrap();
    tokio::spawn(storage::listen(direct, vec![ear], stop.clone()));
    tokio::spawn(connection::tell_news(
        heard,
        app.pool.clone(),
        app.clock.clone(),
        app.status_news.clone(),
        stop.clone(),
    ));
    let _workers = workers::start(&app, &stop);
    println!("{address}");
    web::listen::serve(
        web::listen::Door::clear(listener),
        web::router(app),
        web::listen::Limits::default(),
        stop,
    )
    .await;
}
