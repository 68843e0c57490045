//! "Disconnect all customers".

use std::time::Duration;

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;
use crate::support::page::Page;

const PAGE: &str = "/security/disconnect-all";
const CONFIRM: &str = "/security/disconnect-all/confirmation";
const CANCEL: &str = "/security/disconnect-all/cancellation";
const PHRASE: &str = "disconnect all customers";

struct Stage {
    app: TestApp,
    fleet: Fleet,
    owner: Browser,
}

impl Stage {
    /// Three customers connected, one of them suspended.
    async fn new() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        for name in ["alder", "birch", "cedar"] {
            let tenant = fleet.tenant(name, name).await;
            fleet.connection(tenant, "active").await;
        }
        sqlx::query("update tenants set state = 'suspended' where short_name = 'birch'")
            .execute(&fleet.pool)
            .await
            .unwrap();
        let owner = app.login(Role::Owner).await;
        Self { app, fleet, owner }
    }

    async fn ask(&self) -> Page {
        let typed = [("phrase", PHRASE), ("reason", "a break-in")];
        let posted = self.owner.post(PAGE, &typed).await;
        self.owner.follow(posted).await
    }

    /// The id that the page's forms carry.
    async fn id(&self) -> String {
        let page = self.owner.get(PAGE).await;
        page.attributes("input[name=id]", "value").remove(0)
    }

    async fn decide(&self, browser: &Browser, path: &str) -> Page {
        let id = self.id().await;
        let posted = browser
            .post(path, &[("id", id.as_str()), ("phrase", PHRASE)])
            .await;
        browser.follow(posted).await
    }

    async fn living(&self) -> i64 {
        sqlx::query_scalar("select count(*) from connections where state <> 'revoked'")
            .fetch_one(&self.fleet.pool)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_second_person_confirms_and_the_progress_is_shown() {
    let stage = Stage::new().await;
    let page = stage.ask().await;
    assert!(page.text().contains("Waits for a second person"));
    assert_eq!(stage.living().await, 3, "nothing has happened yet");

    let page = stage.decide(&stage.owner, CONFIRM).await;
    assert!(
        page.text().contains("it takes two persons"),
        "{}",
        page.text()
    );
    assert_eq!(stage.living().await, 3);

    let admin = stage.app.login(Role::Admin).await;
    let shown = admin.get(PAGE).await.text();
    assert!(
        shown.contains("a break-in") && shown.contains("3 customers"),
        "{shown}"
    );
    let page = stage.decide(&admin, CONFIRM).await;
    assert!(
        page.text().contains("Being disconnected: 0 of 3"),
        "{}",
        page.text()
    );
    assert_eq!(stage.living().await, 0, "the suspended one too");
    assert!(stage.app.keeper.asked().contains(&"plug".to_owned()));
    let audit = stage.app.audit().await;
    let count = |what: &str| audit.iter().filter(|entry| *entry == what).count();
    assert_eq!(count("plug.asked done"), 1);
    assert_eq!(count("plug.pulled done"), 1);
    assert_eq!(count("disconnection.begun done"), 3);

    sqlx::query("update disconnections set step = 'done', ended_at = started_at, next_at = null")
        .execute(&stage.fleet.pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into disconnection_steps select tenant_id, id, 'prove', started_at, 'stands' from disconnections",
    )
    .execute(&stage.fleet.pool)
    .await
    .unwrap();
    let page = stage.owner.get(PAGE).await;
    assert!(page.text().contains("Disconnected: 3 of 3"));
    assert_eq!(
        page.attributes("section[aria-labelledby=exceptions] a", "href"),
        ["alder", "birch", "cedar"]
            .map(|name| format!("/tenants/{name}/configuration/m365/disconnection"))
    );
}

#[tokio::test]
async fn a_late_confirmation_and_one_after_a_cancellation_do_nothing() {
    let stage = Stage::new().await;
    let admin = stage.app.login(Role::Admin).await;
    stage.ask().await;
    let id = stage.id().await;
    stage.app.advance(Duration::from_mins(15));
    stage.app.everybody_proves_again().await;
    let late = [("id", id.as_str()), ("phrase", PHRASE)];
    let posted = admin.post(CONFIRM, &late).await;
    let page = admin.follow(posted).await;
    assert!(
        page.text().contains("The 15 minutes are over"),
        "{}",
        page.text()
    );

    stage.ask().await;
    let id = stage.id().await;
    let page = stage.decide(&stage.owner, CANCEL).await;
    assert!(page.text().contains("Cancelled. Nothing was done."));
    let posted = admin
        .post(CONFIRM, &[("id", id.as_str()), ("phrase", PHRASE)])
        .await;
    let page = admin.follow(posted).await;
    assert!(page.text().contains("Nothing waits for confirmation"));
    assert_eq!(stage.living().await, 3);
}

#[tokio::test]
async fn the_phrase_must_be_typed_by_both() {
    let stage = Stage::new().await;
    let page = stage
        .owner
        .post(PAGE, &[("phrase", "yes"), ("reason", "a drill")])
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(
        (page.value("phrase"), page.value("reason")),
        ("yes".into(), "a drill".into())
    );
    assert!(page.field_error("phrase").contains(PHRASE));
    stage.ask().await;
    let id = stage.id().await;
    let admin = stage.app.login(Role::Admin).await;
    let page = admin
        .post(CONFIRM, &[("id", id.as_str()), ("phrase", "ok")])
        .await;
    assert_eq!(page.status, 422);
    assert_eq!(page.value("phrase"), "ok");
    assert!(page.field_error("phrase").contains(PHRASE));
    assert_eq!(stage.living().await, 3);
}

#[tokio::test]
async fn it_is_for_owners_and_seen_by_admins() {
    let stage = Stage::new().await;
    let typed = [("phrase", PHRASE)];
    for role in [Role::Technician, Role::Viewer] {
        let browser = stage.app.login(role).await;
        assert_eq!(browser.get(PAGE).await.status, 403, "{role}");
        for path in [PAGE, CONFIRM, CANCEL] {
            let fields = [
                ("id", "0192f0c1-0000-7000-8000-000000000000"),
                ("phrase", PHRASE),
            ];
            assert_eq!(
                browser.post(path, &fields).await.status,
                403,
                "{role} {path}"
            );
        }
        let home = browser.get("/security/authentication-status").await;
        assert!(!home.text().contains("Disconnect all customers"), "{role}");
    }
    let admin = stage.app.login(Role::Admin).await;
    let page = admin.get(PAGE).await;
    assert_eq!(page.status, 200);
    assert!(!page.has("form.stack"), "only an owner can ask");
    assert_eq!(admin.post(PAGE, &typed).await.status, 403);
    let home = stage.owner.get("/security/authentication-status").await;
    assert!(home.text().contains("Disconnect all customers"));
}

#[tokio::test]
async fn asked_for_twice_it_waits_once() {
    let stage = Stage::new().await;
    stage.ask().await;
    let other = stage.app.login(Role::Owner).await;
    let posted = other.post(PAGE, &[("phrase", PHRASE)]).await;
    let page = other.follow(posted).await;
    assert!(page.text().contains("It was asked for already"));
}
