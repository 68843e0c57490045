//! The product as it is: the keeper in a process of its own, the portal in another, their socket between them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use tenantry::app::App;
use tenantry::clock::Clock;
use tenantry::config::KeyLimits;
use tenantry::domain::api_key::{self, ApiScope, NewKey, Rule, Tenants, USUAL_LIFE};
use tenantry::domain::op::{Actor, Op};
use tenantry::domain::technician;
use tenantry::entra::Endpoints;
use tenantry::keeper::socket::{self, Access, Listener};
use tenantry::keeper::{self, Keyring, Resource, Settings, Setup};
use tenantry::storage::{self, PoolKind, TechnicianId};
use tenantry::web;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::World;

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
    let mut app = App::rehearsal(
        storage::pool(&url, PoolKind::Web).unwrap(),
        Clock::system(),
        keeper::Client::socket(text(told, "socket").into()),
        format!("http://{address}").parse().unwrap(),
    );
    app.limits.keys = KeyLimits {
        calls: 10_000_000,
        hand_outs: 10_000_000,
        tenant_hand_outs: 10_000_000,
        new_tenants: 10_000_000,
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
