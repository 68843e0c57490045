//! How fast the Authentication Status answers, what it weighs, and how soon open pages are right; each against a baseline in
//! the same run, on the same Postgres.
//!
//! `cargo bench --features faults --bench status [-- --tenants N] [-- --errors N] [-- --only NAME]`. Every line that counts
//! reads `bench NAME value=… baseline=… ratio=… goal=… ok|MISS`. Names: speed, rows, growth, weight, live, errors.

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
mod errors;
mod http;
mod live;
#[path = "../shared/load.rs"]
mod load;
mod portal;
#[path = "../keeper/report.rs"]
mod report;
mod row_security;
#[path = "../shared/serving.rs"]
mod serving;
mod speed;
mod weight;
mod world;

use world::World;

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["child", "bare", url] => return bare::child(url).await,
        ["child", "portal", web, keeper] => return portal::child(web, keeper).await,
        _ => {}
    }
    let after = |name: &str| words.iter().skip_while(|w| *w != name).nth(1).cloned();
    let number = |name: &str, usual: i32| {
        after(name).map_or(usual, |text| {
            text.parse()
                .unwrap_or_else(|_| panic!("{name} takes a number"))
        })
    };
    let tenants = number("--tenants", 10_000);
    let errors = number("--errors", 1_000_000);
    let seconds = number("--seconds", 8);
    let only = after("--only");
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    println!(
        "tenants={tenants} errors={errors} cores={}",
        std::thread::available_parallelism().unwrap()
    );
    let mut report = report::Report::default();
    let world = World::new().await;
    let fleet = world.fleet("fleet", tenants, errors).await;
    if wanted("weight") {
        weight::run(&fleet, &mut report).await;
    }
    if wanted("speed") {
        speed::against_bare(&fleet, seconds, &mut report).await;
    }
    if wanted("rows") {
        let open = world.fleet("open", tenants, errors).await;
        row_security::cost(&fleet, &open, seconds, &mut report).await;
    }
    if wanted("live") {
        live::run(
            &fleet,
            number("--pages", 500),
            number("--changes", 1000),
            number("--live-seconds", 60),
            &mut report,
        )
        .await;
    }
    if wanted("errors") {
        let young = world.fleet("young", tenants, errors / 100).await;
        errors::run(&fleet, &young, &mut report).await;
    }
    if wanted("growth") {
        let larger = world.fleet("larger", tenants * 10, 1_000).await;
        speed::as_it_grows(&fleet, &larger, seconds, &mut report).await;
    }
    drop(fleet);
    world.end().await;
    report.end();
}
