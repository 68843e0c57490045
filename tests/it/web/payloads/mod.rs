//! Hostile text in every stored and reflected field, read back in a real browser on every page that shows it: nothing runs,
//! the content security policy has nothing to report, and no element or address on the page is the text's own.

mod planted;

use std::time::Duration;

use tenantry::domain::technician::Role;
use thirtyfour::prelude::*;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::chrome::{Chrome, open_as};
use crate::support::hostile::{chunks, listen, look, payloads};

/// A browser that reads pages, and what it found.
struct Reader {
    web: WebDriver,
    base: url::Url,
    /// Pages that say "not found" are pages too, where the text is not stored but asked with.
    worst: u16,
    read: usize,
    findings: Vec<String>,
}

impl Reader {
    fn new(web: &WebDriver, app: &TestApp, worst: u16) -> Self {
        Self {
            web: web.clone(),
            base: app.app.site.base_url.clone(),
            worst,
            read: 0,
            findings: Vec::new(),
        }
    }

    async fn open(&mut self, path: &str) -> anyhow::Result<()> {
        self.web.goto(self.base.join(path)?.as_str()).await?;
        self.note(path).await
    }

    /// The same for a list and every page that follows.
    async fn walk(&mut self, path: &str) -> anyhow::Result<()> {
        self.open(path).await?;
        for _ in 0..20 {
            let Ok(next) = self.web.find(By::Css("a[rel=next]")).await else {
                return Ok(());
            };
            let next = next.attr("href").await?.unwrap_or_default();
            self.open(&next).await?;
        }
        anyhow::bail!("{path} has no end")
    }

    /// Type `text` into every field of the form and send it; the answer is read.
    async fn send(&mut self, form: &str, text: &str) -> anyhow::Result<()> {
        let fill = "const [selector, text] = arguments;
            const form = document.querySelector(selector);
            for (const field of form.elements)
              if (/^(text|email|search|password|textarea)$/.test(field.type) || field.name === 'back') field.value = text;
            form.noValidate = true;
            window.__before = true;
            form.requestSubmit();";
        let arguments = vec![form.into(), text.into()];
        self.web.execute(fill, arguments).await?;
        for _ in 0..200 {
            let there = "return !window.__before && document.readyState === 'complete';";
            let there = self.web.execute(there, vec![]).await;
            if there.is_ok_and(|there| there.convert().unwrap_or(false)) {
                return self.note(form).await;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::bail!("no answer to {form}")
    }

    async fn note(&mut self, what: &str) -> anyhow::Result<()> {
        let look = look(&self.web).await?;
        self.read += 1;
        if !look.is_clean() || look.length == 0 || look.status > self.worst {
            self.findings.push(format!("{what}: {look:?}"));
        }
        Ok(())
    }

    fn assert_clean(self, at_least: usize) {
        assert!(self.findings.is_empty(), "{}", self.findings.join("\n"));
        assert!(self.read >= at_least, "only {} pages were read", self.read);
    }
}

/// A query with the text in each of these parameters.
fn query(path: &str, names: &[&str], text: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in names {
        query.append_pair(name, text);
    }
    format!("{path}?{}", query.finish())
}

#[tokio::test]
async fn the_corpus_is_large_and_the_browser_sees_what_an_unescaped_page_does() -> anyhow::Result<()>
{
    const GUARDED: [(&str, &str); 1] = [(
        "content-security-policy",
        "default-src 'none'; script-src 'nonce-x'; style-src 'none'",
    )];
    assert!(payloads().len() >= 300, "{}", payloads().len());
    let page = |text: &'static str| {
        axum::response::Html(format!("<!doctype html><title>x</title><p>{text} word"))
    };
    let router = axum::Router::new()
        .route("/ran", axum::routing::get(move || async move {
            page("<script>__pwn(1)</script><img src=x onerror=__pwn(1)>")
        }))
        .route("/refused", axum::routing::get(move || async move {
            (GUARDED, page("<script>__pwn(1)</script><div onclick=__pwn(1)></div>"))
        }))
        .route("/drawn", axum::routing::get(move || async move {
            page("<b data-pwn></b><a href=' javascript:__pwn(1)'></a><a href=//evil.example></a>")
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    listen(&web).await?;
    let mut looks = Vec::new();
    for path in ["ran", "refused", "drawn"] {
        web.goto(format!("http://{address}/{path}")).await?;
        looks.push(look(&web).await?);
    }
    web.quit().await?;
    assert_eq!(looks[0].ran, ["ran", "ran"], "{looks:?}");
    assert!(
        looks[1].refused.len() >= 2 && looks[1].ran.is_empty(),
        "{looks:?}"
    );
    assert_eq!(looks[2].drawn.len(), 3, "{looks:?}");
    Ok(())
}

#[tokio::test]
async fn stored_text_stays_text_on_every_page() -> anyhow::Result<()> {
    let planted = planted::plant().await;
    let browser = planted.app.login(Role::Owner).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    listen(&web).await?;
    open_as(&web, &planted.app.app.site.base_url, &browser, "/").await?;
    let mut reader = Reader::new(&web, &planted.app, 200);
    planted.name_the_owner().await;
    for list in planted.lists() {
        reader.walk(&list).await?;
    }
    for page in planted.pages() {
        reader.open(&page).await?;
    }
    web.quit().await?;
    reader.assert_clean(100);
    Ok(())
}

#[tokio::test]
async fn the_customers_pages_keep_stored_text_as_text() -> anyhow::Result<()> {
    let planted = planted::plant().await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    listen(&web).await?;
    let mut reader = Reader::new(&web, &planted.app, 200);
    for (token, secret) in planted.flows() {
        let visitor = planted.app.browser();
        visitor.set_cookie("inv", token);
        reader.open(&format!("/onboarding/{token}")).await?;
        open_as(&web, &reader.base.clone(), &visitor, "/onboarding").await?;
        reader.note("step 2").await?;
        visitor.set_cookie("flow", secret);
        for state in planted::STATES {
            planted.set(state).await;
            open_as(&web, &reader.base.clone(), &visitor, "/onboarding").await?;
            reader.note(state).await?;
        }
        planted.set("superseded").await;
    }
    web.quit().await?;
    reader.assert_clean(60);
    Ok(())
}

#[tokio::test]
async fn reflected_text_stays_text_in_searches_forms_and_refusals() -> anyhow::Result<()> {
    let app = TestApp::start().await;
    let tenant = crate::support::tenant::add(&app.pool, "contoso").await;
    let browser: Browser = app.login(Role::Owner).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    listen(&web).await?;
    open_as(&web, &app.app.site.base_url, &browser, "/").await?;
    let mut reader = Reader::new(&web, &app, 422);
    let status = ["q", "state", "cause", "mode", "tag", "expires"];
    for text in chunks(900) {
        for path in [
            query("/tenants", &["q"], &text),
            query("/monitoring/customer/pending-invitations", &["q"], &text),
            query("/monitoring/msal-errors", &["q"], &text),
            query("/tenants/contoso/invitations", &["q"], &text),
            query("/tenants/contoso/msal-errors", &["q"], &text),
        ] {
            reader.open(&path).await?;
        }
    }
    for text in chunks(250) {
        reader
            .open(&query("/security/authentication-status", &status, &text))
            .await?;
    }
    for text in chunks(2_000) {
        for path in [
            query("/onboarding", &["later"], &text),
            query("/onboarding/return", &["state", "error_description"], &text),
            query("/tenants/contoso/invitations/new", &["from"], &text),
        ] {
            reader.open(&path).await?;
        }
        for (path, form) in [
            ("/tenants/new", "form[data-tenant]"),
            ("/tenants/contoso/edit", "form[data-tenant]"),
            ("/tenants/contoso/invitations/new", "dialog form.stack"),
            ("/security/technicians/new", "form.card"),
        ] {
            reader.open(path).await?;
            reader.send(form, &text).await?;
        }
        let snooze = format!(
            "/security/authentication-status/snooze?tenant={}",
            tenant.as_uuid()
        );
        reader.open(&snooze).await?;
        reader.send("form.card", &text).await?;
    }
    web.delete_all_cookies().await?;
    for text in chunks(2_000) {
        reader.open(&query("/login", &["next"], &text)).await?;
        reader.send("#sign-in", &text).await?;
    }
    web.quit().await?;
    reader.assert_clean(200);
    Ok(())
}
