//! One attempt belongs to one browser: others see neither code nor state, and may take over only by saying so.

use std::time::Duration;

use reqwest::Method;

use super::stage::Stage;

#[tokio::test]
async fn another_browser_with_the_link_sees_neither_code_nor_state() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (first, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let (second, page) = stage.administrator(&link).await;
    assert!(page.text().contains("Opened elsewhere"));
    assert!(!page.body.contains("B6SUYU5PL"));
    let started = second
        .post("/onboarding/start", &[("method", "device_code")])
        .await;
    assert!(
        second
            .follow(started)
            .await
            .text()
            .contains("Opened elsewhere"),
        "it cannot just begin"
    );
    assert_eq!(
        first.get("/onboarding").await.text_of(".usercode"),
        "B6SUYU5PL"
    );
}

#[tokio::test]
async fn continue_here_ends_the_first_ones_attempt() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (first, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let (second, page) = stage.administrator(&link).await;
    let here = second
        .submit(&page, "form[action='/onboarding/here']", &[])
        .await;
    let page = second.follow(here).await;
    assert_eq!(stage.app.keeper.asked().last().unwrap(), "end_flow");
    let started = second
        .submit(&page, "form[action='/onboarding/start']", &[])
        .await;
    stage.show_code().await;
    assert_eq!(
        second.follow(started).await.text_of(".usercode"),
        "B6SUYU5PL"
    );
    let page = first.get("/onboarding").await;
    assert!(page.text().contains("Opened elsewhere"));
    assert!(!page.body.contains("B6SUYU5PL"));
}

#[tokio::test]
async fn a_return_from_microsoft_in_another_browser_does_nothing() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (_, page) = stage.started(&link, &[("method", "auth_code")]).await;
    let state = page.attributes("a#microsoft", "href")[0]
        .rsplit("state=")
        .next()
        .unwrap()
        .to_owned();
    stage.set_state("redirected").await;
    let asked = stage.app.keeper.asked().len();
    let address = format!("/onboarding/return?state={state}&code=stolen");
    assert_eq!(stage.app.browser().get(&address).await.status, 404);
    let (second, _) = stage.administrator(&link).await;
    second.get(&address).await;
    assert_eq!(stage.app.keeper.asked().len(), asked);
}

#[tokio::test]
async fn events_say_changed_and_nothing_else_and_nothing_to_strangers() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let address = browser
        .get("/onboarding")
        .await
        .attributes("[data-live]", "data-live")
        .remove(0);
    assert_eq!(stage.app.browser().get(&address).await.status, 204);

    stage.set_state("acquiring").await;
    let events = browser.get(&address).await;
    assert_eq!(events.header("content-type"), "text/event-stream");
    assert!(events.body.contains("event: changed"), "{}", events.body);
    assert!(!events.body.contains("acquiring"));
}

#[tokio::test]
async fn a_waiting_page_is_told_when_the_row_changes() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let address = browser
        .get("/onboarding")
        .await
        .attributes("[data-live]", "data-live")
        .remove(0);
    let mut stream = browser.request(Method::GET, &address).send().await.unwrap();
    stage.set_state("acquiring").await;
    let id = sqlx::query_scalar("select id from onboarding_flows")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    stage.app.app.flow_changes.send(id).unwrap();
    let chunk = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let chunk = stream
                .chunk()
                .await
                .unwrap()
                .expect("told before the stream ends");
            if chunk.starts_with(b"event: changed") {
                return;
            }
        }
    });
    chunk.await.unwrap();
}

#[tokio::test]
async fn a_link_opened_later_wins_over_a_flow_begun_for_another_tenant() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    crate::support::tenant::add(&stage.app.pool, "fabrikam").await;
    let dialog = stage
        .technician
        .get("/tenants/fabrikam/invitations/new")
        .await;
    let made = stage
        .technician
        .submit(&dialog, "dialog form.stack", &[])
        .await;
    let shown = stage.technician.follow(made).await;
    let url = shown.attributes("#auth-url", "value").remove(0);
    let other = url
        .strip_prefix(stage.app.app.site.base_url.as_str())
        .unwrap();
    let page = browser.get(&format!("/{other}")).await;
    let moved = browser.submit(&page, "form", &[]).await;
    let page = browser.follow(moved).await;
    assert!(page.text().contains("fabrikam Ltd"));
    assert!(!page.body.contains("B6SUYU5PL"));
}
