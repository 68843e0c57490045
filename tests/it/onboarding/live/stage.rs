//! Portal, keeper, Postgres and a simulated Microsoft at work, with one tenant, Contoso.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tenantry::app::App;
use tenantry::domain::technician::factor::FactorKind;
use tenantry::storage::TechnicianId;
use tenantry::web::kit::session::{Store, login_record};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use url::Url;

use crate::support::browser::Browser;
use crate::support::keeper::{ADMIN, Keeper, World};
use crate::support::mint::Mint;
use crate::support::page::Page;

/// What the last step says.
pub const DONE: &str = "All tokens acquired! You can close this page now.";

/// Everything at work, with one tenant, Contoso.
pub struct Live {
    pub world: World,
    pub keeper: Keeper,
    pub portal: Portal,
    pub technician: Browser,
}

impl Live {
    pub async fn start() -> Self {
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

    /// The same with a sign-in host whose tokens the test makes, and with the customer's Entra tenant known beforehand.
    pub async fn behind_mint() -> (Self, Mint) {
        let mut world = World::new().await;
        let mint = Mint::between(&mut world).await;
        sqlx::query("update tenants set domain = 'contoso.example', entra_tenant_id = $1")
            .bind(world.entra_tenant)
            .execute(&world.pool)
            .await
            .unwrap();
        let keeper = world.keeper().await;
        let portal = Portal::start(&world, &keeper).await;
        let technician = portal.technician().await;
        let live = Self {
            world,
            keeper,
            portal,
            technician,
        };
        (live, mint)
    }

    /// Stop the portal and start it anew: same database, other process state, other port.
    pub async fn restart_portal(&mut self) {
        self.portal = Portal::start(&self.world, &self.keeper).await;
    }

    /// Make an invitation by the dialog; the link's path.
    pub async fn invite(&self, fields: &[(&str, &str)]) -> String {
        self.invite_from("m365", fields).await
    }

    /// The same by the dialog as another page opens it.
    pub async fn invite_from(&self, from: &str, fields: &[(&str, &str)]) -> String {
        let dialog = format!("/tenants/contoso/invitations/new?from={from}");
        let dialog = self.technician.get(&dialog).await;
        let made = self
            .technician
            .submit(&dialog, "dialog form.stack", fields)
            .await;
        let shown = self.technician.follow(made).await;
        let url = Url::parse(&shown.attributes("#auth-url", "value").remove(0)).unwrap();
        url.path().to_owned()
    }

    /// The administrator opens the link and presses "Continue" and "Start authentication".
    pub async fn start_with(&self, link: &str, fields: &[(&str, &str)]) -> (Browser, Page) {
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
    pub async fn start_by_code(&self) -> (Browser, String) {
        let link = self.invite(&[("admin_username", ADMIN)]).await;
        let (browser, page) = self.start_with(&link, &[]).await;
        (browser, page.text_of(".usercode"))
    }

    /// The page, once it says `text`.
    pub async fn until(&self, browser: &Browser, text: &str) -> Page {
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
    pub async fn visit(&self, browser: &Browser, kind: &str, address: &str, upn: &str) -> Page {
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

    pub async fn control(&self, path: &str, body: &Value) -> Value {
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

    pub async fn validated_state(&self) -> String {
        let id = self.world.current().await;
        self.world.state(id).await
    }
}

/// A portal on a world's database, clock and keeper.
pub struct Portal {
    pub app: App,
    pub server: AbortHandle,
}

impl Portal {
    pub async fn start(world: &World, keeper: &Keeper) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = Url::parse(&format!("http://{address}")).unwrap();
        let (clock, client) = (world.clock.clone(), keeper.client.clone());
        let app = App::rehearsal(world.db.web(), clock, client, base_url);
        let service =
            tenantry::web::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, service).await });
        Self {
            app,
            server: server.abort_handle(),
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(&self.app.site.base_url)
    }

    pub async fn technician(&self) -> Browser {
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
            data: login_record(id, FactorKind::Passkey, self.app.clock.now()),
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
