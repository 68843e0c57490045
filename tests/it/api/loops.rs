//! What the API is for: a script that runs for hours and asks for a token before each call to Microsoft sees no 401.

use std::time::Duration;

use super::stage::{Stage, everything};

const CALLS: u32 = 10_000;
/// Callers side by side; each asks before each of its calls.
const WORKERS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn three_hours_of_ten_thousand_calls_to_graph_see_no_401() {
    let stage = Stage::with(|app| {
        app.limits.keys.calls = 1_000_000;
        app.limits.keys.hand_outs = 1_000_000;
        app.limits.keys.tenant_hand_outs = 1_000_000;
    })
    .await;
    let (_, script) = stage.key(everything("loop")).await;
    // Tokens live for a day; the one that is held ends in the middle of the loop.
    let end: time::OffsetDateTime =
        sqlx::query_scalar("select expires_at from tokens where resource = 'graph'")
            .fetch_one(&stage.world.pool)
            .await
            .unwrap();
    let until = end - stage.app.clock.now() - time::Duration::minutes(90);
    stage.app.clock.advance(until.unsigned_abs());
    let me = stage.world.simulator.url().join("v1.0/me").unwrap();
    #[expect(clippy::disallowed_methods, reason = "a script of somebody else's")]
    let graph = reqwest::Client::builder().no_proxy().build().unwrap();
    let step = Duration::from_hours(3) * WORKERS / CALLS;
    let mut refused = 0;
    for _ in 0..CALLS / WORKERS {
        let round = (0..WORKERS).map(|_| {
            let (script, graph, me) = (script.clone(), graph.clone(), me.clone());
            async move {
                let answer = script.token("contoso", "graph").await;
                assert_eq!(answer.status, 200, "{answer:?}");
                let token = answer.json()["access_token"].as_str().unwrap().to_owned();
                let said = graph.get(me).bearer_auth(token).send().await.unwrap();
                said.status().as_u16()
            }
        });
        let said = futures_util::future::join_all(round).await;
        refused += said.iter().filter(|status| **status != 200).count();
        stage.app.clock.advance(step);
    }
    assert_eq!(refused, 0);
    assert_eq!(
        stage
            .count("select count(*) from audit_events where action = 'token.hand_out'")
            .await,
        i64::from(CALLS)
    );
}
