//! Refreshes per second and CPU against the bare loop; memory of a fleet.

use serde_json::json;

use crate::measured::{Measured, child};
use crate::report::Report;
use crate::world::World;

/// Turns of each side, one after the other; the median counts.
const TURNS: usize = 3;

/// Microsoft answers at once.
pub async fn at_once(world: &World, report: &mut Report) {
    let (ours, bare) = compare(world, 64).await;
    report.at_least(
        "refreshes_per_second",
        ours.per_second(),
        bare.per_second(),
        1.0,
    );
    report.at_most(
        "cpu_seconds_per_1000_refreshes",
        ours.cpu_per_thousand(),
        0.25,
    );
    println!(
        "bare loop: {:.3} CPU seconds per 1000",
        bare.cpu_per_thousand()
    );
}

/// Microsoft takes 100 ms; 256 in flight.
pub async fn with_latency(world: &World, report: &mut Report) {
    let slow = json!({"kind": "slow", "milliseconds": 100, "area": "token", "seconds": 3600});
    world.control("POST", "faults", Some(slow)).await;
    let (ours, bare) = compare(world, 256).await;
    world.control("DELETE", "faults", None).await;
    report.at_least(
        "refreshes_per_second_at_100_ms",
        ours.per_second(),
        bare.per_second(),
        0.85,
    );
}

/// Resident memory after the whole fleet was refreshed once.
pub async fn memory(world: &World, report: &mut Report) {
    world.make_due().await;
    let measured = child("keeper", world.told(64)).await;
    let mib = measured.rss_kib as f64 / 1024.0;
    report.at_most(&format!("memory_mib_{}_tenants", world.tenants), mib, 120.0);
}

async fn compare(world: &World, in_flight: u32) -> (Measured, Measured) {
    // The simulator signs everybody's tokens once.
    child("bare", world.told(in_flight)).await;
    world.make_due().await;
    child("keeper", world.told(in_flight)).await;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for turn in 0..TURNS {
        bare.push(child("bare", world.told(in_flight)).await);
        world.make_due().await;
        ours.push(child("keeper", world.told(in_flight)).await);
        println!(
            "turn {turn}: keeper {:.0}/s, bare loop {:.0}/s, {in_flight} in flight",
            ours[turn].per_second(),
            bare[turn].per_second()
        );
    }
    (median(ours), median(bare))
}

fn median(mut turns: Vec<Measured>) -> Measured {
    turns.sort_by(|a, b| a.per_second().total_cmp(&b.per_second()));
    turns.swap_remove(turns.len() / 2)
}
