//! One link, a hundred at once: one token set is stored.

use futures_util::future::join_all;
use tenantry::keeper::message::Reply;

use super::stage::{DONE, Live};
use crate::support::keeper::{ADMIN, World};

const MANY: usize = 100;

#[tokio::test]
async fn a_hundred_browsers_with_one_link_make_one_connection() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", ADMIN)]).await;
    let browsers: Vec<_> = (0..MANY).map(|_| live.portal.browser()).collect();
    let started = browsers.iter().map(async |browser| {
        browser.post(&link, &[]).await;
        let form = [("method", "device_code")];
        let started = browser.post("/onboarding/start", &form).await;
        assert_eq!(started.status, 303, "{}", started.text());
        browser.follow(started).await
    });
    let pages = join_all(started).await;
    let codes: Vec<String> = pages
        .iter()
        .filter(|page| page.has(".usercode"))
        .map(|page| page.text_of(".usercode"))
        .collect();
    assert_eq!(codes.len(), 1, "one browser sees a code");
    let elsewhere = pages
        .iter()
        .filter(|page| page.text().contains("Opened elsewhere"));
    assert_eq!(elsewhere.count(), MANY - 1);
    live.world.approve(&codes[0], ADMIN);
    let winner = pages
        .iter()
        .position(|page| page.has(".usercode"))
        .expect("one has it");
    live.until(&browsers[winner], DONE).await;
    assert_one(&live.world).await;
    for (at, browser) in browsers.iter().enumerate() {
        let status = if at == winner { 200 } else { 404 };
        assert_eq!(browser.get("/onboarding").await.status, status);
    }
}

async fn assert_one(world: &World) {
    for sql in [
        "select count(*) from connections",
        "select count(*) from connection_secrets",
        "select count(*) from onboarding_flows where state = 'complete'",
        "select count(*) from invitations where state = 'completed'",
    ] {
        assert_eq!(world.number(sql).await, 1, "{sql}");
    }
    world.judge().await;
}

#[tokio::test]
async fn takeovers_while_somebody_signs_in_leave_one_connection_at_most() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", ADMIN)]).await;
    let browsers: Vec<_> = (0..20).map(|_| live.portal.browser()).collect();
    let taken = browsers.iter().map(async |browser| {
        browser.post(&link, &[]).await;
        browser.post("/onboarding/here", &[]).await;
        let form = [("method", "device_code")];
        let started = browser.post("/onboarding/start", &form).await;
        let page = browser.follow(started).await;
        if page.has(".usercode") {
            let code = page.text_of(".usercode");
            let person = tenantry::simulator::Person::willing(ADMIN);
            // A code that was taken over meanwhile may still be approved; it is nobody's by then.
            let _ = live.world.directory().approve_device(&code, &person);
        }
    });
    join_all(taken).await;
    live.world.clock.advance(std::time::Duration::from_secs(7));
    let sql = "select state from invitations where tenant_id = $1";
    live.world.until(sql, live.world.tenant, "completed").await;
    assert_one(&live.world).await;
}

#[tokio::test]
async fn a_hundred_returns_with_one_code_redeem_it_once() {
    let world = World::new().await;
    world.consent();
    let keeper = world.keeper().await;
    let invitation = world.invite(ADMIN).await;
    let flow = world.flow(invitation, "auth_code").await;
    let back = world.visit(&keeper, flow, ADMIN).await;
    let finished = (0..MANY).map(|_| keeper.ask(world.finish(flow, &back["code"])));
    let replies = join_all(finished).await;
    let done = replies.iter().filter(|reply| matches!(reply, Reply::Done));
    assert_eq!(done.count(), 1);
    world.until_flow(flow, "complete").await;
    assert_one(&world).await;
}
