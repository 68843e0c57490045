//! After hours of an outage everybody is due at once. With the product's own caps: no more requests a second than the
//! cap, nobody called dead, everything fresh within a quarter of an hour.

use std::time::{Duration, Instant};

use crate::campaign::Campaign;
use crate::entra_proxy::Spoil;

/// Requests a second to the sign-in host, all keepers together.
const CAP: u32 = 20;
const FRESH_WITHIN: Duration = Duration::from_mins(15);

/// `count` tenants of three tokens each.
pub async fn run(campaign: &mut Campaign, count: i64) {
    campaign.world.keepers.clear();
    campaign.settle(Duration::from_secs(3)).await;
    campaign.world.product_caps = true;
    campaign.world.keep(campaign.keepers);
    let page = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\ngone".to_vec();
    campaign
        .world
        .entra
        .spoil(Spoil::Instead(page), u32::MAX, 100, &mut campaign.dice);
    campaign.make_due(count).await;
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        campaign.world.advance(time::Duration::minutes(20)).await;
    }
    campaign.world.entra.heal();
    campaign.world.entra.take_pace();
    let healed = Instant::now();
    let from = campaign.world.now();
    campaign.settle(Duration::from_secs(30)).await;
    let took = healed.elapsed();
    let simulated = campaign.world.now() - from;
    let (requests, busiest) = campaign.world.entra.take_pace();
    println!(
        "herd: {count} tenants, {requests} requests, busiest second {busiest}, fresh after {took:.0?} ({simulated} simulated)"
    );
    if busiest > CAP + CAP / 10 {
        campaign
            .lost
            .push(format!("the herd made {busiest} requests in one second"));
    }
    if simulated > FRESH_WITHIN {
        campaign
            .lost
            .push(format!("the herd was fresh after {simulated} only"));
    }
    *campaign.counts.entry("herd".to_owned()).or_default() += 1;
    campaign.judge("herd").await;
    campaign.world.product_caps = false;
    campaign.world.keepers.clear();
}
