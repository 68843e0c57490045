//! The gate by simulated time: tokio's clock is paused, so that hours pass at once and always alike.

use std::sync::atomic::{AtomicUsize, Ordering};

use uuid::Uuid;

use super::*;

const LANE: Lane = Lane {
    client_id: Uuid::from_u128(1),
    with_credential: true,
};
const SECOND: Duration = Duration::from_secs(1);

fn gate() -> (Arc<Gate>, Changes) {
    Gate::new(&Settings::default())
}

async fn enter(gate: &Arc<Gate>, patience: Duration) -> Result<Pass, Held> {
    let deadline = Instant::now() + patience;
    gate.enter(LANE, TenantId::new(), deadline, false).await
}

#[tokio::test(start_paused = true)]
async fn twenty_a_second_by_default_and_who_cannot_come_in_time_is_told_so_at_once() {
    let (gate, _changes) = gate();
    let begun = Instant::now();
    let all = (0..100).map(|_| enter(&gate, 2 * SECOND));
    let entered: Vec<_> = futures_util::future::join_all(all.map(|enter| async {
        let pass = enter.await;
        let at = Instant::now();
        (pass.map(drop), at - begun)
    }))
    .await;
    let passed = entered.iter().filter(|(pass, _)| pass.is_ok());
    // The last slot and the deadline fall together.
    assert!((40..=41).contains(&passed.clone().count()));
    assert!(passed.clone().all(|(_, at)| *at <= 2 * SECOND));
    assert_eq!(passed.filter(|(_, at)| *at < SECOND).count(), 20);
    let refused: Vec<_> = entered.iter().filter(|(pass, _)| pass.is_err()).collect();
    let late = refused.iter().filter(|(_, at)| *at > Duration::ZERO);
    assert!(late.count() <= 1);
}

#[tokio::test(start_paused = true)]
async fn thirty_two_in_flight_by_default() {
    let (gate, _changes) = gate();
    let mut passes = Vec::new();
    for _ in 0..32 {
        passes.push(enter(&gate, 10 * SECOND).await.ok().unwrap());
    }
    assert!(enter(&gate, 10 * SECOND).await.is_err());
    passes.pop();
    assert!(enter(&gate, 10 * SECOND).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_caps_hold_for_all_keepers_together() {
    const KEEPERS: u32 = 3;
    let gates: Vec<_> = (0..KEEPERS).map(|_| gate()).collect();
    let begun = Instant::now();
    let mut entering = Vec::new();
    for (gate, _) in &gates {
        gate.share_with(KEEPERS);
        for _ in 0..200 {
            entering.push(async {
                let pass = enter(gate, 60 * SECOND).await;
                (pass.map(drop).is_ok(), Instant::now() - begun)
            });
        }
    }
    let entered = futures_util::future::join_all(entering).await;
    for second in 0..25 {
        let within = entered
            .iter()
            .filter(|(ok, at)| *ok && at.as_secs() == second);
        // Each keeper's first request goes at once: one more for each in the worst second.
        assert!(within.count() <= 20 + KEEPERS as usize);
    }
    let in_ten = entered.iter().filter(|(ok, at)| *ok && at.as_secs() < 10);
    assert!((197..=203).contains(&in_ten.count()));
    let mut held = Vec::new();
    while let Ok(pass) = enter(&gates[0].0, 60 * SECOND).await {
        held.push(pass);
    }
    assert_eq!(held.len(), 32 / 3);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_with_many_requests_does_not_starve_the_others() {
    let (gate, _changes) = gate();
    let begun = Instant::now();
    let greedy = TenantId::new();
    let of = |tenant| {
        let gate = Arc::clone(&gate);
        async move {
            let pass = gate.enter(LANE, tenant, begun + 60 * SECOND, false).await;
            pass.map(drop).map(|()| Instant::now() - begun)
        }
    };
    let many: Vec<_> = (0..200).map(|_| tokio::spawn(of(greedy))).collect();
    tokio::task::yield_now().await;
    let other = tokio::spawn(of(TenantId::new())).await.unwrap().unwrap();
    assert!(other <= SECOND, "{other:?}");
    for one in many {
        assert!(one.await.unwrap().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_leaves_nothing_behind() {
    let (gate, _changes) = gate();
    for _ in 0..100 {
        let left = tokio::time::timeout(Duration::from_millis(1), enter(&gate, 20 * SECOND));
        drop(left.await);
    }
    assert_eq!(gate.lock().in_flight, 0);
    assert!(enter(&gate, SECOND).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn breakers_tell_when_they_turn_and_let_nobody_pass() {
    let (gate, mut changes) = gate();
    enter(&gate, SECOND)
        .await
        .ok()
        .unwrap()
        .told(Heard::RefusesUs);
    let breaker = Breaker::Lane(LANE);
    let shut = Change::Shut {
        breaker,
        pause: 30 * SECOND,
        times: 1,
    };
    assert_eq!(changes.try_recv(), Ok(shut));
    let held = enter(&gate, SECOND).await.err().unwrap();
    assert!(held.retry_after > 25 * SECOND);
    let deadline = Instant::now() + SECOND;
    let by_hand = gate.enter(LANE, TenantId::new(), deadline, true).await;
    by_hand.ok().unwrap().told(Heard::Fine);
    assert_eq!(changes.try_recv(), Ok(Change::Opened { breaker }));
    assert!(enter(&gate, SECOND).await.is_ok());

    while gate.shut_for().is_none() {
        let pass = enter(&gate, SECOND).await.ok().unwrap();
        pass.told(Heard::Transient);
    }
    let breaker = Breaker::Authority;
    assert!(matches!(changes.try_recv(), Ok(Change::Shut { breaker: who, .. }) if who == breaker));
    assert!(gate.shut_for().is_some());
    assert!(enter(&gate, SECOND).await.is_err());
}

/// A thousand tenants with three tokens each, and an outage of six hours: what the keeper's worker does with [`Held`]
/// and passing failures, as far as it concerns the gate.
#[tokio::test(start_paused = true)]
async fn after_hours_of_outage_the_herd_is_let_through_slowly_and_all_are_fresh_in_a_quarter_of_an_hour()
 {
    const TENANTS: u32 = 1000;
    const TOKENS: usize = 3;
    const IN_HAND: usize = 48;
    const OUTAGE: Duration = Duration::from_hours(6);
    let (gate, mut changes) = gate();
    let begun = Instant::now();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let in_flight = Arc::new(AtomicUsize::new(0));
    let hands = Arc::new(tokio::sync::Semaphore::new(IN_HAND));
    let tenants: Vec<_> = (0..TENANTS)
        .map(|at| {
            let (gate, sent) = (Arc::clone(&gate), Arc::clone(&sent));
            let (hands, in_flight) = (Arc::clone(&hands), Arc::clone(&in_flight));
            tokio::spawn(async move {
                let tenant = TenantId::new();
                let mut left = TOKENS;
                // Spread as jitter does, and the same at every run.
                let spread = 1.0 + f64::from(at) / f64::from(TENANTS);
                while left > 0 {
                    let hand = hands.acquire().await.unwrap();
                    let deadline = Instant::now() + 30 * SECOND;
                    let wait = match gate.enter(LANE, tenant, deadline, false).await {
                        Err(held) => held.retry_after,
                        Ok(pass) => {
                            let now = Instant::now();
                            sent.lock().unwrap().push(now - begun);
                            assert!(in_flight.fetch_add(1, Ordering::Relaxed) < 32);
                            tokio::time::sleep(Duration::from_millis(200)).await;
                            in_flight.fetch_sub(1, Ordering::Relaxed);
                            if now - begun < OUTAGE {
                                pass.told(Heard::Transient);
                                // Recalled when the authority's incident closes, at most.
                                5 * 60 * SECOND
                            } else {
                                pass.told(Heard::Fine);
                                left -= 1;
                                Duration::ZERO
                            }
                        }
                    };
                    drop(hand);
                    tokio::time::sleep(wait.mul_f64(spread)).await;
                }
                Instant::now() - begun
            })
        })
        .collect();
    let mut last = Duration::ZERO;
    for tenant in tenants {
        last = last.max(tenant.await.unwrap());
    }
    assert!(
        last >= OUTAGE && last <= OUTAGE + 15 * 60 * SECOND,
        "{last:?}"
    );
    let sent = sent.lock().unwrap();
    let mut seconds = std::collections::HashMap::new();
    for at in sent.iter() {
        *seconds.entry(at.as_secs()).or_insert(0) += 1;
    }
    assert!(seconds.values().all(|sent| *sent <= 20));
    // While it was out, a few probes each half minute; then slowly at first.
    let during = sent.iter().filter(|at| **at < OUTAGE).count();
    assert!(during < 3 * 2 * 60 * 6 + 100, "{during}");
    let opened = sent.iter().filter(|at| **at >= OUTAGE).nth(3).unwrap();
    let first_minute = sent
        .iter()
        .filter(|at| **at >= *opened && **at < *opened + 60 * SECOND);
    assert!(first_minute.count() < 3 * 60);
    let mut turns = 0;
    while let Ok(change) = changes.try_recv() {
        turns += usize::from(
            change
                == Change::Opened {
                    breaker: Breaker::Authority,
                },
        );
    }
    assert_eq!(turns, 1);
}
