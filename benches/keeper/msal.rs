//! Against Microsoft's MSAL for Python with a token cache in the same Postgres.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::measured::{Measured, child};
use crate::report::Report;
use crate::world::World;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/keeper");
/// Refreshes of the library; it takes its time.
const COUNT: u32 = 300;
const THREADS: u32 = 8;

pub async fn run(world: &World, report: &mut Report) {
    // The simulator signs everybody's tokens in the first turn; msal has a first one of its own.
    for _ in 0..2 {
        world.make_due().await;
        child("keeper", world.told(64)).await;
    }
    world.make_due().await;
    let ours = child("keeper", world.told(64)).await;
    let mut told = world.told(THREADS);
    told["count"] = COUNT.min(world.tenants).into();
    told["threads"] = THREADS.into();
    let library = installed();
    let theirs = tokio::task::spawn_blocking(move || loop_of_msal(&library, &told))
        .await
        .unwrap();
    report.at_least(
        "refreshes_per_second_of_msal_python",
        ours.per_second(),
        theirs.per_second(),
        10.0,
    );
    println!(
        "msal: {:.3} CPU seconds per 1000",
        theirs.cpu_per_thousand()
    );
}

fn loop_of_msal(library: &Path, told: &serde_json::Value) -> Measured {
    let mut python = Command::new("python3")
        .arg(Path::new(HERE).join("msal_loop.py"))
        .env("PYTHONPATH", library)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        // `requests` would prefer these to the CA that MSAL is given.
        .env_remove("REQUESTS_CA_BUNDLE")
        .env_remove("CURL_CA_BUNDLE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    write!(stdin, "{told}").unwrap();
    drop(stdin);
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the loop of msal failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The library below Cargo's directory, installed once.
fn installed() -> PathBuf {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-msal");
    let place = std::env::var_os("CARGO_TARGET_DIR")
        .map_or(place, |dir| PathBuf::from(dir).join("bench-msal"));
    if !place.join("msal").exists() {
        let done = Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&place)
            .arg("--requirement")
            .arg(Path::new(HERE).join("requirements.txt"))
            .status()
            .unwrap();
        assert!(done.success(), "pip did not install msal");
    }
    place
}
