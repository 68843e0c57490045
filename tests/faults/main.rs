//! The fault campaign: keepers in processes of their own, a thousand tenants, a simulated Microsoft and a real Postgres
//! with a proxy in front of each, and every kind of fault. Whether a token was lost is told by the simulator's ledger.
//!
//! `cargo test --features faults --test faults -- campaign [--seed N] [--faults N] [--only KIND] [--mode MODE] [--mass]`.
//! The last line reads `faults seed=… kinds=… injected=… lost=N flagged=N`; docs/faults.md explains it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc
)]

mod campaign;
mod dice;
mod entra_proxy;
mod herd;
mod judge;
mod keeper;
mod kind;
mod malformed;
mod pg_proxy;
mod quiet;
mod server;
mod strike;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use campaign::Campaign;
use kind::Kind;
use world::World;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the modes other than Entra's are tried with: faults that a keeper must survive without loss, and some that
/// nobody can.
const STRICT: [Kind; 13] = [
    Kind::PgCommitAnswerCut,
    Kind::ResetBefore,
    Kind::PgCut,
    Kind::OddRetryAfter,
    Kind::PgCommitCut,
    Kind::PgImmediate,
    Kind::Terminated,
    Kind::Die(0),
    Kind::Die(4),
    Kind::Die(6),
    Kind::ReplyLost,
    Kind::Reset,
    Kind::OldBackup,
];

/// The modes in which a superseded token dies.
const MODES: [&str; 3] = ["grace", "strict", "family"];

/// From the command line.
struct Wishes {
    seed: u64,
    faults: u32,
    tenants: u32,
    keepers: usize,
    only: Option<String>,
    mode: Option<String>,
    herd: u32,
}

impl Wishes {
    fn read(words: &[String]) -> Self {
        let after = |name: &str| {
            words
                .iter()
                .skip_while(|word| *word != name)
                .nth(1)
                .cloned()
        };
        let number = |name: &str, otherwise: u64| {
            after(name).map_or(otherwise, |text| text.parse().expect("a number"))
        };
        Self {
            seed: number(
                "--seed",
                u64::from_be_bytes(tenantry::clock::random_bytes()),
            ),
            faults: u32::try_from(number("--faults", 200)).unwrap(),
            tenants: u32::try_from(number("--tenants", 1000)).unwrap(),
            keepers: usize::try_from(number("--keepers", 4)).unwrap(),
            herd: u32::try_from(number("--herd", 60)).unwrap(),
            only: after("--only"),
            mode: after("--mode"),
        }
    }

    fn wants(&self, kind: Kind) -> bool {
        self.only
            .as_deref()
            .is_none_or(|only| kind.name().contains(only))
    }

    fn wants_mode(&self, mode: &str) -> bool {
        self.mode.as_deref().is_none_or(|only| only == mode)
    }
}

#[tokio::main(worker_threads = 4)]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().map(String::as_str).eq(["child", "keeper"]) {
        keeper::child().await;
        return ExitCode::SUCCESS;
    }
    // With all other tests a campaign would take longer than anybody waits for those.
    if words.first().is_none_or(|word| word != "campaign") {
        println!("the fault campaign is run by `make faults`");
        return ExitCode::SUCCESS;
    }
    let wishes = Wishes::read(&words);
    let start = Instant::now();
    println!(
        "seed={} tenants={} keepers={} faults>={}",
        wishes.seed, wishes.tenants, wishes.keepers, wishes.faults
    );
    let world = World::new(wishes.tenants).await;
    println!(
        "the world stands after {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let mut campaign = Campaign::new(world, wishes.seed, wishes.keepers);
    campaign.mass = words.iter().any(|word| word == "--mass");
    if wishes.wants_mode("entra") {
        entra(&mut campaign, &wishes).await;
    }
    for mode in MODES {
        if wishes.wants_mode(mode) {
            other(&mut campaign, &wishes, mode).await;
        }
    }
    if wishes.herd > 0 && wishes.only.is_none() && wishes.wants_mode("entra") {
        herd::run(&mut campaign, i64::from(wishes.herd)).await;
    }
    report(&campaign, wishes.seed, start)
}

/// Every kind in turn, until there were enough. Everything that was refreshed must be there.
async fn entra(campaign: &mut Campaign, wishes: &Wishes) {
    campaign.clean().await;
    let mut turn = 0;
    loop {
        for kind in Kind::ALL {
            // What takes long is not done in every turn.
            if wishes.wants(kind) && (turn % 5 == 0 || !kind.is_heavy()) {
                campaign.round(kind).await;
            }
        }
        turn += 1;
        if campaign.injected() >= wishes.faults {
            break;
        }
    }
    campaign.clean().await;
    campaign.judge("everything").await;
}

/// Where an old token dies with a new one.
async fn other(campaign: &mut Campaign, wishes: &Wishes, mode: &'static str) {
    campaign.clean().await;
    campaign.judge("entra").await;
    campaign.world.set_mode(mode).await;
    campaign.mode = mode;
    let turns = (wishes.faults / 2000).max(1);
    for _ in 0..turns {
        for (number, kind) in STRICT.into_iter().enumerate() {
            // Short: each of the three modes with every third kind, so that together they see them all.
            let turn = number % 3 == MODES.iter().position(|name| *name == mode).unwrap_or(0);
            if wishes.wants(kind) && (turn || wishes.faults > 1000 || wishes.mode.is_some()) {
                campaign.round(kind).await;
            }
        }
    }
    campaign.world.set_mode("entra").await;
    campaign.mode = "entra";
}

fn report(campaign: &Campaign, seed: u64, start: Instant) -> ExitCode {
    for (kind, count) in &campaign.counts {
        println!("{count:>7}  {kind}");
    }
    for why in &campaign.skipped {
        println!("note: {why}");
    }
    println!(
        "ways of a malformed answer: {}",
        campaign.world.entra.ways()
    );
    for what in &campaign.lost {
        println!("lost: {what}");
    }
    println!("{:.0} s", start.elapsed().as_secs_f64());
    let kinds = campaign.counts.values().filter(|count| **count > 0).count();
    println!(
        "faults seed={seed} kinds={kinds} injected={} lost={} flagged={}",
        campaign.injected(),
        campaign.lost.len(),
        campaign.flagged
    );
    if campaign.lost.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
