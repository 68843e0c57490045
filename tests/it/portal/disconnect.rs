//! "Disconnect": the page that asks, who may, and the report.

use serde_json::json;
use tenantry::domain::technician::Role;
use tenantry::storage::TenantId;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;

const SETTINGS: &str = "/tenants/alder/configuration/m365";
const QUESTION: &str = "/tenants/alder/configuration/m365/disconnect";
const REPORT: &str = "/tenants/alder/configuration/m365/disconnection";

struct Stage {
    app: TestApp,
    fleet: Fleet,
    browser: Browser,
    tenant: TenantId,
}

impl Stage {
    async fn connected() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let browser = app.login(Role::Technician).await;
        let tenant = fleet.tenant("alder", "Alder Clinics").await;
        fleet.connection(tenant, "active").await;
        Self {
            app,
            fleet,
            browser,
            tenant,
        }
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(&self.fleet.pool)
            .await
            .unwrap()
    }

    /// What the keeper writes when a step is done.
    async fn step_done(&self, step: &str, outcome: &str, details: serde_json::Value) {
        sqlx::query(
            "insert into disconnection_steps (tenant_id, disconnection_id, step, at, outcome, details)
             select tenant_id, id, $1, $2, $3, $4 from disconnections",
        )
        .bind(step)
        .bind(self.app.clock.now())
        .bind(outcome)
        .bind(details)
        .execute(&self.fleet.pool)
        .await
        .unwrap();
    }

    async fn all_done(&self) {
        sqlx::query(
            "update disconnections set step = 'done', ended_at = started_at, next_at = null",
        )
        .execute(&self.fleet.pool)
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn the_button_asks_first_and_then_everything_stops() {
    let stage = Stage::connected().await;
    stage
        .fleet
        .invitation(stage.tenant, Duration::days(5))
        .await;
    let page = stage.browser.get(SETTINGS).await;
    let links = page.attributes(".page-head .actions a.danger", "href");
    assert_eq!(links, [QUESTION]);
    let page = stage.browser.get(QUESTION).await;
    assert!(page.text().contains("There is no way back"));
    assert_eq!(
        stage.count("select count(*) from disconnections").await,
        0,
        "looking changes nothing"
    );

    let posted = stage
        .browser
        .post(QUESTION, &[("confirmation", " Alder ")])
        .await;
    assert_eq!(
        (posted.status, posted.location.as_deref()),
        (303, Some(REPORT))
    );
    let page = stage.browser.follow(posted).await;
    assert!(
        page.text().contains("Hand-out has stopped"),
        "{}",
        page.text()
    );
    assert!(
        page.text()
            .contains("Take our permission back at Microsoft")
    );
    for (sql, expected) in [
        (
            "select count(*) from connections where state <> 'revoked'",
            0,
        ),
        ("select count(*) from invitations where state = 'open'", 0),
        (
            "select count(*) from disconnections where step = 'revoke' and connection_id is not null and not delete_everything",
            1,
        ),
    ] {
        assert_eq!(stage.count(sql).await, expected, "{sql}");
    }
    let audit = stage.app.audit().await;
    assert!(
        audit.contains(&"disconnection.begun done".to_owned()),
        "{audit:?}"
    );
    assert!(stage.app.keeper.asked().contains(&"plug".to_owned()));
    let page = stage.browser.get("/security/authentication-status").await;
    assert!(page.text().contains("Not connected"));
    let page = stage.browser.get(SETTINGS).await;
    assert!(
        page.text_of(".banner-info")
            .starts_with("Disconnected since")
    );
}

#[tokio::test]
async fn another_name_is_refused_at_its_field_and_kept() {
    let stage = Stage::connected().await;
    let typed = [("confirmation", "alder2"), ("everything", "yes")];
    let page = stage.browser.post(QUESTION, &typed).await;
    assert_eq!(page.status, 422);
    assert_eq!(page.value("confirmation"), "alder2");
    assert!(
        page.field_error("confirmation")
            .contains("Type “alder” exactly")
    );
    assert!(page.has("input[name=everything][checked]"));
    assert_eq!(stage.count("select count(*) from disconnections").await, 0);
}

#[tokio::test]
async fn once_begun_it_is_not_begun_twice() {
    let stage = Stage::connected().await;
    let typed = [("confirmation", "alder"), ("everything", "yes")];
    stage.browser.post(QUESTION, &typed).await;
    let again = stage.browser.post(QUESTION, &typed).await;
    let page = stage.browser.follow(again).await;
    assert!(page.text().contains("is being disconnected already"));
    let begun = "select count(*) from disconnections where delete_everything";
    assert_eq!(stage.count(begun).await, 1);
}

#[tokio::test]
async fn once_done_its_report_stays_until_something_is_connected_again() {
    let stage = Stage::connected().await;
    let typed = [("confirmation", "alder")];
    stage.browser.post(QUESTION, &typed).await;
    stage.step_done("revoke", "denied", json!({})).await;
    stage.step_done("prove", "stands", json!({})).await;
    stage.all_done().await;
    let again = stage.browser.post(QUESTION, &typed).await;
    let page = stage.browser.follow(again).await.text();
    assert!(page.contains("was disconnected before"), "{page}");
    assert!(
        page.contains("Our permission still stands at Microsoft"),
        "{page}"
    );
    let begun = "select count(*) from disconnections";
    assert_eq!(stage.count(begun).await, 1);
    // What it left of keys may still be destroyed, once, and is told of the same standing.
    let everything = [("confirmation", "alder"), ("everything", "yes")];
    stage.browser.post(QUESTION, &everything).await;
    assert_eq!(stage.count(begun).await, 2);
    let standings =
        "select count(distinct connection_id) from disconnections where connection_id is not null";
    assert_eq!(stage.count(standings).await, 1);
    let without = "select count(*) from disconnections where connection_id is null";
    assert_eq!(stage.count(without).await, 0);
    stage.fleet.connection(stage.tenant, "active").await;
    stage.browser.post(QUESTION, &typed).await;
    assert_eq!(stage.count(begun).await, 3);
}

#[tokio::test]
async fn a_grant_that_was_rejected_since_is_told_of() {
    let stage = Stage::connected().await;
    let typed = [("confirmation", "alder")];
    stage.browser.post(QUESTION, &typed).await;
    stage.all_done().await;
    let rejected = stage.fleet.connection(stage.tenant, "revoked").await;
    let later = "obtained_at = (select started_at + interval '1 minute' from disconnections)";
    stage.fleet.change(rejected, later).await;
    stage.app.clock.advance(std::time::Duration::from_mins(5));
    stage.browser.post(QUESTION, &typed).await;
    let told: uuid::Uuid = sqlx::query_scalar(
        "select connection_id from disconnections order by started_at desc limit 1",
    )
    .fetch_one(&stage.fleet.pool)
    .await
    .unwrap();
    assert_eq!(told, rejected.as_uuid());
}

#[tokio::test]
async fn a_viewer_may_read_the_report_and_not_disconnect() {
    let stage = Stage::connected().await;
    let viewer = stage.app.login(Role::Viewer).await;
    assert_eq!(viewer.get(QUESTION).await.status, 403);
    let typed = [("confirmation", "alder")];
    assert_eq!(viewer.post(QUESTION, &typed).await.status, 403);
    assert!(!viewer.get(SETTINGS).await.has(".page-head a.danger"));
    assert_eq!(viewer.get(REPORT).await.status, 404, "none yet");
    for role in [Role::Technician, Role::Admin, Role::Owner] {
        let browser = stage.app.login(role).await;
        assert_eq!(browser.get(QUESTION).await.status, 200, "{role}");
    }
    stage.browser.post(QUESTION, &typed).await;
    assert_eq!(viewer.get(REPORT).await.status, 200);
    assert_eq!(
        stage.app.browser().get(REPORT).await.status,
        303,
        "nobody signed in"
    );
}

#[tokio::test]
async fn another_tenants_disconnection_is_absent_here() {
    let stage = Stage::connected().await;
    let birch = stage.fleet.tenant("birch", "Birch & Sons").await;
    let living = stage.fleet.connection(birch, "active").await;
    stage
        .browser
        .post(QUESTION, &[("confirmation", "alder")])
        .await;
    let page = stage.browser.get(&REPORT.replace("alder", "birch")).await;
    assert_eq!(page.status, 404);
    let state: String = sqlx::query_scalar("select state from connections where id = $1")
        .bind(living.as_uuid())
        .fetch_one(&stage.fleet.pool)
        .await
        .unwrap();
    assert_eq!(state, "active");
}

#[tokio::test]
async fn the_report_says_what_stands_at_microsoft_and_how_to_remove_it() {
    let stage = Stage::connected().await;
    stage
        .browser
        .post(QUESTION, &[("confirmation", "alder")])
        .await;
    let denied = json!({"removed": 0, "denied": 3, "failed": 0, "status": 403, "code": "Authorization_RequestDenied", "error_id": 7});
    stage
        .step_done(
            "revoke",
            "denied",
            json!({"grants": denied, "application": denied}),
        )
        .await;
    let line = json!({"resource": "graph", "as_application": false, "proof": "stands", "code": null, "error_id": null});
    stage
        .step_done("prove", "stands", json!({"resources": [line]}))
        .await;
    stage
        .step_done(
            "forget",
            "forgotten",
            json!({"refresh_tokens": 1, "access_tokens": 3, "credentials": 0}),
        )
        .await;
    stage.all_done().await;

    let page = stage.browser.get(REPORT).await;
    let text = page.text();
    for words in [
        "Our permission still stands at Microsoft until the customer removes it",
        "3 not allowed (Microsoft: 403 Authorization_RequestDenied)",
        "Microsoft Graph: a token was issued",
        "1 refresh token, 3 access tokens",
        "What the customer must still remove",
        "Entra ID → Enterprise apps → All applications",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let client: uuid::Uuid = sqlx::query_scalar("select client_id from app_registrations")
        .fetch_one(&stage.fleet.pool)
        .await
        .unwrap();
    let script = page.text_of("#script");
    assert!(script.contains(&format!("appId eq '{client}'")), "{script}");
    assert!(
        page.attributes("a.no-print", "href")
            .contains(&"/tenants/alder/msal-errors/7".to_owned())
    );
    assert!(!page.has("meta[http-equiv=refresh]"), "it is over");
}

#[tokio::test]
async fn a_keeper_that_is_away_does_not_keep_hand_out_going() {
    let stage = Stage::connected().await;
    let reply = tenantry::keeper::message::Reply::Refused(tenantry::keeper::message::Refusal::Busy);
    stage.app.keeper.answer_next("plug", reply);
    let posted = stage
        .browser
        .post(QUESTION, &[("confirmation", "alder")])
        .await;
    assert_eq!(posted.status, 303);
    let living = "select count(*) from connections where state <> 'revoked'";
    assert_eq!(stage.count(living).await, 0);
}
