//! `Idempotency-Key`, by the domain: the calls that create are the resources' own, and are tried there.

use std::time::Duration;

use tenantry::domain::api_key::{self, Kept, Reply};

use super::stage::{Stage, everything};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_runs_and_the_others_get_its_answer() {
    let stage = Stage::new().await;
    let (key, _) = stage.key(everything("one")).await;
    let take = async |name: &str, body: &[u8]| {
        let mut op = stage.op().await;
        let kept = api_key::take_reply(&mut op, key, name, &[b"POST", body])
            .await
            .unwrap();
        op.commit().await.unwrap();
        kept
    };
    let all = futures_util::future::join_all((0..8).map(|_| take("a", b"{}"))).await;
    let runs = all.iter().filter(|kept| **kept == Kept::New).count();
    let waits = all.iter().filter(|kept| **kept == Kept::Running).count();
    assert_eq!((runs, waits), (1, 7));
    assert_eq!(take("a", b"{\"x\":1}").await, Kept::Other);
    let made = Reply {
        status: 201,
        etag: "\"1\"".into(),
        location: "/api/v1/tenants/1".into(),
        body: "made".into(),
    };
    api_key::keep_reply(&stage.app.pool, key, "a", &made)
        .await
        .unwrap();
    assert_eq!(take("a", b"{}").await, Kept::Answered(made));
    // Another key's names are its own.
    let (other, _) = stage.key(everything("other")).await;
    let mut op = stage.op().await;
    let kept = api_key::take_reply(&mut op, other, "a", &[b"POST", b"{}"])
        .await
        .unwrap();
    assert_eq!(kept, Kept::New);
    drop(op);
    assert_eq!(take("b", b"{}").await, Kept::New);
    api_key::forget_reply(&stage.app.pool, key, "b")
        .await
        .unwrap();
    assert_eq!(take("b", b"{}").await, Kept::New);
    // Its runner died in the middle.
    sqlx::query(
        "update api_replies set lease_until = now() - interval '1 second' where name = 'b'",
    )
    .execute(&stage.world.pool)
    .await
    .unwrap();
    assert_eq!(take("b", b"{}").await, Kept::New);
    stage.app.clock.advance(Duration::from_hours(25));
    assert_eq!(take("a", b"{}").await, Kept::New);
    stage.app.clock.advance(Duration::from_hours(25));
    let swept = api_key::sweep_replies(&stage.app.pool, stage.app.clock.now()).await;
    assert_eq!(swept.unwrap(), 2);
}
