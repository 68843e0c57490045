//! The Authentication Status in a real browser, under the real content security policy: rows and counts change in place, and
//! the list is walked by keyboard.

use std::time::Duration;

use tenantry::domain::connection;
use tenantry::domain::technician::Role;
use tenantry::storage::{self, TenantId};
use thirtyfour::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::support::app::TestApp;
use crate::support::chrome::{Chrome, open_as};
use crate::support::fleet::Fleet;

const STATUS: &str = "/security/authentication-status";

/// The portal with its listener, as `Server` starts it.
async fn listening() -> (TestApp, CancellationToken) {
    let app = TestApp::start().await;
    let stop = CancellationToken::new();
    let (ear, heard) = connection::status_ear();
    tokio::spawn(storage::listen(
        app.app.pool.clone(),
        vec![ear],
        stop.clone(),
    ));
    let news = app.app.status_news.clone();
    tokio::spawn(connection::tell_news(
        heard,
        app.app.pool.clone(),
        app.clock.clone(),
        news,
        stop.clone(),
    ));
    (app, stop)
}

async fn until(web: &WebDriver, selector: &str, text: &str) -> anyhow::Result<()> {
    let mut seen = String::new();
    for _ in 0..400 {
        if let Ok(found) = web.find(By::Css(selector)).await {
            seen = found.text().await.unwrap_or_default();
            if seen.contains(text) {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    anyhow::bail!("waited for {text:?} in {selector}, last seen: {seen}")
}

#[tokio::test]
async fn a_row_and_the_counts_change_in_place() -> anyhow::Result<()> {
    let (app, stop) = listening().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    let well = fleet.connection(alder, "active").await;
    let browser = app.login(Role::Technician).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    open_as(&web, &app.app.site.base_url, &browser, STATUS).await?;
    until(&web, "[data-count=valid] strong", "1").await?;
    fleet.change(well, "state = 'needs_consent', cause = 'password_changed', last_error_id = 7, last_error_code = 50173").await;
    let row = format!("tr[data-tenant='{alder}']");
    until(&web, &row, "Expired").await?;
    until(&web, &row, "Password changed").await?;
    until(&web, &row, "50173").await?;
    until(&web, "[data-count=expired] strong", "1").await?;
    until(&web, "[data-count=valid] strong", "0").await?;
    // Somebody who is not on this page: the page says that it has changed, and does not jump.
    fleet.tenant("birch", "Birch & Sons").await;
    until(&web, "[data-live-moved]", "The list has changed").await?;
    stop.cancel();
    web.quit().await?;
    Ok(())
}

#[tokio::test]
async fn the_list_is_walked_by_keyboard() -> anyhow::Result<()> {
    let (app, stop) = listening().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let mut ids: Vec<TenantId> = Vec::new();
    for name in ["alder", "birch"] {
        ids.push(fleet.tenant(name, "Somebody").await);
    }
    let browser = app.login(Role::Technician).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    open_as(
        &web,
        &app.app.site.base_url,
        &browser,
        &format!("{STATUS}?sort=tenant"),
    )
    .await?;
    let press = async |key: &str| web.active_element().await?.send_keys(key).await;
    press("/").await?;
    let name = web.active_element().await?.attr("name").await?;
    assert_eq!(name.as_deref(), Some("q"));
    web.execute("document.activeElement.blur()", vec![]).await?;
    press(&String::from(Key::Down.value())).await?;
    press(&String::from(Key::Down.value())).await?;
    let on = web.active_element().await?.attr("data-tenant").await?;
    assert_eq!(on, Some(ids[1].to_string()));
    press(" ").await?;
    until(&web, "[data-chosen]", "1 chosen:").await?;
    press(&String::from(Key::Up.value())).await?;
    press(&String::from(Key::Enter.value())).await?;
    until(&web, "h1", "Somebody").await?;
    assert!(
        web.current_url()
            .await?
            .path()
            .starts_with("/tenants/alder")
    );
    stop.cancel();
    web.quit().await?;
    Ok(())
}
