//! The page "Permissions", and what a version does to the list of tenants.

use sqlx::PgPool;
use tenantry::domain::technician::Role;
use tenantry::storage::{ConnectionId, TenantId};

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;
use crate::support::page::Page;

const PAGE: &str = "/configuration/permissions";
const POLICIES: &str = "graph:delegated:Policy.Read.All";
const LACKING: &str = "/security/authentication-status?permissions=lacking";

async fn make(browser: &Browser, base: &str, chosen: &[&str], note: &str) -> Page {
    let mut fields = vec![("base", base), ("note", note)];
    fields.extend(chosen.iter().map(|word| ("permission", *word)));
    browser.post(PAGE, &fields).await
}

async fn grant(pool: &PgPool, connection: ConnectionId, scopes: &[&str]) {
    sqlx::query("update tokens set scopes = $2 where connection_id = $1 and resource = 'graph'")
        .bind(connection)
        .bind(scopes)
        .execute(pool)
        .await
        .unwrap();
}

async fn names(browser: &Browser, path: &str) -> Vec<String> {
    browser
        .get(path)
        .await
        .texts("td[data-label=Tenant] .strong")
}

async fn lacking(pool: &PgPool, tenant: TenantId) -> i32 {
    sqlx::query_scalar("select permissions_lacking from tenant_status where tenant_id = $1")
        .bind(tenant)
        .fetch_one(pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_new_version_marks_whoever_lacks_something_and_nobody_else() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    let lacks = fleet.connection(alder, "active").await;
    let birch = fleet.tenant("birch", "Birch & Sons").await;
    let has = fleet.connection(birch, "active").await;
    let whole = [
        "https://graph.microsoft.com/user.read",
        "Directory.Read.All",
        "policy.read.all",
    ];
    grant(&app.pool, has, &whole).await;
    // Without a token that names its permissions nothing is known, and nothing is said.
    let cedar = fleet.tenant("cedar", "Cedar Group").await;
    let silent = fleet.connection(cedar, "active").await;
    grant(&app.pool, silent, &[]).await;
    fleet.tenant("dogwood", "Dogwood").await;
    let browser = app.login(Role::Owner).await;
    assert!(names(&browser, LACKING).await.is_empty());

    let made = make(&browser, "1", &[POLICIES], "The report needs policies").await;
    assert_eq!(made.status, 303, "{}", made.text());
    let page = browser.get(PAGE).await.text();
    assert!(
        page.contains("Version 2 holds. 1 tenant lacks a permission"),
        "{page}"
    );
    assert!(page.contains("The report needs policies"), "{page}");
    assert!(
        page.contains("Microsoft Graph: Policy.Read.All (delegated)"),
        "{page}"
    );
    assert_eq!(names(&browser, LACKING).await, ["alder"]);
    let rest = "/security/authentication-status?permissions=whole";
    assert_eq!(names(&browser, rest).await, ["dogwood", "birch", "cedar"]);
    let list = browser.get("/security/authentication-status").await;
    assert_eq!(list.body.matches("1 permission lacking").count(), 1);
    assert_eq!(list.text_of("[data-count=all] strong"), "4");
    let csv = browser
        .get("/security/authentication-status/export.csv?permissions=lacking")
        .await;
    assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
    assert!(csv.body.trim_end().ends_with(",1"), "{}", csv.body);
    let fleet_page = browser.get("/security/authentication-status").await;
    let banner = fleet_page.text_of(".banner");
    assert!(
        banner.contains("1 tenant lacks a permission that is required."),
        "{banner}"
    );
    let settings = browser.open("/tenants/alder/configuration/m365").await;
    let said = settings.text_of("[aria-labelledby=lacking]");
    assert!(
        said.contains("1 permission lacking") && said.contains("Microsoft Graph: Policy.Read.All"),
        "{said}"
    );
    let overview = browser.open("/tenants/alder").await;
    let next = overview.text_of("[aria-labelledby=next]");
    assert!(
        next.contains("lacks a permission") && next.contains("Renew"),
        "{next}"
    );
    let graph = settings.text_of("#token-graph td[data-label=Permissions]");
    assert!(graph.contains("Policy.Read.All missing"), "{graph}");
    assert!(graph.contains("User.Read granted"), "{graph}");

    // The next token brings it, or another loses it: the row follows, whatever the order of the names.
    grant(
        &app.pool,
        lacks,
        &["Policy.Read.All", "Directory.Read.All", "User.Read"],
    )
    .await;
    assert_eq!(lacking(&app.pool, alder).await, 0);
    grant(&app.pool, has, &["User.Read"]).await;
    assert_eq!(lacking(&app.pool, birch).await, 2);
    fleet.change(has, "state = 'needs_consent'").await;
    assert_eq!(
        lacking(&app.pool, birch).await,
        0,
        "it must be renewed anyway"
    );
    assert!(
        app.audit()
            .await
            .contains(&"permission_set.made done".to_owned())
    );
}

#[tokio::test]
async fn what_is_taken_out_is_lacked_by_nobody() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    let alder = fleet.tenant("alder", "Alder Clinics").await;
    fleet.connection(alder, "active").await;
    let browser = app.login(Role::Admin).await;
    let reports = "graph:delegated:Reports.Read.All";
    make(&browser, "1", &[POLICIES, reports], "More").await;
    assert_eq!(lacking(&app.pool, alder).await, 2);
    let page = browser.get("/configuration/permissions/new").await;
    assert_eq!(page.value("base"), "2");
    assert!(page.has(&format!("input[value='{POLICIES}'][checked]")));
    make(&browser, "2", &[reports], "Fewer").await;
    assert_eq!(lacking(&app.pool, alder).await, 1);
    let page = browser.get(PAGE).await;
    assert_eq!(
        page.texts("td[data-label=Removed]"),
        ["Microsoft Graph: Policy.Read.All (delegated)", "–", "–"]
    );
    // What must be declared at Microsoft follows.
    let registration = browser.get("/security/app-registration").await.text();
    assert!(registration.contains("Reports.Read.All"), "{registration}");
    assert!(!registration.contains("Policy.Read.All"), "{registration}");
}

#[tokio::test]
async fn what_makes_no_version_is_said_where_it_is_wrong() {
    let app = TestApp::start().await;
    let browser = app.login(Role::Owner).await;
    let refused = make(&browser, "1", &[POLICIES], "  ").await;
    assert_eq!(refused.status, 422);
    assert!(refused.field_error("note").contains("Say why"));
    assert!(refused.has(&format!("input[value='{POLICIES}'][checked]")));
    let long = make(&browser, "1", &[POLICIES], &"x".repeat(301)).await;
    assert!(long.field_error("note").contains("300"));
    let unknown = make(
        &browser,
        "1",
        &["graph:delegated:Everything.All"],
        "Why not",
    )
    .await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.field_error("groups").contains("Choose from"));
    let unchanged = make(&browser, "1", &[], "Nothing").await;
    assert!(unchanged.text().contains("Nothing is different"));
    make(&browser, "1", &[POLICIES], "First").await;
    let stale = make(&browser, "1", &[], "Second, from the same page").await;
    assert_eq!(stale.status, 422);
    assert!(stale.text().contains("newer version"), "{}", stale.text());
    let versions: i64 = sqlx::query_scalar("select count(*) from permission_sets")
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(versions, 2);
}

#[tokio::test]
async fn technicians_and_viewers_do_not_decide_what_is_required() {
    let app = TestApp::start().await;
    for role in [Role::Technician, Role::Viewer] {
        let browser = app.login(role).await;
        assert_eq!(browser.get(PAGE).await.status, 403);
        assert_eq!(make(&browser, "1", &[POLICIES], "Please").await.status, 403);
        let list = browser.get("/tenants").await;
        assert!(!list.has(&format!("a[href='{PAGE}']")), "it is not offered");
    }
    assert!(
        app.login(Role::Owner)
            .await
            .get("/tenants")
            .await
            .has(&format!("a[href='{PAGE}']"))
    );
}

#[tokio::test]
async fn whoever_lacks_something_is_one_press_from_a_campaign() {
    let app = TestApp::start().await;
    let fleet = Fleet::new(&app.db, app.clock.now()).await;
    for name in ["alder", "birch"] {
        let id = fleet.tenant(name, &format!("{name} Ltd")).await;
        fleet.connection(id, "active").await;
        if name == "alder" {
            fleet.tag(id, "gold").await;
        }
    }
    let owner = app.login(Role::Owner).await;
    let status = "/security/authentication-status";
    assert!(
        !owner.get(status).await.has(".banner"),
        "nobody lacks anything"
    );
    make(&owner, "1", &[POLICIES], "More").await;
    let page = owner.get(status).await;
    assert!(page.text().contains("2 tenants lack a permission"));
    let links = page.attributes(".banner a", "href");
    assert_eq!(links[0], LACKING);
    let form = owner.get(&links[1]).await;
    assert!(
        form.text().contains("2 tenants match now."),
        "{}",
        form.text()
    );
    assert!(form.has("input[name=reason][value=permission][checked]"));
    assert_eq!(
        owner.get(PAGE).await.attributes("#held ~ p a", "href"),
        links,
        "the page of permissions leads to the same"
    );
    // Each counts the own tenants.
    let kim = app.technician("kim@msp.example", Role::Technician).await;
    crate::isolation::stage::limit(&owner, kim, &[("reach", "only"), ("tag", "gold")]).await;
    let page = app.browser_of(kim).await.get(status).await;
    assert!(page.text().contains("1 tenant lacks a permission"));
    // Viewers look, and start none.
    let viewer = app.login(Role::Viewer).await;
    assert_eq!(
        viewer.get(status).await.attributes(".banner a", "href"),
        [LACKING]
    );
}
