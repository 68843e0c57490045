//! What time changes by itself, and the charts over days.

use time::Duration;

use super::{NAMES, STATUS, Stage};
use crate::support::fleet::Failure;

#[tokio::test]
async fn the_charts_count_what_ends_and_what_failed_and_lead_there() {
    let stage = Stage::new().await;
    let cedar = stage.fleet.tenant("cedar", "Cedar Foods").await;
    let ends = stage.fleet.connection(cedar, "active").await;
    stage
        .fleet
        .expires(ends, Duration::days(40), "credential")
        .await;
    for _ in 0..3 {
        stage.fleet.error(stage.birch, Failure::default()).await;
    }
    let page = stage.browser.get(STATUS).await;
    let said = page.texts("figure figcaption p");
    assert!(said[0].starts_with("1 ends by itself, on "), "{said:?}");
    assert!(said[1].starts_with("3 errors were recorded"), "{said:?}");
    let day = page.attributes("figure tbody a", "href")[0].clone();
    let that_day = stage.browser.get(&day).await;
    assert_eq!(that_day.texts(NAMES), ["cedar"]);
    assert!(that_day.text().contains("Only what ends by itself on"));
    let failed = page.attributes("figure tbody a", "href")[1].clone();
    assert_eq!(
        stage
            .browser
            .get(&failed)
            .await
            .texts("table.errors tbody tr")
            .len(),
        3
    );
}

#[tokio::test]
async fn a_state_that_ends_with_time_is_right_without_the_worker_and_in_the_table_after_it() {
    let mut stage = Stage::new().await;
    let cedar = stage.fleet.tenant("cedar", "Cedar Foods").await;
    let ends = stage.fleet.connection(cedar, "active").await;
    stage
        .fleet
        .expires(ends, Duration::days(20), "credential")
        .await;
    let expiring = |page: crate::support::page::Page| {
        page.texts(".counts a").contains(&"1 Expiring".to_owned())
    };
    assert!(!expiring(stage.browser.get(STATUS).await));
    stage.later(7).await;
    assert!(expiring(stage.browser.get(STATUS).await));
    let stored = "select state from tenant_status where short_name = 'cedar'";
    let state: String = sqlx::query_scalar(stored)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(state, "valid", "looking changes nothing");
    tenantry::domain::connection::keep_status(&stage.app.app.pool, stage.app.clock.now())
        .await
        .unwrap();
    let state: String = sqlx::query_scalar(stored)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(state, "expiring");
    assert!(expiring(stage.browser.get(STATUS).await));
    let folded: i64 = sqlx::query_scalar("select count(*) from status_count_deltas")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(folded, 0);
}
