//! The page "App registration", with a keeper and a simulated Microsoft behind it.

mod bad_input;
mod generated;
mod page;
mod refusals;
mod rotation;

use std::time::Duration;

use tenantry::simulator::directory::{ClientCertificate, ClientSecret};
use time::OffsetDateTime;
use time::macros::datetime;

use crate::onboarding::live::stage::Portal;
use crate::support::browser::Browser;
use crate::support::keeper::{Keeper, World};
use crate::support::page::Page;

pub const PAGE: &str = "/security/app-registration";
pub const SECRET_FORM: &str = "form[action$='/secrets']";
pub const PEM_FORM: &str = "form[action$='/certificates']";
pub const LATER: OffsetDateTime = datetime!(2099-01-01 00:00 UTC);

/// A customer connected by browser sign-in, whose refreshes show our credential; and an owner at the page.
struct Stage {
    world: World,
    keeper: Keeper,
    _portal: Portal,
    owner: Browser,
}

impl Stage {
    async fn new() -> Self {
        let stage = Self::unconnected().await;
        stage.world.onboard_by_browser(&stage.keeper).await;
        stage
    }

    async fn unconnected() -> Self {
        let world = World::new().await;
        let keeper = world.keeper().await;
        let portal = Portal::start(&world, &keeper).await;
        let owner = portal.technician().await;
        let stage = Self {
            world,
            keeper,
            _portal: portal,
            owner,
        };
        stage.role("owner").await;
        stage
    }

    /// From the next page on the technician has this role.
    async fn role(&self, role: &str) {
        sqlx::query("update technicians set role = $1")
            .bind(role)
            .execute(&self.world.pool)
            .await
            .unwrap();
    }

    async fn page(&self) -> Page {
        self.owner.get(PAGE).await
    }

    /// Send one of the page's forms; where it leads to.
    async fn send(&self, form: &str, fields: &[(&str, &str)]) -> Page {
        let answer = self.answer(form, fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        self.owner.follow(answer).await
    }

    /// The same, not followed.
    async fn answer(&self, form: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.page().await;
        self.owner.submit(&page, form, fields).await
    }

    /// Secrets of the registration at Microsoft from now on.
    fn secrets_at_microsoft(&self, secrets: &[(&str, OffsetDateTime)]) {
        let directory = self.world.directory();
        let mut app = directory.app(self.world.client_id).unwrap();
        app.secrets = secrets
            .iter()
            .map(|(value, expires_at)| ClientSecret {
                id: tenantry::clock::random_uuid(),
                value: (*value).to_owned(),
                expires_at: *expires_at,
            })
            .collect();
        directory.put_app(app);
    }

    /// Upload the public part at Microsoft.
    fn certificate_at_microsoft(&self, pem: &str) {
        let directory = self.world.directory();
        let mut app = directory.app(self.world.client_id).unwrap();
        app.certificates.push(ClientCertificate {
            pem: pem.to_owned(),
        });
        directory.put_app(app);
    }

    /// `kind state` of each credential, the oldest first.
    async fn credentials(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select kind || ' ' || state from app_credentials order by created_at, id",
        )
        .fetch_all(&self.world.pool)
        .await
        .unwrap()
    }

    async fn until_credentials(&self, expected: &[&str]) {
        let mut seen = Vec::new();
        for _ in 0..200 {
            seen = self.credentials().await;
            if seen == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited for {expected:?}, last seen {seen:?}");
    }

    async fn audit(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select action || ' ' || result || ' ' || actor_type from audit_events
             where action like 'app_%' order by id",
        )
        .fetch_all(&self.world.pool)
        .await
        .unwrap()
    }
}
