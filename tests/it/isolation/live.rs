//! The live list: nothing of a tenant outside reaches an open page, also when the limit came after the page.

use std::time::Duration;

use reqwest::{Method, Response};
use tenantry::domain::connection;
use tenantry::storage;
use tokio_util::sync::CancellationToken;

use super::stage::{Customer, Stage, limit};
use crate::support::browser::Browser;

const EVENTS: &str = "/security/authentication-status/events";

/// The portal's listener, as `Server` starts it.
fn listen(stage: &Stage) -> CancellationToken {
    let stop = CancellationToken::new();
    let (ear, heard) = connection::status_ear();
    let app = &stage.app;
    tokio::spawn(storage::listen(
        app.app.pool.clone(),
        vec![ear],
        stop.clone(),
    ));
    tokio::spawn(connection::tell_news(
        heard,
        app.app.pool.clone(),
        app.clock.clone(),
        app.app.status_news.clone(),
        stop.clone(),
    ));
    stop
}

/// A page that names every tenant there is, and listens.
async fn open(browser: &Browser, customers: &[Customer]) -> Response {
    let rows: Vec<String> = customers
        .iter()
        .map(|one| format!("tenant={}", one.id))
        .collect();
    let request = browser
        .request(Method::GET, &format!("{EVENTS}?{}", rows.join("&")))
        .header("sec-fetch-site", "same-origin")
        .header("accept", "text/event-stream");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    response
}

/// What arrives until `mark` does, the stream ends, or the time is over; and whether it ended.
async fn hear(stream: &mut Response, mark: &str, patience: Duration) -> (String, bool) {
    let mut heard = String::new();
    let end = tokio::time::Instant::now() + patience;
    while !heard.contains(mark) {
        match tokio::time::timeout_at(end, stream.chunk()).await {
            Ok(Ok(Some(bytes))) => heard.push_str(&String::from_utf8_lossy(&bytes)),
            Ok(_) => return (heard, true),
            Err(_) => return (heard, false),
        }
    }
    (heard, false)
}

async fn change(stage: &Stage, customer: &Customer, cause: &str) {
    stage
        .fleet
        .change(
            customer.connection.into(),
            &format!("state = 'needs_consent', cause = '{cause}'"),
        )
        .await;
}

fn assert_silent(heard: &str, foreign: &[&Customer]) {
    for customer in foreign {
        for mark in &customer.marks {
            assert!(!heard.contains(mark.as_str()), "{mark} was told: {heard}");
        }
    }
}

#[tokio::test]
async fn an_open_page_hears_of_its_own_tenants_and_of_no_others() {
    let stage = Stage::new().await;
    let stop = listen(&stage);
    for (side, (browser, own, foreign)) in stage.sides().into_iter().enumerate() {
        let nth = side + 1;
        let mut stream = open(browser, &stage.customers).await;
        let (first, _) = hear(&mut stream, "event: counts", Duration::from_secs(5)).await;
        assert!(first.contains(&own[0].id.to_string()));
        assert_silent(&first, &foreign);
        change(&stage, foreign[nth], "mfa_required").await;
        change(&stage, own[nth], "mfa_required").await;
        let (news, ended) = hear(
            &mut stream,
            &own[nth].id.to_string(),
            Duration::from_secs(10),
        )
        .await;
        assert!(news.contains(&own[nth].id.to_string()), "{news} {ended}");
        assert_silent(&news, &foreign);
    }
    stop.cancel();
}

#[tokio::test]
async fn a_page_opened_before_the_limit_hears_nothing_of_what_changed_after_it() {
    let stage = Stage::new().await;
    let stop = listen(&stage);
    let id = stage
        .app
        .technician(
            "kim@msp.example",
            tenantry::domain::technician::Role::Technician,
        )
        .await;
    let kim = stage.app.browser_of(id).await;
    let mut stream = open(&kim, &stage.customers).await;
    let (first, _) = hear(&mut stream, "event: counts", Duration::from_secs(5)).await;
    let foreign = stage.seen_by_gold(false);
    assert!(
        first.contains(&foreign[0].id.to_string()),
        "not limited yet"
    );
    limit(&stage.owner, id, &[("reach", "only"), ("tag", "gold")]).await;
    change(&stage, foreign[1], "mfa_required").await;
    let (news, ended) = hear(&mut stream, "no such mark", Duration::from_secs(10)).await;
    assert!(ended, "the page has to ask anew: {news}");
    assert_silent(&news, &foreign);
    // Coming again, it is told what may be seen now.
    let mut stream = open(&kim, &stage.customers).await;
    let (again, _) = hear(&mut stream, "event: counts", Duration::from_secs(5)).await;
    assert_silent(&again, &foreign);
    stop.cancel();
}
