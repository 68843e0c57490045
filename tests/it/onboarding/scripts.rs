//! What the scripts add, in a real browser under the real content security policy: the page goes on by itself, buttons
//! copy, the Auth URL opens in place.

use std::time::Duration;

use anyhow::ensure;
use thirtyfour::prelude::*;
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::chrome::Chrome;

/// Open a page of the portal with another browser's cookies.
async fn open(
    stage: &Stage,
    web: &WebDriver,
    cookies: &Browser,
    path: &str,
) -> WebDriverResult<()> {
    let base = stage
        .app
        .app
        .site
        .base_url
        .as_str()
        .trim_end_matches('/')
        .to_owned();
    web.goto(format!("{base}/favicon.ico")).await?;
    for name in ["sid", "inv", "flow"] {
        if let Some(value) = cookies.cookie(name) {
            let mut cookie = Cookie::new(name, value);
            cookie.set_path("/");
            web.add_cookie(cookie).await?;
        }
    }
    web.goto(format!("{base}{path}")).await
}

async fn until_text(web: &WebDriver, text: &str) -> anyhow::Result<()> {
    let mut seen = String::new();
    for _ in 0..200 {
        if let Ok(body) = web.find(By::Css("body")).await {
            seen = body.text().await.unwrap_or_default();
            if seen.contains(text) {
                return Ok(());
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("waited for {text:?}, last seen: {seen}")
}

#[tokio::test]
async fn the_code_page_counts_down_and_goes_on_by_itself() -> anyhow::Result<()> {
    let stage = Stage::set().await;
    let stop = CancellationToken::new();
    let app = &stage.app.app;
    tokio::spawn(tenantry::storage::listen(
        app.pool.clone(),
        vec![tenantry::domain::onboarding::ear(app.flow_changes.clone())],
        stop.clone(),
    ));
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let played = async {
        open(&stage, &web, &browser, "/onboarding").await?;
        until_text(&web, "Time left: 14:").await?;
        web.find(By::Css("[data-copy='#user-code']"))
            .await?
            .click()
            .await?;
        until_text(&web, "Copied").await?;
        stage.set_state("acquiring").await;
        until_text(&web, "You are signed in").await?;
        stage.set_state("complete").await;
        until_text(&web, "All tokens acquired! You can close this page now.").await
    }
    .await;
    stop.cancel();
    web.quit().await?;
    played
}

#[tokio::test]
async fn the_auth_url_opens_in_place_with_a_copy_button() -> anyhow::Result<()> {
    let stage = Stage::set().await;
    stage.invite_admin().await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let played = async {
        let list = "/monitoring/customer/pending-invitations";
        open(&stage, &web, &stage.technician, list).await?;
        web.find(By::Css("[data-auth-url]")).await?.click().await?;
        let field = web
            .query(By::Css("dialog[open] #auth-dialog-url"))
            .first()
            .await?;
        let url = field.prop("value").await?.unwrap_or_default();
        let base = stage.app.app.site.base_url.as_str();
        ensure!(url.starts_with(&format!("{base}onboarding/inv_")), "{url}");
        web.find(By::Css("dialog[open] [data-copy]"))
            .await?
            .click()
            .await?;
        until_text(&web, "Copied").await?;
        ensure!(web.current_url().await?.path() == list, "nothing was left");
        Ok(())
    }
    .await;
    web.quit().await?;
    played
}
