//! Single sign-on, from the login page to the provider and back: who comes in, as what, and above all who does not.

mod accounts;
mod again;
mod emergency;
mod forged;
mod links;
mod pretend;
mod real;
mod trips;
mod trouble;

use std::sync::Arc;

use serde_json::{Value, json};
use tenantry::config::Config;
use tenantry::domain::sign_on;
use tenantry::domain::technician::Role;
use tenantry::storage::TechnicianId;
use url::Url;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::page::Page;
use pretend::Pretend;

pub const CLIENT: &str = "tenantry";
pub const SUBJECT: &str = "subject-of-robin";
pub const NEEDS_LOGIN: &str = "/security/authentication-status";

/// A portal that believes a pretend provider.
pub struct World {
    pub app: TestApp,
    pub idp: Pretend,
}

/// A browser's way to the provider, as its address says it.
pub struct Away {
    pub state: String,
    pub nonce: String,
    pub challenge: String,
    pub address: Url,
}

impl World {
    /// With these settings besides issuer, client and name.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let idp = Pretend::start().await;
        let app = portal(&idp.issuer(), settings).await;
        Self { app, idp }
    }

    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A technician whose identity is linked already.
    pub async fn linked(&self, role: Role) -> TechnicianId {
        self.linked_as("robin@msp.example", role, &self.idp.issuer(), SUBJECT)
            .await
    }

    pub async fn linked_as(
        &self,
        email: &str,
        role: Role,
        issuer: &str,
        subject: &str,
    ) -> TechnicianId {
        let id = self.app.technician(email, role).await;
        sqlx::query("insert into technician_sign_ons (technician_id, issuer, subject, linked_at) values ($1, $2, $3, $4)")
            .bind(id)
            .bind(issuer)
            .bind(subject)
            .bind(self.app.clock.now())
            .execute(&self.app.pool)
            .await
            .unwrap();
        id
    }

    /// Leave for the provider from the login page.
    pub async fn leave(&self, browser: &Browser) -> Away {
        let page = browser.get("/login").await;
        away(&browser.submit(&page, "form#sso", &[]).await)
    }

    /// Claims of a good token for this trip; `change` replaces some, null takes one away.
    pub fn claims(&self, away: &Away, change: &Value) -> Value {
        let now = self.app.clock.now().unix_timestamp();
        let mut claims = json!({"iss": self.idp.issuer(), "aud": CLIENT, "sub": SUBJECT, "nonce": away.nonce,
            "iat": now, "exp": now + 600, "auth_time": now, "amr": ["pwd", "mfa"], "name": "Robin Marlow", "email": "robin@msp.example"});
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            }
        }
        claims
    }

    /// Come back with a code that the provider exchanges for these claims, well signed.
    pub async fn come_back(&self, browser: &Browser, away: &Away, change: &Value) -> Page {
        let token = self.idp.sign(&self.claims(away, change));
        self.come_back_with(browser, away, &token).await
    }

    /// The same for any text as the `id_token`.
    pub async fn come_back_with(&self, browser: &Browser, away: &Away, token: &str) -> Page {
        self.idp.give(token);
        browser
            .get(&format!("/login/return?code=c&state={}", away.state))
            .await
    }

    /// The whole trip.
    pub async fn sign_in(&self, browser: &Browser, change: &Value) -> Page {
        let away = self.leave(browser).await;
        self.come_back(browser, &away, change).await
    }

    /// Why the last attempt was refused, as written down.
    pub async fn last_reason(&self) -> String {
        sqlx::query_scalar(
            "select coalesce(details->>'reason', '') from audit_events where action = 'technician.signed_in' order by id desc limit 1",
        )
        .fetch_one(&self.app.pool)
        .await
        .unwrap()
    }

    pub async fn role_of(&self, id: TechnicianId) -> String {
        sqlx::query_scalar("select role from technicians where id = $1")
            .bind(id)
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }

    /// Rows of a table.
    pub async fn count(&self, table: &'static str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }

    /// Nobody is slowed down by what a test did before.
    pub async fn forget_failures(&self) {
        sqlx::query("delete from login_failures")
            .execute(&self.app.pool)
            .await
            .unwrap();
    }
}

/// A portal with single sign-on at this issuer.
pub async fn portal(issuer: &str, settings: &[(&str, &str)]) -> TestApp {
    let mut pairs = vec![
        ("sso.issuer", issuer),
        ("sso.client_id", CLIENT),
        ("sso.name", "Harbour ID"),
    ];
    pairs.extend_from_slice(settings);
    let sso = Config::from_pairs(pairs).unwrap().sso.unwrap();
    TestApp::start_with(|app| {
        let set_up = sign_on::set_up(&sso, &app.site.base_url, app.clock.clone()).unwrap();
        app.sso = Some(Arc::new(set_up));
    })
    .await
}

/// Where this page sends the browser.
pub fn away(page: &Page) -> Away {
    assert_eq!(page.status, 200, "{}", page.body);
    let address: Url = page.attributes("a#provider", "href")[0].parse().unwrap();
    let value = |name: &str| {
        let pair = address.query_pairs().find(|(known, _)| known == name);
        pair.unwrap_or_else(|| panic!("no {name} in {address}"))
            .1
            .into_owned()
    };
    Away {
        state: value("state"),
        nonce: value("nonce"),
        challenge: value("code_challenge"),
        address: address.clone(),
    }
}

/// Whether this browser is signed in.
pub async fn is_in(browser: &Browser) -> bool {
    browser.get(NEEDS_LOGIN).await.status == 200
}
