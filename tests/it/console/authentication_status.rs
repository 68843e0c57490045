//! "Authentication Status": every tenant's standing, counted, filtered, searched and ordered.

use tenantry::domain::technician::Role;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::{Failure, Fleet};
use crate::support::page::Page;

const STATUS: &str = "/security/authentication-status";
const NAMES: &str = "table.status tbody td[data-label=Tenant] a.strong";

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

    /// One tenant per interesting state.
    async fn mixed() -> Self {
        let stage = Self::empty().await;
        let fleet = &stage.fleet;
        let valid = fleet.tenant("alder", "Alder Clinics").await;
        fleet.connection(valid, "active").await;
        let expired = fleet.tenant("birch", "Birch & Sons").await;
        let dead = fleet.connection(expired, "needs_consent").await;
        let error = fleet
            .error(
                expired,
                Failure {
                    connection: Some(dead),
                    ..Failure::default()
                },
            )
            .await;
        fleet
            .change(
                dead,
                &format!(
                    "cause = 'password_changed', last_error_id = {error}, last_error_code = 50173, last_error_at = now()"
                ),
            )
            .await;
        let retrying = fleet.tenant("cedar", "Cedar Foods").await;
        let shaky = fleet.connection(retrying, "active").await;
        fleet
            .change(shaky, "trouble_since = now(), cause = 'throttled'")
            .await;
        fleet.tenant("dogwood", "Dogwood Legal").await;
        let invited = fleet.tenant("elm", "Elm School").await;
        fleet.invitation(invited, Duration::days(5)).await;
        stage
    }

    async fn names(&self, query: &str) -> Vec<String> {
        self.page(query).await.texts(NAMES)
    }

    async fn page(&self, query: &str) -> Page {
        let page = self.browser.get(&format!("{STATUS}{query}")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page
    }
}

#[tokio::test]
async fn it_is_the_first_page_after_login() {
    let stage = Stage::mixed().await;
    let page = stage.browser.get("/").await;
    assert_eq!(page.location.as_deref(), Some(STATUS));
}

#[tokio::test]
async fn nobody_else_sees_it() {
    let stage = Stage::mixed().await;
    let page = stage.app.browser().get(STATUS).await;
    assert_eq!(page.status, 303);
    assert!(page.location.unwrap().starts_with("/login?next="));
}

#[tokio::test]
async fn the_most_urgent_tenant_comes_first() {
    let stage = Stage::mixed().await;
    assert_eq!(
        stage.names("").await,
        ["birch", "cedar", "elm", "dogwood", "alder"]
    );
}

#[tokio::test]
async fn a_row_says_state_cause_who_acts_and_what_to_click() {
    let stage = Stage::mixed().await;
    let page = stage.page("?q=birch").await;
    let row = page.text_of("table.status tbody tr");
    for words in [
        "Birch & Sons",
        "admin@birch.example",
        "Auth token",
        "Expired",
        "Password changed or sessions revoked",
        "Who acts: the customer's",
        "0 of 3",
        "50173",
        "Renew",
        "SysAdmin",
    ] {
        assert!(row.contains(words), "{words} in {row}");
    }
    let links = page.attributes("table.status tbody a", "href");
    assert!(
        links.contains(&"/tenants/birch/invitations/new?from=status".to_owned()),
        "{links:?}"
    );
    assert!(links.contains(&"/tenants/birch".to_owned()));
}

#[tokio::test]
async fn the_counts_lead_to_their_state_and_back() {
    let stage = Stage::mixed().await;
    let page = stage.page("").await;
    assert_eq!(
        page.texts(".counts a"),
        [
            "5 All",
            "1 Expired",
            "1 Retrying",
            "0 Expiring",
            "1 Invitation pending",
            "1 Not connected",
            "1 Valid",
            "0 Suspended"
        ]
    );
    let expired = page.attributes(".counts a", "href")[1].clone();
    let page = stage.browser.get(&expired).await;
    assert_eq!(page.texts(NAMES), ["birch"]);
    assert_eq!(page.texts(".counts [aria-current]"), ["1 Expired"]);
    // The other counts stay, so that one click leads on.
    assert!(page.texts(".counts a").contains(&"1 Valid".to_owned()));
    let back = page.attributes(".counts [aria-current]", "href")[0].clone();
    assert_eq!(stage.browser.get(&back).await.texts(NAMES).len(), 5);
}

#[tokio::test]
async fn filters_narrow_list_and_counts_together() {
    let stage = Stage::mixed().await;
    assert_eq!(stage.names("?cause=password_changed").await, ["birch"]);
    assert_eq!(stage.names("?mode=none").await, ["elm", "dogwood"]);
    assert_eq!(
        stage.names("?mode=auth_token&sort=tenant").await,
        ["alder", "birch", "cedar"]
    );
    let page = stage.page("?mode=none").await;
    assert_eq!(page.texts(".counts a")[0], "2 All");
}

#[tokio::test]
async fn tags_can_be_filtered_by() {
    let stage = Stage::empty().await;
    let gold = stage.fleet.tenant("alder", "Alder").await;
    stage.fleet.tenant("birch", "Birch").await;
    stage.fleet.tag(gold, "gold").await;
    let page = stage.page("?tag=gold").await;
    assert_eq!(page.texts(NAMES), ["alder"]);
    assert_eq!(page.texts("select[name=tag] option[selected]"), ["gold"]);
}

#[tokio::test]
async fn search_finds_names_domains_and_admins_and_takes_wildcards_literally() {
    let stage = Stage::mixed().await;
    assert_eq!(stage.names("?q=SCHOOL").await, ["elm"]);
    assert_eq!(stage.names("?q=cedar.example").await, ["cedar"]);
    assert_eq!(stage.names("?q=admin%40alder").await, ["alder"]);
    assert!(stage.names("?q=%25").await.is_empty());
    assert!(stage.names("?q=_").await.is_empty());
}

#[tokio::test]
async fn nothing_found_offers_to_clear_the_filters() {
    let stage = Stage::mixed().await;
    let page = stage.page("?q=nobody&sort=name").await;
    assert_eq!(page.text_of(".empty h2"), "No tenant matches");
    let clear = page.attributes(".empty a", "href")[0].clone();
    assert_eq!(clear, format!("{STATUS}?sort=name"));
}

#[tokio::test]
async fn without_tenants_it_says_how_to_begin() {
    let stage = Stage::empty().await;
    let page = stage.page("").await;
    assert_eq!(page.text_of(".empty h2"), "No tenants yet");
    assert_eq!(page.attributes(".empty a", "href"), ["/tenants/new"]);
    assert!(!page.has("table"));
}

#[tokio::test]
async fn every_column_orders_the_list_both_ways() {
    let stage = Stage::mixed().await;
    for column in [
        "tenant", "name", "mode", "admin", "state", "cause", "since", "tokens", "expiry",
        "success", "error",
    ] {
        let mut up = stage.names(&format!("?sort={column}")).await;
        let mut down = stage.names(&format!("?sort={column}&dir=desc")).await;
        assert_eq!(up.len(), 5, "{column}");
        up.sort();
        down.sort();
        assert_eq!(up, down, "{column} loses rows");
    }
    assert_eq!(
        stage.names("?sort=name&dir=desc").await,
        ["elm", "dogwood", "cedar", "birch", "alder"]
    );
    assert_eq!(stage.names("?sort=error").await[0], "birch");
    assert_eq!(stage.names("?sort=error&dir=desc").await[0], "birch");
}

#[tokio::test]
async fn the_heading_shows_the_order_and_turns_it_round() {
    let stage = Stage::mixed().await;
    let page = stage.page("?sort=tenant&q=e").await;
    assert_eq!(page.attributes("th", "aria-sort")[0], "ascending");
    let turn = page.attributes("th a", "href")[0].clone();
    assert_eq!(turn, format!("{STATUS}?q=e&sort=tenant&dir=desc"));
}

#[tokio::test]
async fn pages_keep_filter_and_order() {
    let stage = Stage::empty().await;
    for n in 0..53 {
        stage
            .fleet
            .tenant(&format!("t{n:02}"), &format!("Tenant {n:02}"))
            .await;
    }
    let first = stage.page("?sort=tenant&q=tenant").await;
    assert_eq!(first.texts(NAMES).len(), 50);
    assert!(first.text_of(".pager").contains("1–50 of 53"));
    let next = first.attributes(".pager a[rel=next]", "href")[0].clone();
    let second = stage.browser.get(&next).await;
    assert_eq!(second.texts(NAMES), ["t50", "t51", "t52"]);
    assert!(!second.has(".pager a[rel=next]"));
    let beyond = stage.page("?sort=tenant&after=zzz~zzz").await;
    assert!(beyond.texts(NAMES).is_empty());
}

#[tokio::test]
async fn hostile_names_are_text_and_nothing_else() {
    let stage = Stage::empty().await;
    let name = r#"<script>alert(1)</script>"><img src=x onerror=alert(1)>"#;
    let tenant = stage.fleet.tenant("alder", name).await;
    stage
        .fleet
        .change_tenant(
            tenant,
            "state = 'suspended', state_reason = '<b>unpaid</b>', admin_username = '\"><svg onload=alert(1)>'",
        )
        .await;
    let page = stage.page("?q=%22%3E%3Cscript%3E").await;
    assert!(!page.body.contains("<script>"));
    let page = stage.page("").await;
    assert!(
        !page.has("td script") && !page.has("td img") && !page.has("td b") && !page.has("td svg")
    );
    assert!(page.text().contains(name));
    assert!(page.text().contains("<b>unpaid</b>"));
}

#[tokio::test]
async fn a_viewer_sees_it_without_renew() {
    let stage = Stage::mixed().await;
    let browser = stage.app.login(Role::Viewer).await;
    let page = browser.get(STATUS).await;
    assert_eq!(page.texts(NAMES).len(), 5);
    assert!(!page.texts("table.status a").contains(&"Renew".to_owned()));
}

#[tokio::test]
async fn looking_changes_nothing() {
    let stage = Stage::mixed().await;
    stage.page("").await;
    assert!(stage.app.audit().await.is_empty());
}

#[tokio::test]
async fn an_open_incident_stands_above_the_list_and_a_closed_one_does_not() {
    let stage = Stage::mixed().await;
    assert_eq!(
        stage
            .page("")
            .await
            .texts("section[aria-label=Incident]")
            .len(),
        0
    );
    let id = tenantry::clock::ordered_uuid();
    sqlx::query(
        "insert into incidents (id, kind, cause, class, code, opened_at, last_seen_at, holds_until)
         values ($1, 'mass', 'mass:rejected_ambiguous:50076', 'rejected_ambiguous', 50076, $2, $2, $2)",
    )
    .bind(id)
    .bind(stage.fleet.now - Duration::minutes(20))
    .execute(&stage.fleet.pool)
    .await
    .unwrap();
    sqlx::query("insert into incident_tenants (tenant_id, incident_id) select id, $1 from tenants")
        .bind(id)
        .execute(&stage.fleet.pool)
        .await
        .unwrap();
    let banner = stage.page("").await.text_of("section[aria-label=Incident]");
    for words in [
        "Many customers are refused for the same reason",
        "5 customers, AADSTS50076,",
        "20 minutes ago",
        "Who acts: we, the service provider",
        "MSAL errors",
    ] {
        assert!(banner.contains(words), "{words} in {banner}");
    }
    sqlx::query("update incidents set closed_at = opened_at")
        .execute(&stage.fleet.pool)
        .await
        .unwrap();
    assert_eq!(
        stage
            .page("")
            .await
            .texts("section[aria-label=Incident]")
            .len(),
        0
    );
}
