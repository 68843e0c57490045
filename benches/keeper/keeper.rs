//! The keeper in a process of its own, until nothing is due any more.

use std::path::Path;
use std::time::Duration;

use sqlx::PgPool;
use tenantry::clock::Clock;
use tenantry::entra::Endpoints;
use tenantry::keeper::{Keyring, Settings, Setup, start};

use crate::RESOURCES;
use crate::measured::{Watch, told};

pub async fn child() {
    let told = told();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let in_flight = usize::try_from(told["in_flight"].as_u64().unwrap()).unwrap();
    let pool = PgPool::connect(&text("owner_url")).await.unwrap();
    let tenants: i64 = sqlx::query_scalar("select count(*) from refresh_schedule")
        .fetch_one(&pool)
        .await
        .unwrap();
    let url: url::Url = text("authority").parse().unwrap();
    let setup = Setup {
        database_url: text("keeper_url").into(),
        master_key: Keyring::read(Path::new(&text("key_file"))).unwrap(),
        endpoints: Endpoints {
            authority: url.clone(),
            graph: url,
            extra_root_ca_pem: Some(std::fs::read(text("ca")).unwrap()),
            verification_hosts: Vec::new(),
        },
        redirect_base: "http://localhost:8080".parse().unwrap(),
        app_seed: None,
        clock: Clock::system(),
        settings: Settings {
            requests_per_second: 1_000_000,
            in_flight,
            in_hand: u32::try_from(in_flight * 3).unwrap().max(512),
            ..Settings::default()
        },
    };
    let watch = Watch::start();
    let running = start(setup).await.unwrap();
    while is_busy(&pool).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    watch.stop(u64::try_from(tenants).unwrap() * u64::from(RESOURCES));
    running.shutdown().await;
}

async fn is_busy(pool: &PgPool) -> bool {
    sqlx::query_scalar(
        "select exists (select from refresh_schedule where next_refresh_at <= now())
           or exists (select from refresh_schedule where lease_id is not null)",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}
