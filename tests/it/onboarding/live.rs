//! Whole onboardings over HTTP: portal, keeper, Postgres and a simulated Microsoft, with technician and administrator in
//! browsers of their own. Pages with scripts and clicks are played in `chrome`; here every way through is tried.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::app::{App, Site};
use tenantry::simulator::Person;
use tenantry::simulator::directory::{Cause, Target, TenantPatch};
use tenantry::storage::TechnicianId;
use tenantry::web::kit::session::{Store, TECHNICIAN_KEY};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use url::Url;

use crate::support::browser::Browser;
use crate::support::keeper::{ADMIN, Keeper, USER, World};
use crate::support::page::Page;

/// Everything at work, with one tenant, Contoso.
struct Live {
    world: World,
    keeper: Keeper,
    portal: Portal,
    technician: Browser,
}

impl Live {
    async fn start() -> Self {
        let world = World::new().await;
        let keeper = world.keeper().await;
        let portal = Portal::start(&world, &keeper).await;
        let technician = portal.technician().await;
        Self {
            world,
            keeper,
            portal,
            technician,
        }
    }

    /// Stop the portal and start it anew: same database, other process state, other port.
    async fn restart_portal(&mut self) {
        self.portal = Portal::start(&self.world, &self.keeper).await;
    }

    /// Make an invitation by the dialog; the link's path.
    async fn invite(&self, fields: &[(&str, &str)]) -> String {
        let dialog = self
            .technician
            .get("/tenants/contoso/invitations/new?from=m365")
            .await;
        let made = self
            .technician
            .submit(&dialog, "dialog form.stack", fields)
            .await;
        let shown = self.technician.follow(made).await;
        let url = Url::parse(&shown.attributes("#auth-url", "value").remove(0)).unwrap();
        url.path().to_owned()
    }

    /// The administrator opens the link and presses "Continue" and "Start authentication".
    async fn start_with(&self, link: &str, fields: &[(&str, &str)]) -> (Browser, Page) {
        let browser = self.portal.browser();
        let page = browser.get(link).await;
        let moved = browser.submit(&page, "form", &[]).await;
        let page = browser.follow(moved).await;
        let started = browser
            .submit(&page, "form[action='/onboarding/start']", fields)
            .await;
        let page = browser.follow(started).await;
        (browser, page)
    }

    /// By code, for the administrator named.
    async fn start_by_code(&self) -> (Browser, String) {
        let link = self.invite(&[("admin_username", ADMIN)]).await;
        let (browser, page) = self.start_with(&link, &[]).await;
        (browser, page.text_of(".usercode"))
    }

    /// The page, once it says `text`.
    async fn until(&self, browser: &Browser, text: &str) -> Page {
        for _ in 0..300 {
            let page = browser.get("/onboarding").await;
            if page.text().contains(text) {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "waited for {text:?}, last seen: {}",
            browser.get("/onboarding").await.text()
        )
    }

    /// Go to the address of a link on the page as `upn`, and come back to the portal.
    async fn visit(&self, browser: &Browser, kind: &str, address: &str, upn: &str) -> Page {
        let body = json!({"url": address, "upn": upn});
        let answer = self.control(kind, &body).await;
        let landing = Url::parse(
            answer["redirect"]
                .as_str()
                .unwrap_or_else(|| panic!("{answer}")),
        )
        .unwrap();
        let back = browser
            .get(&format!("{}?{}", landing.path(), landing.query().unwrap()))
            .await;
        browser.follow(back).await
    }

    async fn control(&self, path: &str, body: &Value) -> Value {
        let url = self
            .world
            .simulator
            .url()
            .join(&format!("/control/api/{path}"))
            .unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the tests' hand on the simulator's control interface"
        )]
        let client = reqwest::Client::new();
        client
            .post(url)
            .json(body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn validated_state(&self) -> String {
        let id = self.world.current().await;
        self.world.state(id).await
    }
}

/// A portal on a world's database, clock and keeper.
struct Portal {
    app: App,
    server: AbortHandle,
}

impl Portal {
    async fn start(world: &World, keeper: &Keeper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = App {
            pool: world.db.web(),
            clock: world.clock.clone(),
            keeper: keeper.client.clone(),
            site: Arc::new(Site {
                base_url: Url::parse(&format!("http://{address}")).unwrap(),
                msp_name: "Harbourline IT".into(),
                msp_legal_name: "Harbourline IT Services Ltd".into(),
                report_to: String::new(),
                app_name: "Tenantry (tests)".into(),
            }),
            mailer: None,
            trusted_proxies: Arc::new([]),
            flow_changes: tokio::sync::broadcast::channel(64).0,
        };
        let service =
            tenantry::web::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            app,
            server: server.abort_handle(),
        }
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.app.site.base_url)
    }

    async fn technician(&self) -> Browser {
        let id = TechnicianId::new();
        sqlx::query(
            "insert into technicians (id, email, display_name, role, created_at)
             values ($1, 'robin@msp.example', 'Robin Marlow', 'technician', now())",
        )
        .bind(id)
        .execute(&self.app.pool)
        .await
        .unwrap();
        let mut record = Record {
            id: Id::default(),
            data: HashMap::from([(TECHNICIAN_KEY.to_owned(), json!(id))]),
            expiry_date: self.app.clock.now(),
        };
        let store = Store::new(self.app.pool.clone(), self.app.clock.clone());
        store.create(&mut record).await.unwrap();
        let browser = self.browser();
        browser.set_cookie("sid", &record.id.to_string());
        browser
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.server.abort();
    }
}

const DONE: &str = "All tokens acquired! You can close this page now.";

#[tokio::test]
async fn by_code_with_the_enterprise_application_present_no_consent_is_asked() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    let page = live.until(&browser, DONE).await;
    assert_eq!(page.texts(".card > .facts dd")[0], ADMIN);
    assert_eq!(page.texts(".ticks .tick-valid").len(), 4);
    assert_eq!(live.validated_state().await, "active");
    let list = live
        .technician
        .get("/monitoring/customer/pending-invitations?state=completed")
        .await;
    assert_eq!(list.texts("tbody .badge"), ["Completed"]);
    live.world.judge().await;
}

#[tokio::test]
async fn by_code_with_the_enterprise_application_absent_consent_is_asked_and_given() {
    let live = Live::start().await;
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    let page = live
        .until(
            &browser,
            "Click here to continue the authentication process",
        )
        .await;
    let address = page.attributes("a#consent", "href").remove(0);
    live.visit(&browser, "adminconsent", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    assert_eq!(live.validated_state().await, "active");
    live.world.judge().await;
}

#[tokio::test]
async fn sign_in_with_microsoft_completes_in_the_same_browser() {
    let live = Live::start().await;
    live.world.consent();
    let link = live
        .invite(&[("admin_username", ADMIN), ("method", "auth_code")])
        .await;
    let (browser, page) = live.start_with(&link, &[]).await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn a_cancelled_code_says_so_and_a_new_one_works() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.world.directory().decline_device(&code).unwrap();
    live.world.clock.advance(Duration::from_secs(7));
    let page = live.until(&browser, "The sign-in was cancelled").await;
    let again = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    let code = browser.follow(again).await.text_of(".usercode");
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn a_lapsed_code_is_renewed_on_the_page() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, old) = live.start_by_code().await;
    live.world.clock.advance(Duration::from_mins(16));
    let page = live.until(&browser, "The code has lapsed").await;
    let again = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    let code = browser.follow(again).await.text_of(".usercode");
    assert_ne!(code, old);
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn the_wrong_person_is_named_and_nothing_is_stored() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, USER);
    let page = live
        .until(&browser, "That is not the expected account")
        .await;
    assert!(
        page.text().contains(&format!(
            "You signed in as {USER}; this invitation expects {ADMIN}"
        )),
        "{}",
        page.text()
    );
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        0
    );
    assert_eq!(
        live.world
            .number("select count(*) from connection_secrets")
            .await,
        0
    );
    let page = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    let code = browser.follow(page).await.text_of(".usercode");
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn the_wrong_tenant_is_refused_and_nothing_is_stored() {
    let live = Live::start().await;
    live.world.customer("fabrikam").await;
    let foreign = "admin@fabrikam.example";
    let link = live.invite(&[("admin_username", foreign)]).await;
    let (browser, page) = live.start_with(&link, &[]).await;
    // As if Microsoft let a stranger in at our tenant's address.
    sqlx::query("update invitations set expected_entra_tenant_id = $1")
        .bind(live.world.entra_tenant)
        .execute(&live.world.pool)
        .await
        .unwrap();
    live.world.approve(&page.text_of(".usercode"), foreign);
    let page = live
        .until(&browser, "That account belongs to another organisation")
        .await;
    assert!(page.text().contains(&format!(
        "You signed in as {foreign}, which does not belong to contoso"
    )));
    for table in ["connections", "connection_secrets", "tokens"] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let rows: i64 = sqlx::query_scalar(sql)
            .fetch_one(&live.world.pool)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn a_blocked_device_code_leads_to_the_sign_in_in_the_browser() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    let tenant = Target::tenant(&live.world.entra_tenant.to_string());
    live.world
        .directory()
        .approve_device(&code, &Person::willing(ADMIN))
        .unwrap();
    live.world
        .directory()
        .kill(&tenant, &Cause::DeviceCodeBlockedAtRedemption)
        .unwrap();
    live.world.clock.advance(Duration::from_secs(7));
    let page = live.until(&browser, "does not allow sign-in by code").await;
    let page = browser
        .submit(
            &page,
            "form[action='/onboarding/again']",
            &[("method", "auth_code")],
        )
        .await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn a_request_for_approval_waits_and_goes_on_when_it_was_approved() {
    let live = Live::start().await;
    let patch = TenantPatch {
        approval_workflow: Some(true),
        ..TenantPatch::default()
    };
    live.world
        .directory()
        .patch_tenant(&live.world.entra_tenant.to_string(), patch)
        .unwrap();
    let link = live
        .invite(&[("admin_username", USER), ("method", "auth_code")])
        .await;
    let (browser, page) = live.start_with(&link, &[]).await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, USER).await;
    let page = live
        .until(
            &browser,
            "Click here to continue the authentication process",
        )
        .await;
    let address = page.attributes("a#consent", "href").remove(0);
    // The consent page tells somebody without the role that an administrator must approve.
    let state = address.split("state=").nth(1).unwrap();
    let state = state.split('&').next().unwrap();
    let said = "AADSTS90094%3A+An+administrator+must+consent";
    let back = browser.get(&format!("/onboarding/return?admin_consent=True&error=consent_required&error_description={said}&state={state}")).await;
    browser.follow(back).await;
    live.until(&browser, "Waiting for the reviewer").await;
    live.world.consent();
    let page = browser.get("/onboarding").await;
    browser
        .submit(&page, "form[action='/onboarding/look']", &[])
        .await;
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn someone_else_is_held_until_a_technician_confirms() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", ADMIN)]).await;
    let (browser, page) = live
        .start_with(&link, &[("someone_else", "yes"), ("admin_username", USER)])
        .await;
    live.world.approve(&page.text_of(".usercode"), USER);
    live.until(&browser, "Waiting for confirmation").await;
    assert_eq!(
        live.world
            .number("select count(*) from connections where state = 'active'")
            .await,
        0
    );

    let page = live.technician.get("/tenants/contoso/invitations").await;
    assert!(page.text().contains(USER), "{}", page.text());
    let confirmed = live
        .technician
        .submit(&page, "form[action$='/confirmation']", &[])
        .await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    assert_eq!(live.validated_state().await, "active");
    live.until(&browser, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn a_refused_sign_in_is_forgotten_and_its_bearer_told() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", "")]).await;
    let (browser, page) = live.start_with(&link, &[]).await;
    live.world.approve(&page.text_of(".usercode"), USER);
    live.until(&browser, "Waiting for confirmation").await;
    let page = live.technician.get("/tenants/contoso/invitations").await;
    live.technician
        .submit(&page, "form[action$='/rejection']", &[])
        .await;
    live.until(&browser, "Not confirmed").await;
    assert_eq!(
        live.world
            .number("select count(*) from connection_secrets")
            .await,
        0
    );
}

#[tokio::test]
async fn a_portal_restarted_in_the_middle_is_not_noticed() {
    let mut live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.restart_portal().await;
    let moved = browser.at(&live.portal.app.site.base_url);
    assert_eq!(moved.get("/onboarding").await.text_of(".usercode"), code);
    live.world.approve(&code, ADMIN);
    live.until(&moved, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn continue_here_in_a_second_browser_ends_the_first_ones_code() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", ADMIN)]).await;
    let (first, page) = live.start_with(&link, &[]).await;
    let old = page.text_of(".usercode");
    let second = live.portal.browser();
    let page = second.get(&link).await;
    let moved = second.submit(&page, "form", &[]).await;
    let page = second.follow(moved).await;
    let here = second
        .submit(&page, "form[action='/onboarding/here']", &[])
        .await;
    let page = second.follow(here).await;
    let started = second
        .submit(&page, "form[action='/onboarding/start']", &[])
        .await;
    let code = second.follow(started).await.text_of(".usercode");
    live.world.approve(&old, ADMIN);
    live.world.approve(&code, ADMIN);
    live.until(&second, DONE).await;
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        1,
        "the ended attempt stored nothing"
    );
    assert_eq!(first.get("/onboarding").await.status, 404);
}

#[tokio::test]
async fn a_link_revoked_in_the_middle_stores_nothing() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    let list = live.technician.get("/tenants/contoso/invitations").await;
    live.technician
        .submit(&list, "form[action$='/revocation']", &[])
        .await;
    live.world.approve(&code, ADMIN);
    assert_eq!(browser.get("/onboarding").await.status, 404);
    live.world.clock.advance(Duration::from_secs(30));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        0
    );
}
