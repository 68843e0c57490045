//! How fast access tokens are handed out, everything included: key check, scope, tenant, quota and audit entry. The baseline of
//! the same run, on the same Postgres: Axum and sqlx, which read one sealed token by its key and open it, for anybody.
//!
//! `cargo bench --features faults --bench api [-- --tenants N] [-- --seconds N]`. Lines read `bench NAME value=… baseline=…
//! ratio=… goal=… ok|MISS`. Names: `hand_out_rate`, `hand_out_p99_ms`, `joined_refreshes`, `joined_refused`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::missing_panics_doc
)]

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bare;
mod http;
#[path = "../shared/load.rs"]
mod load;
mod product;
#[path = "../keeper/report.rs"]
mod report;
#[path = "../shared/serving.rs"]
mod serving;
#[path = "../keeper/world.rs"]
#[expect(dead_code, reason = "the keeper's benchmark uses more of it")]
mod world;

use std::time::Duration;

use serde_json::{Value, json};

use http::load;
use load::Load;
use serving::Serving;
use world::World;

const CALLERS: usize = 64;
const CROWD: usize = 1000;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let ["child", what, told] = words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let told: Value = serde_json::from_str(told).unwrap();
        return match what {
            "bare" => bare::child(&told).await,
            "keeper" => product::keeper(&told).await,
            _ => product::portal(&told).await,
        };
    }
    let after = |name: &str| words.iter().skip_while(|w| *w != name).nth(1).cloned();
    let number = |name: &str, usual: u32| after(name).map_or(usual, |text| text.parse().unwrap());
    let tenants = number("--tenants", 200);
    let time = Duration::from_secs(u64::from(number("--seconds", 8)));
    println!(
        "tenants={tenants} callers={CALLERS} cores={}",
        std::thread::available_parallelism().unwrap()
    );
    let mut report = report::Report::default();
    let world = World::new(tenants).await;
    let told = json!({
        "keeper_url": world.keeper_url, "web_url": world.web_url, "owner_url": world.owner_url, "key_file": world.key_file,
        "authority": world.authority, "ca": world.ca,
        "socket": std::env::temp_dir().join(format!("tenantry-bench-{}.sock", std::process::id())),
    });
    let told = told.to_string();
    let start = |what| Serving::start(&[what, &told]);
    let _keeper = start("keeper");
    until_refreshed(&world).await;
    let portal = start("portal");
    let key = product::key(&world).await;
    let tenants: Vec<String> = sqlx::query_scalar("select id::text from tenants order by id")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    let paths: Vec<String> = tenants
        .iter()
        .map(|id| format!("/api/v1/tenants/{id}/access-tokens"))
        .collect();
    // Each customer is new to the key once.
    let first = http::Connection::open(portal.address, &key).await;
    let length = warm(first, &paths).await;
    bare::fill(&world, tenants.len(), length).await;
    let bare = start("bare");
    let bare_paths: Vec<String> = (0..tenants.len()).map(|n| format!("/token/{n}")).collect();
    // Both once without being looked at.
    load(bare.address, &key, &bare_paths, CALLERS, time / 4).await;
    load(portal.address, &key, &paths, CALLERS, time / 4).await;
    let given_before = given(&world).await;
    let baseline = load(bare.address, &key, &bare_paths, CALLERS, time).await;
    let product = load(portal.address, &key, &paths, CALLERS, time).await;
    tell("bare", &baseline);
    tell("hand-out", &product);
    let noted = given(&world).await - given_before;
    assert!(
        u64::try_from(noted).unwrap() >= product.count,
        "each has its audit entry: {noted} of {}",
        product.count
    );
    report.at_least(
        "hand_out_rate",
        product.per_second(),
        baseline.per_second(),
        0.5,
    );
    let ms = |load: &Load| load.p99.as_secs_f64() * 1000.0;
    report.at_most_times("hand_out_p99_ms", ms(&product), ms(&baseline), 2.0);
    joined(&world, &portal, &key, &tenants[0], &mut report).await;
    report.end();
}

/// A thousand at once need one token that has to be refreshed.
async fn joined(
    world: &World,
    portal: &Serving,
    key: &str,
    tenant: &str,
    report: &mut report::Report,
) {
    sqlx::query(
        "update tokens set expires_at = now() + interval '1 minute' where tenant_id = $1::uuid",
    )
    .bind(tenant)
    .execute(&world.pool)
    .await
    .unwrap();
    let calls =
        "select count(*) from entra_calls where operation = 'refresh' and tenant_id = $1::uuid";
    let count = async || {
        sqlx::query_scalar::<_, i64>(calls)
            .bind(tenant)
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    let before = count().await;
    let mut open = Vec::new();
    for _ in 0..CROWD {
        open.push(http::Connection::open(portal.address, key).await);
    }
    let path = format!("/api/v1/tenants/{tenant}/access-tokens");
    let tasks: Vec<_> = open
        .into_iter()
        .map(|mut connection| {
            let path = path.clone();
            tokio::spawn(async move { connection.post(&path).await.0 })
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        refused += u32::from(task.await.unwrap() != 200);
    }
    report.at_most("joined_refreshes", (count().await - before) as f64, 1.0);
    report.at_most("joined_refused", f64::from(refused), 0.5);
}

fn tell(name: &str, load: &Load) {
    println!(
        "{name}: {:.0} a second, median {:.2} ms, p99 {:.2} ms",
        load.per_second(),
        load.median.as_secs_f64() * 1000.0,
        load.p99.as_secs_f64() * 1000.0
    );
}

async fn given(world: &World) -> i64 {
    sqlx::query_scalar("select count(*) from audit_events where action = 'token.hand_out'")
        .fetch_one(&world.pool)
        .await
        .unwrap()
}

/// One hand-out of each; how long a token is.
async fn warm(mut connection: http::Connection, paths: &[String]) -> usize {
    let mut length = 0;
    for path in paths {
        let (status, body) = connection.post(path).await;
        let text = String::from_utf8(body).unwrap();
        assert_eq!(status, 200, "{text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        length = body["access_token"].as_str().unwrap().len();
    }
    length
}

async fn until_refreshed(world: &World) {
    let left = "select count(*) from connections c where not exists (
        select from tokens k where k.tenant_id = c.tenant_id and k.resource = 'graph' and k.state = 'valid')";
    loop {
        let left: i64 = sqlx::query_scalar(left)
            .fetch_one(&world.pool)
            .await
            .unwrap();
        if left == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
