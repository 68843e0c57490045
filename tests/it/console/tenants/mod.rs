//! "Tenants": the list, the forms, and the steps of a tenant's life.

mod add;
mod bad_input;
mod edit;
mod export;
mod import;
mod lifecycle;
mod list;

use tenantry::domain::technician::Role;
use tenantry::storage::TenantId;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;
use crate::support::page::Page;

/// A portal, an empty fleet and a technician.
struct Stage {
    app: TestApp,
    fleet: Fleet,
    browser: Browser,
}

impl Stage {
    async fn empty() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let browser = app.login(Role::Technician).await;
        Self {
            app,
            fleet,
            browser,
        }
    }

    async fn get(&self, path: &str) -> Page {
        let page = self.browser.get(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        page
    }

    /// One column of the tenant, as text; empty for null.
    async fn column(&self, tenant: TenantId, column: &str) -> String {
        let query = format!("select coalesce({column}::text, '') from tenants where id = $1");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .bind(tenant)
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }

    /// Everything stored of every tenant, to show that nothing changed.
    async fn everything(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select t::text from tenants t union all select g::text from tenant_tags g
             union all select r::text from tenant_resources r order by 1",
        )
        .fetch_all(&self.app.pool)
        .await
        .unwrap()
    }

    /// The newest audit entry of this action: its details.
    async fn details(&self, action: &str) -> serde_json::Value {
        sqlx::query_scalar(
            "select details from audit_events where action = $1 order by id desc limit 1",
        )
        .bind(action)
        .fetch_one(&self.app.pool)
        .await
        .unwrap()
    }
}

/// What a person may type that must never become markup.
const HOSTILE: &str = r#"<script>alert(1)</script>"><img src=x onerror=alert(1)>"#;

/// Texts that no field takes, however it is spelled: control and invisible characters.
const UNSEEN: [&str; 4] = ["a\0b", "a\u{202e}b", "a\u{200b}b", "a\u{7}b"];
