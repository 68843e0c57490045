//! How fast the keeper refreshes, what it costs, and how much memory it takes; each against a baseline in the same run,
//! on the same Postgres and the same simulated Microsoft (TLS, keep-alive, cached signatures).
//!
//! `cargo bench --features faults --bench keeper [-- --tenants N] [-- --only NAME]`. Every line that counts reads
//! `bench NAME value=… baseline=… ratio=… goal=… ok|MISS`.

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
mod due;
mod keeper;
mod measured;
mod msal;
mod report;
mod speed;
mod world;

use world::World;

/// Resources of every tenant, so tokens per tenant.
const RESOURCES: u32 = 3;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", "bare"] => return bare::child().await,
        ["child", "keeper"] => return keeper::child().await,
        _ => {}
    }
    let after = |name: &str| words.iter().skip_while(|w| *w != name).nth(1).cloned();
    let tenants: u32 = after("--tenants").map_or(2_000, |text| {
        text.parse().expect("--tenants takes a number")
    });
    let only = after("--only");
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    println!(
        "tenants={tenants} resources={RESOURCES} cores={}",
        std::thread::available_parallelism().unwrap()
    );
    let mut report = report::Report::default();
    if wanted("speed") || wanted("latency") || wanted("msal") || wanted("memory") {
        let world = World::new(tenants).await;
        if wanted("speed") {
            speed::at_once(&world, &mut report).await;
        }
        if wanted("latency") {
            speed::with_latency(&world, &mut report).await;
        }
        if wanted("msal") {
            msal::run(&world, &mut report).await;
        }
        if wanted("memory") {
            speed::memory(&world, &mut report).await;
        }
    }
    if wanted("due") {
        due::run(&mut report).await;
    }
    report.end();
}
