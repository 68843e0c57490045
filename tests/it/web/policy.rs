//! The content policy in a real browser: on no page of ours does it refuse anything, Trusted Types included, and what it does
//! refuse is reported to us.

use std::time::Duration;

use tenantry::domain::technician::Role;
use thirtyfour::prelude::*;

use super::barriers::world;
use super::tls::over_tls;
use crate::support::app::TestApp;
use crate::support::chrome::{Chrome, open_as};

/// What the policy refused on this page since it began to load: directive and where.
async fn refused(web: &WebDriver) -> WebDriverResult<Vec<String>> {
    let reports = web
        .execute_async(
            "const done = arguments[0], seen = [];
             const take = (reports) => { for (const { body } of reports) seen.push(`${body.effectiveDirective} ${body.sourceFile ?? ''}`); };
             const observer = new ReportingObserver(take, { types: ['csp-violation'], buffered: true });
             observer.observe();
             setTimeout(() => { take(observer.takeRecords()); done(seen); }, 50);",
            vec![],
        )
        .await?;
    reports.convert()
}

#[tokio::test]
async fn nothing_of_ours_is_refused_on_any_page() -> anyhow::Result<()> {
    let world = world().await;
    let browser = world.app.login(Role::Owner).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let base = &world.app.app.site.base_url;
    open_as(&web, base, &browser, "/").await?;
    let public = [
        "/login",
        "/onboarding",
        "/onboarding/nonsense",
        "/nothing-here",
    ];
    let pages = world.pages.iter().map(String::as_str).chain(public);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages {
        web.goto(base.join(page)?.as_str()).await?;
        for finding in refused(&web).await? {
            wrong.push(format!("{page}: {finding}"));
        }
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // It would be seen: a script and an event attribute of somebody else's, text that becomes markup, a style, an image.
    web.execute(
        "const attempt = (act) => { try { act(); } catch {} };
         attempt(() => { const script = document.createElement('script'); script.append('window.executed = 1'); document.body.append(script); });
         attempt(() => { document.body.setAttribute('onclick', 'window.executed = 2'); document.body.click(); });
         attempt(() => document.body.insertAdjacentHTML('beforeend', '<b>markup</b>'));
         attempt(() => document.body.setAttribute('style', 'color: red'));
         attempt(() => { new Image().src = 'https://other.example/'; });",
        vec![],
    )
    .await?;
    let found = refused(&web).await?.join(" ");
    for directive in ["require-trusted-types-for", "style-src", "img-src"] {
        assert!(found.contains(directive), "{directive}: {found}");
    }
    let executed = web.execute("return window.executed ?? 0;", vec![]).await?;
    assert_eq!(executed.convert::<u8>()?, 0, "and nothing of it ran");
    web.quit().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_refused_reaches_us() -> anyhow::Result<()> {
    let test = TestApp::start().await;
    // Browsers report over TLS alone.
    let (base, _stop) = over_tls(&test.app).await;
    let chrome = Chrome::start().await?;
    let web = chrome
        .browser_with(&["--ignore-certificate-errors"])
        .await?;
    web.goto(base.join("/login")?.as_str()).await?;
    web.execute("document.body.setAttribute('style', 'color: red');", vec![])
        .await?;
    // It may collect them for a minute.
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let counted: Option<i64> =
            sqlx::query_scalar("select reports from csp_reports where directive = 'style-src'")
                .fetch_optional(&test.pool)
                .await?;
        if counted.is_some() {
            web.quit().await?;
            return Ok(());
        }
    }
    anyhow::bail!("no report came within 100 s")
}
