//! A portal with one tenant and an invitation to it. The keeper is a few lines, and what a real one would write into the
//! flow's row is written here.

use std::time::Duration;

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::page::Page;

pub struct Stage {
    pub app: TestApp,
    pub technician: Browser,
}

impl Stage {
    pub async fn set() -> Self {
        let app = TestApp::start().await;
        let technician = app.login(Role::Technician).await;
        crate::support::tenant::add(&app.pool, "contoso").await;
        Self { app, technician }
    }

    /// The same behind a proxy, so that every request may come from an address of its own.
    pub async fn behind_proxy() -> Self {
        let app = TestApp::start_with(|app| {
            app.trusted_proxies = std::sync::Arc::new(["127.0.0.1".parse().unwrap()]);
        })
        .await;
        let technician = app.login(Role::Technician).await;
        crate::support::tenant::add(&app.pool, "contoso").await;
        Self { app, technician }
    }

    /// The word of an only row.
    pub async fn word(&self, sql: &'static str) -> String {
        sqlx::query_scalar(sql)
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }

    /// Make an invitation as a technician does, and give its link's path.
    pub async fn invite(&self, fields: &[(&str, &str)]) -> String {
        let dialog = self
            .technician
            .get("/tenants/contoso/invitations/new?from=status")
            .await;
        let made = self
            .technician
            .submit(&dialog, "dialog form.stack", fields)
            .await;
        let shown = self.technician.follow(made).await;
        let url = shown.attributes("#auth-url", "value").remove(0);
        let base = self.app.app.site.base_url.as_str();
        format!("/{}", url.strip_prefix(base).unwrap())
    }

    /// An invitation for `admin@contoso.example`.
    pub async fn invite_admin(&self) -> String {
        self.invite(&[("admin_username", "admin@contoso.example")])
            .await
    }

    /// An administrator's browser that opened the link and pressed "Continue".
    pub async fn administrator(&self, link: &str) -> (Browser, Page) {
        let browser = self.app.browser();
        let page = browser.get(link).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let moved = browser.submit(&page, "form", &[]).await;
        let page = browser.follow(moved).await;
        (browser, page)
    }

    /// The same, who also pressed "Start authentication".
    pub async fn started(&self, link: &str, fields: &[(&str, &str)]) -> (Browser, Page) {
        let (browser, page) = self.administrator(link).await;
        let started = browser
            .submit(&page, "form[action='/onboarding/start']", fields)
            .await;
        let page = browser.follow(started).await;
        (browser, page)
    }

    /// What the keeper writes when Microsoft gave a code.
    pub async fn show_code(&self) {
        let until = self.app.clock.now() + Duration::from_mins(15);
        sqlx::query(
            "update onboarding_flows set state = 'code_shown', user_code = 'B6SUYU5PL',
               verification_uri = 'https://microsoft.com/devicelogin', code_expires_at = $1, expires_at = $1
             where state = 'started'",
        )
        .bind(until)
        .execute(&self.app.pool)
        .await
        .unwrap();
    }

    /// What the keeper writes when an attempt failed; `who` signed in.
    pub async fn fail(&self, word: &str, who: &str) {
        sqlx::query(
            "update onboarding_flows set state = 'failed', failure = $1, signed_in_username = nullif($2, '')
             where state not in ('superseded', 'failed')",
        )
        .bind(word)
        .bind(who)
        .execute(&self.app.pool)
        .await
        .unwrap();
    }

    pub async fn set_state(&self, state: &str) {
        sqlx::query(
            "update onboarding_flows set state = $1 where state not in ('superseded', 'failed')",
        )
        .bind(state)
        .execute(&self.app.pool)
        .await
        .unwrap();
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }
}
