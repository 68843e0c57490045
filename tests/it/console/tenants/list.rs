//! The list of tenants.

use tenantry::domain::technician::Role;

use super::{HOSTILE, Stage};
use crate::support::fleet::Failure;
use crate::support::page::Page;

const LIST: &str = "/tenants";

fn names(page: &Page) -> Vec<String> {
    page.texts("table.tenants td[data-label=Tenant] a")
}

impl Stage {
    async fn names(&self, query: &str) -> Vec<String> {
        names(&self.get(&format!("{LIST}{query}")).await)
    }

    async fn mixed() -> Self {
        let stage = Self::empty().await;
        let fleet = &stage.fleet;
        let valid = fleet.tenant("alder", "Alder Clinics").await;
        fleet.connection(valid, "active").await;
        fleet.tag(valid, "gold").await;
        let expired = fleet.tenant("birch", "Birch & Sons").await;
        let dead = fleet.connection(expired, "needs_consent").await;
        fleet
            .error(
                expired,
                Failure {
                    connection: Some(dead),
                    ..Failure::default()
                },
            )
            .await;
        let paused = fleet.tenant("cedar", "Cedar Foods").await;
        fleet.change_tenant(paused, "state = 'suspended'").await;
        let left = fleet.tenant("dogwood", "Dogwood Legal").await;
        fleet.change_tenant(left, "state = 'archived'").await;
        fleet.tag(left, "gold").await;
        stage
    }
}

#[tokio::test]
async fn without_tenants_it_invites_to_add_the_first() {
    let stage = Stage::empty().await;
    let page = stage.get(LIST).await;
    assert_eq!(page.text_of(".empty h2"), "No tenants yet");
    assert_eq!(page.attributes("main a.primary", "href"), ["/tenants/new"]);
    assert!(!page.has("table") && !page.has("form[role=search]"));
}

#[tokio::test]
async fn nobody_sees_it_without_signing_in() {
    let stage = Stage::mixed().await;
    let page = stage.app.browser().get("/tenants?q=alder").await;
    assert_eq!(page.status, 303);
    assert_eq!(
        page.location.as_deref(),
        Some("/login?next=%2Ftenants%3Fq%3Dalder")
    );
    assert!(!page.body.contains("alder.example"));
}

#[tokio::test]
async fn a_row_says_who_it_is_how_it_stands_and_where_to_go() {
    let stage = Stage::mixed().await;
    let page = stage.get("/tenants?q=alder").await;
    let cells = page.texts("table.tenants tbody td");
    assert_eq!(
        cells[..4],
        [
            "alder Alder Clinics",
            "admin@alder.example alder.example",
            "gold",
            "Valid"
        ]
    );
    let links = page.attributes(".row-actions a", "href");
    assert_eq!(
        links,
        [
            "/tenants/alder/invitations/new?from=tenants",
            "/tenants/alder/edit",
            "/tenants/alder"
        ]
    );
    assert_eq!(page.texts(".row-actions a"), ["Renew", "Edit", "SysAdmin"]);
}

#[tokio::test]
async fn every_state_is_shown_and_can_be_chosen() {
    let stage = Stage::mixed().await;
    let page = stage.get(LIST).await;
    assert_eq!(names(&page), ["alder", "birch", "cedar"]);
    assert_eq!(
        page.texts("td[data-label=State]"),
        ["Valid", "Expired", "Suspended"]
    );
    assert_eq!(
        page.texts(".chips[aria-label] a"),
        ["Current 3", "Active 2", "Suspended 1", "Archived 1"]
    );
    assert_eq!(stage.names("?state=active").await, ["alder", "birch"]);
    assert_eq!(stage.names("?state=suspended").await, ["cedar"]);
    let archived = stage.get("/tenants?state=archived").await;
    assert_eq!(names(&archived), ["dogwood"]);
    assert_eq!(archived.texts("td[data-label=State]"), ["Archived"]);
    assert_eq!(
        archived.texts(".row-actions a"),
        ["Edit", "SysAdmin"],
        "what left is not renewed"
    );
}

#[tokio::test]
async fn tags_narrow_the_list_and_are_links_themselves() {
    let stage = Stage::mixed().await;
    let page = stage.get("/tenants?q=a&state=active").await;
    let gold = page.attributes("a.tag", "href")[0].clone();
    assert_eq!(gold, "/tenants?q=a&tag=gold&state=active");
    let page = stage.get(&gold).await;
    assert_eq!(names(&page), ["alder"]);
    assert_eq!(page.texts("select[name=tag] option[selected]"), ["gold"]);
    assert_eq!(
        page.texts(".chips[aria-label] a")[3],
        "Archived 1",
        "the other states keep their counts"
    );
}

#[tokio::test]
async fn search_finds_names_domains_and_addresses_and_takes_wildcards_and_quotes_literally() {
    let stage = Stage::mixed().await;
    let odd = stage.fleet.tenant("odd", "50%_O'Brien\\").await;
    stage
        .fleet
        .change_tenant(odd, "invitation_email = 'mail@odd.example'")
        .await;
    for (typed, found) in [
        ("CLINICS", vec!["alder"]),
        ("cedar.example", vec!["cedar"]),
        ("admin%40birch", vec!["birch"]),
        ("mail%40odd", vec!["odd"]),
        ("%25", vec!["odd"]),
        ("_", vec!["odd"]),
        ("O%27Brien", vec!["odd"]),
        ("%5C", vec!["odd"]),
        ("%26+Sons", vec!["birch"]),
        ("%27%3B+drop+table+tenants%3B--", vec![]),
        ("++birch++", vec!["birch"]),
    ] {
        assert_eq!(stage.names(&format!("?q={typed}")).await, found, "{typed}");
    }
}

#[tokio::test]
async fn what_was_searched_stays_in_its_field_and_is_only_text() {
    let stage = Stage::mixed().await;
    let page = stage.get("/tenants?q=%22%3E%3Cscript%3Ealert(1)").await;
    assert_eq!(page.value("q"), "\"><script>alert(1)");
    assert!(!page.has("main script"));
    assert_eq!(page.text_of(".empty h2"), "No tenant matches");
    assert_eq!(page.attributes(".empty a", "href"), ["/tenants"]);
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_refused_or_left_aside() {
    let stage = Stage::mixed().await;
    assert_eq!(stage.browser.get("/tenants?q=a%00b").await.status, 400);
    assert_eq!(
        stage.browser.get("/tenants?after=odd&n=one").await.status,
        200
    );
    assert_eq!(stage.names("?state=broken&n=-3&colour=red").await.len(), 3);
    assert!(stage.names("?after=zzz~").await.is_empty());
}

#[tokio::test]
async fn hostile_names_are_text_and_nothing_else() {
    let stage = Stage::empty().await;
    let tenant = stage.fleet.tenant("alder", HOSTILE).await;
    stage
        .fleet
        .change_tenant(tenant, "admin_username = '<b>x</b>', domain = '<i>y</i>'")
        .await;
    let page = stage.get(LIST).await;
    assert!(
        !page.has("td script") && !page.has("td img") && !page.has("td b") && !page.has("td i")
    );
    assert!(page.text().contains(HOSTILE));
}

#[tokio::test]
async fn pages_keep_the_filter() {
    let stage = Stage::empty().await;
    for n in 0..53 {
        let tenant = stage
            .fleet
            .tenant(&format!("t{n:02}"), &format!("Tenant {n:02}"))
            .await;
        stage.fleet.tag(tenant, "gold").await;
    }
    let first = stage.get("/tenants?tag=gold&q=tenant").await;
    assert_eq!(names(&first).len(), 50);
    assert!(first.text_of(".pager").contains("1–50 of 53"));
    let next = first.attributes(".pager a[rel=next]", "href")[0].clone();
    assert_eq!(next, "/tenants?q=tenant&tag=gold&after=t49%7E&n=51");
    let second = stage.get(&next).await;
    assert_eq!(names(&second), ["t50", "t51", "t52"]);
    assert!(!second.has(".pager a[rel=next]"));
}

#[tokio::test]
async fn a_viewer_sees_it_without_what_changes_anything() {
    let stage = Stage::mixed().await;
    let browser = stage.app.login(Role::Viewer).await;
    let page = browser.get(LIST).await;
    assert_eq!(names(&page).len(), 3);
    assert!(!page.has("main a.primary"));
    assert!(
        page.texts(".row-actions a")
            .iter()
            .all(|label| label == "SysAdmin")
    );
}

#[tokio::test]
async fn looking_changes_nothing() {
    let stage = Stage::mixed().await;
    stage.get(LIST).await;
    assert!(stage.app.audit().await.is_empty());
}
