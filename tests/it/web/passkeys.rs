//! Passkeys in a real browser, whose authenticator is Chromium's virtual one: adding one at the first login, signing in with
//! it, fresh proofs; and what must not work: a copied authenticator, another origin, an old challenge.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tenantry::app::Login;
use tenantry::domain::technician::factor::FactorKind;
use tenantry::domain::technician::{Breached, Role};
use thirtyfour::prelude::*;
use url::Url;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::chrome::Chrome;
use crate::support::factors::proofs;

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";

/// A portal under a name, as passkeys need one; owners and admins must have one.
async fn portal() -> TestApp {
    let app = TestApp::start_with(|app| {
        let mut site = (*app.site).clone();
        site.base_url.set_host(Some("localhost")).unwrap();
        app.site = Arc::new(site);
        app.login = Arc::new(Login {
            passkey_for_admins: true,
            breached: Breached::bundled(),
        });
    })
    .await;
    app.technician_with_password(EMAIL, PASSWORD, Role::Owner)
        .await;
    app
}

/// A person at a browser with an authenticator in it.
struct Person<'a> {
    web: WebDriver,
    base: &'a Url,
    authenticator: String,
    clicks: usize,
}

impl<'a> Person<'a> {
    async fn at(chrome: &Chrome, app: &'a TestApp) -> anyhow::Result<Self> {
        let web = chrome.browser().await?;
        web.cdp().send_raw("WebAuthn.enable", json!({})).await?;
        let added = web
            .cdp()
            .send_raw(
                "WebAuthn.addVirtualAuthenticator",
                json!({"options": {
                    "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
                    "isUserVerified": true, "automaticPresenceSimulation": true,
                }}),
            )
            .await?;
        Ok(Self {
            web,
            base: &app.app.site.base_url,
            authenticator: added["authenticatorId"].as_str().unwrap().to_owned(),
            clicks: 0,
        })
    }

    async fn open(&self, path: &str) -> anyhow::Result<()> {
        Ok(self.web.goto(self.base.join(path)?.as_str()).await?)
    }

    async fn type_password(&self) -> anyhow::Result<()> {
        self.open("/login").await?;
        self.web
            .find(By::Id("email"))
            .await?
            .send_keys(EMAIL)
            .await?;
        self.web
            .find(By::Id("password"))
            .await?
            .send_keys(PASSWORD)
            .await?;
        Ok(())
    }

    async fn press(&mut self, label: &str) -> anyhow::Result<()> {
        self.clicks += 1;
        let button = By::XPath(format!("//button[normalize-space()='{label}']"));
        Ok(self.web.find(button).await?.click().await?)
    }

    /// Until the page's heading is this.
    async fn see(&self, heading: &str) -> anyhow::Result<()> {
        for _ in 0..200 {
            if let Ok(found) = self.web.find(By::Tag("h1")).await
                && found.text().await.is_ok_and(|text| text == heading)
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let seen = self.web.find(By::Tag("body")).await?.text().await?;
        anyhow::bail!("waited for {heading:?}, saw {seen}")
    }

    /// Enrol at the first login, to the portal.
    async fn enrol(&mut self) -> anyhow::Result<()> {
        self.type_password().await?;
        self.press("Sign in").await?;
        self.see("Set up a second factor").await?;
        self.clicks = 0;
        self.press("Create a passkey").await?;
        self.see("Recovery codes").await?;
        self.press("I have saved these codes").await?;
        self.see("Authentication Status").await
    }

    async fn log_out(&self) -> anyhow::Result<()> {
        Ok(self.web.delete_all_cookies().await?)
    }

    async fn credentials(&self) -> anyhow::Result<Vec<Value>> {
        let asked = json!({"authenticatorId": self.authenticator});
        let found = self
            .web
            .cdp()
            .send_raw("WebAuthn.getCredentials", asked)
            .await?;
        Ok(found["credentials"].as_array().unwrap().clone())
    }

    /// The cookie of this browser in one that sends what it is told.
    async fn twin(&self, app: &TestApp) -> anyhow::Result<Browser> {
        let browser = app.browser();
        let cookie = self.web.get_named_cookie("sid").await?;
        browser.set_cookie("sid", &cookie.value);
        Ok(browser)
    }
}

#[tokio::test]
async fn a_passkey_is_added_in_two_clicks_and_signs_in_and_confirms() -> anyhow::Result<()> {
    let app = portal().await;
    let chrome = Chrome::start().await?;
    let mut robin = Person::at(&chrome, &app).await?;
    robin.enrol().await?;
    assert!(robin.clicks <= 4, "{}", robin.clicks);
    assert_eq!(robin.credentials().await?.len(), 1);

    robin.log_out().await?;
    robin.type_password().await?;
    robin.press("Sign in").await?;
    robin.see("Second factor").await?;
    robin.press("Use your passkey").await?;
    robin.see("Authentication Status").await?;
    assert_eq!(proofs(&app, FactorKind::Passkey, "done").await, 1);

    // Dangerous acts ask again after a while, and what was asked for is on the screen afterwards.
    app.advance(Duration::from_secs(301));
    robin.open("/profile").await?;
    robin.press("Make new recovery codes").await?;
    robin.see("Confirm that it is you").await?;
    robin.press("Use your passkey").await?;
    robin.see("Thank you").await?;
    robin.press("Continue").await?;
    robin.see("Recovery codes").await?;

    // The last passkey of an owner stays, whatever else there is.
    robin.press("I have saved these codes").await?;
    robin.see("Your profile").await?;
    app.phone_of_existing(EMAIL).await;
    let page = robin.twin(&app).await?.get("/profile").await;
    assert!(page.text().contains("Your only passkey"), "{}", page.text());
    robin.web.quit().await?;
    Ok(())
}

#[tokio::test]
async fn an_owner_cannot_do_with_an_app_alone() -> anyhow::Result<()> {
    let app = portal().await;
    let browser = app.halfway(EMAIL, PASSWORD).await;
    let page = browser.open("/login/factor").await;
    assert!(page.has("form[data-passkey='create']") && !page.has("form#use-app"));
    assert_eq!(browser.post("/login/enrol/app", &[]).await.status, 403);

    // Somebody who had an app before the setting asked for more: the app first, then a passkey.
    let (phone, _) = app.phone_of(EMAIL).await;
    let chrome = Chrome::start().await?;
    let mut robin = Person::at(&chrome, &app).await?;
    robin.type_password().await?;
    robin.press("Sign in").await?;
    robin.see("Second factor").await?;
    robin
        .web
        .find(By::Id("code"))
        .await?
        .send_keys(phone.code(0))
        .await?;
    robin.press("Continue").await?;
    robin.see("Add a passkey").await?;
    let page = robin.twin(&app).await?.get("/tenants").await;
    assert_eq!(
        page.location.as_deref(),
        Some("/login/factor"),
        "not before"
    );
    robin.press("Create a passkey").await?;
    robin.see("Authentication Status").await?;
    robin.web.quit().await?;
    Ok(())
}

#[tokio::test]
async fn a_copied_authenticator_is_found_out_by_its_counter() -> anyhow::Result<()> {
    let app = portal().await;
    let chrome = Chrome::start().await?;
    let mut robin = Person::at(&chrome, &app).await?;
    robin.enrol().await?;
    // As it is copied now, before it counts on.
    let copy = robin.credentials().await?.remove(0);
    for _ in 0..2 {
        robin.log_out().await?;
        robin.type_password().await?;
        robin.press("Sign in").await?;
        robin.see("Second factor").await?;
        robin.press("Use your passkey").await?;
        robin.see("Authentication Status").await?;
    }
    robin.web.quit().await?;
    let mut thief = Person::at(&chrome, &app).await?;
    let planted = json!({"authenticatorId": thief.authenticator, "credential": copy});
    thief.open("/login").await?;
    thief
        .web
        .cdp()
        .send_raw("WebAuthn.addCredential", planted)
        .await?;
    thief.type_password().await?;
    thief.press("Sign in").await?;
    thief.see("Second factor").await?;
    thief.press("Use your passkey").await?;
    for _ in 0..100 {
        if proofs(&app, FactorKind::Passkey, "denied").await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(proofs(&app, FactorKind::Passkey, "denied").await, 1);
    let page = thief.twin(&app).await?.get("/tenants").await;
    assert_eq!(page.location.as_deref(), Some("/login/factor"));
    thief.web.quit().await?;
    Ok(())
}

/// Take the browser's answer out of its hands: the script's form is not sent, its field is read.
async fn answer_of(robin: &Person<'_>) -> anyhow::Result<String> {
    let script = "
      const done = arguments[0];
      const form = document.querySelector('form[data-passkey]');
      form.submit = () => done(form.elements.credential.value);
      form.querySelector('button').click();";
    let answer = robin.web.execute_async(script, Vec::new()).await?;
    Ok(answer.convert()?)
}

#[tokio::test]
async fn an_answer_is_good_once_here_soon_and_for_this_session() -> anyhow::Result<()> {
    let app = portal().await;
    let chrome = Chrome::start().await?;
    let mut robin = Person::at(&chrome, &app).await?;
    robin.enrol().await?;
    robin.log_out().await?;
    robin.type_password().await?;
    robin.press("Sign in").await?;
    robin.see("Second factor").await?;
    let to = "/login/factor/passkey";

    // Another session, though of the same person.
    let answer = answer_of(&robin).await?;
    let other = app.halfway(EMAIL, PASSWORD).await;
    let fields = [("credential", answer.as_str())];
    assert_eq!(other.post(to, &fields).await.status, 422);
    // Too late.
    let twin = robin.twin(&app).await?;
    app.advance(Duration::from_secs(301));
    assert_eq!(twin.post(to, &fields).await.status, 422);

    // As signed under another origin, or for another purpose: what the browser said is changed, and so is not what was signed.
    let answer = answer_of(&robin).await?;
    let mut said: Value = serde_json::from_str(&answer)?;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let client = engine.decode(said["response"]["clientDataJSON"].as_str().unwrap())?;
    let client = String::from_utf8(client)?;
    let evil = client.replace("http://localhost", "http://evil.example");
    assert_ne!(client, evil);
    said["response"]["clientDataJSON"] = json!(engine.encode(evil));
    assert_eq!(
        twin.post(to, &[("credential", &said.to_string())])
            .await
            .status,
        422
    );
    assert_eq!(
        twin.post(to, &[("credential", &answer)]).await.status,
        422,
        "the challenge is gone with the first answer, whatever it was"
    );

    let answer = answer_of(&robin).await?;
    let posts = (0..20).map(|_| {
        let fields = [("credential", answer.as_str())];
        let twin = &twin;
        async move { twin.post(to, &fields).await.status }
    });
    futures_util::future::join_all(posts).await;
    assert_eq!(
        proofs(&app, FactorKind::Passkey, "done").await,
        1,
        "of twenty at once one"
    );
    robin.web.quit().await?;
    Ok(())
}

#[tokio::test]
async fn a_passkey_made_under_another_origin_is_refused() -> anyhow::Result<()> {
    let app = portal().await;
    let chrome = Chrome::start().await?;
    let mut robin = Person::at(&chrome, &app).await?;
    robin.type_password().await?;
    robin.press("Sign in").await?;
    robin.see("Set up a second factor").await?;
    // The same machine under another port is another origin, and the browser says so in what it signs.
    let twin = robin.twin(&app).await?;
    let asked = twin.post("/login/enrol/passkey/options", &[]).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let elsewhere = TestApp::start().await;
    let mut base = elsewhere.app.site.base_url.clone();
    base.set_host(Some("localhost"))?;
    robin.web.goto(base.join("/login")?.as_str()).await?;
    let script = "
      const [asked, done] = arguments;
      const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
      const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
      const publicKey = asked.publicKey;
      publicKey.challenge = bytes(publicKey.challenge);
      publicKey.user.id = bytes(publicKey.user.id);
      publicKey.excludeCredentials = [];
      navigator.credentials.create({ publicKey }).then((made) => done(JSON.stringify({
        id: made.id, rawId: text(made.rawId), type: made.type, extensions: {},
        response: { attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON) },
      })), (error) => done('failed: ' + error));";
    let asked: Value = serde_json::from_str(&asked.body)?;
    let made = robin.web.execute_async(script, vec![asked]).await?;
    let made: String = made.convert()?;
    assert!(made.starts_with('{'), "{made}");
    let page = twin
        .post("/login/enrol/passkey", &[("credential", &made)])
        .await;
    assert_eq!(page.status, 422);
    assert!(
        page.text_of("#problem").contains("could not be checked"),
        "{}",
        page.text()
    );
    let stored: i64 = sqlx::query_scalar("select count(*) from technician_factors")
        .fetch_one(&app.pool)
        .await?;
    assert_eq!(stored, 0);
    robin.web.quit().await?;
    Ok(())
}
