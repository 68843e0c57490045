//! Against a provider that nobody here wrote (npm `oidc-provider`): by each method of signature and of showing our secret, and
//! the whole trip in Chromium.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};
use tenantry::config::Config;
use tenantry::domain::sign_on;
use tenantry::domain::technician::Role;
use thirtyfour::prelude::*;
use url::Url;

use super::{NEEDS_LOGIN, away, is_in};
use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::chrome::Chrome;
use crate::support::packages;
use crate::support::page::Page;
use crate::support::scratch::Scratch;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sign-on/provider.mjs");
/// With characters that HTTP Basic must encode (RFC 6749 section 2.3.1).
const SECRET: &str = "a secret: with % and +, of course";

/// The provider's process; ends when dropped.
struct Real {
    process: Child,
    issuer: String,
}

impl Real {
    /// Start it for the portal at `base`; waits until it listens.
    fn start(base: &Url, algorithm: &str, auth_method: &str) -> Self {
        let told = json!({
            "modules": packages::npm("sign-on"),
            "host": "localhost",
            "algorithm": algorithm,
            "client_id": "tenantry",
            "client_secret": SECRET,
            "auth_method": auth_method,
            "redirect_uri": base.join("/login/return").unwrap(),
            "people": {
                "robin": {"name": "Robin Marlow", "email": "robin@msp.example", "groups": ["desk"]},
                "eve": {"name": "Eve", "email": "robin@msp.example", "groups": ["desk"]},
            },
        });
        let mut process = Command::new("node")
            .arg(SCRIPT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts: make test installs it");
        let stdin = process.stdin.as_mut().unwrap();
        writeln!(stdin, "{told}").unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let issuer = said["issuer"].as_str().unwrap().to_owned();
        Self { process, issuer }
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct World {
    app: TestApp,
    real: Real,
    _secret: Scratch,
}

async fn world(algorithm: &str, auth_method: &str) -> World {
    // The provider must know the portal's address, and the portal the provider's: the portal learns it last.
    let secret = Scratch::new();
    let file = secret.file("client-secret", SECRET);
    let mut started = None;
    let app = TestApp::start_with(|app| {
        let base = app.site.base_url.clone();
        let real = Real::start(&base, algorithm, auth_method);
        let settings = [
            ("sso.issuer", real.issuer.as_str()),
            ("sso.client_id", "tenantry"),
            ("sso.client_secret_file", file.to_str().unwrap()),
            ("sso.name", "Harbour ID"),
            ("sso.scopes", "openid,profile,email,groups"),
            ("sso.roles", "desk=technician"),
            ("sso.without_amr", "refuse"),
        ];
        let sso = Config::from_pairs(settings).unwrap().sso.unwrap();
        app.sso = Some(Arc::new(
            sign_on::set_up(&sso, &base, app.clock.clone()).unwrap(),
        ));
        started = Some(real);
    })
    .await;
    let real = started.unwrap();
    let robin = app.technician("robin@msp.example", Role::Viewer).await;
    sqlx::query("insert into technician_sign_ons (technician_id, issuer, subject, linked_at) values ($1, $2, 'robin', now())")
        .bind(robin)
        .bind(&real.issuer)
        .execute(&app.pool)
        .await
        .unwrap();
    World {
        app,
        real,
        _secret: secret,
    }
}

impl World {
    /// Leave, sign in there as this person, and come back: the answer at our own address.
    async fn sign_in(&self, browser: &Browser, fields: &[(&str, &str)]) -> Page {
        let login = browser.get("/login").await;
        let left = away(&browser.submit(&login, "form#sso", &[]).await);
        let there = Browser::new(&self.real.issuer.parse().unwrap());
        let asked = there.get(left.address.as_str()).await;
        let asked = there.get(asked.location.as_deref().unwrap()).await;
        let mut page = there.submit(&asked, "form", fields).await;
        let home = self.app.app.site.base_url.as_str();
        loop {
            let next = page
                .location
                .clone()
                .unwrap_or_else(|| panic!("stuck at {}: {}", page.path, page.body));
            if next.starts_with(home) {
                return browser.get(&next).await;
            }
            page = there.get(&next).await;
        }
    }
}

#[tokio::test]
async fn each_method_of_signature_and_of_showing_the_secret_is_understood() {
    for (algorithm, auth_method) in [
        ("RS256", "client_secret_basic"),
        ("PS256", "client_secret_basic"),
        ("ES256", "client_secret_basic"),
    ] {
        let world = world(algorithm, auth_method).await;
        let browser = world.app.browser();
        let page = world
            .sign_in(&browser, &[("login", "robin"), ("mfa", "1"), ("act", "in")])
            .await;
        assert_eq!(page.status, 303, "{algorithm}: {}", page.text());
        assert!(is_in(&browser).await, "{algorithm}");
        let page = world
            .sign_in(
                &world.app.browser(),
                &[("login", "eve"), ("mfa", "1"), ("act", "in")],
            )
            .await;
        assert_eq!(page.status, 422, "the same address is not the same person");
        let page = world
            .sign_in(&world.app.browser(), &[("login", "robin"), ("act", "in")])
            .await;
        assert!(
            page.text_of("#problem").contains("without a second factor"),
            "{algorithm}: {}",
            page.text()
        );
        let page = world
            .sign_in(&world.app.browser(), &[("login", "robin"), ("act", "no")])
            .await;
        assert!(
            page.text_of("#problem")
                .contains("did not let the sign-in through")
        );
        assert!(!page.body.contains("alert(1)"));
        let role: String = sqlx::query_scalar("select role from technicians")
            .fetch_one(&world.app.pool)
            .await
            .unwrap();
        assert_eq!(role, "technician", "the group's");
    }
}

#[tokio::test]
async fn a_wrong_secret_is_told_as_a_fault_of_the_set_up() {
    let mut world = world("RS256", "client_secret_basic").await;
    let good = world.app.app.sso.clone().unwrap();
    let settings = tenantry::oidc::Settings {
        client_secret: Some(SecretString::from("wrong")),
        ..good.provider.settings().clone()
    };
    let provider = tenantry::oidc::Provider::new(settings, world.app.clock.clone()).unwrap();
    let health = provider.health().await.unwrap();
    assert!(health.says_s256);
    let browser = world.app.browser();
    world.app.app.sso = None;
    let leaving = provider.leave(false).await.unwrap();
    let refused = provider
        .redeem(tenantry::oidc::Return {
            code: &SecretString::from("made up"),
            verifier: &leaving.departure.verifier,
            nonce: &leaving.departure.nonce,
            begun_at: world.app.clock.now(),
        })
        .await;
    assert!(
        matches!(refused, Err(tenantry::oidc::RedeemError::Provider(_))),
        "{refused:?}"
    );
    assert!(!is_in(&browser).await);
}

#[tokio::test]
async fn the_whole_trip_in_a_real_browser_is_one_click_here() -> anyhow::Result<()> {
    let world = world("ES256", "client_secret_basic").await;
    let base = &world.app.app.site.base_url;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    web.goto(base.join(NEEDS_LOGIN)?.as_str()).await?;
    web.find(By::Css("form#sso button")).await?.click().await?;
    // The page in between goes on by itself, against no policy of ours.
    let login = web.query(By::Name("login")).first().await?;
    assert!(
        web.current_url()
            .await?
            .as_str()
            .starts_with(&world.real.issuer)
    );
    login.send_keys("robin").await?;
    web.find(By::Name("mfa")).await?.click().await?;
    web.find(By::Css("button[value=in]")).await?.click().await?;
    web.query(By::Css("main#content h1")).first().await?;
    assert_eq!(web.current_url().await?.path(), NEEDS_LOGIN);
    web.quit().await?;
    Ok(())
}
