//! The pages: the form and its refusals, filters, CSV, and who may do what.

use reqwest::Method;
use tenantry::domain::technician::Role;

use super::stage::{Stage, input};
use crate::isolation::stage::limit;

#[tokio::test]
async fn the_form_says_what_is_wrong_and_keeps_what_was_typed() {
    let stage = Stage::new().await;
    stage.tenant("alder").await;
    let refused = stage
        .make(
            &stage.owner,
            "",
            &[
                ("name", ""),
                ("per_hour", "0"),
                ("list", "alder, nobody-here"),
                ("body", "No link"),
            ],
        )
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.field_error("name").contains("name"));
    assert!(refused.field_error("per_hour").contains("1 to 10000"));
    assert!(refused.field_error("list").contains("nobody-here"));
    assert!(refused.field_error("subject").contains("subject"));
    assert!(refused.body.contains("alder, nobody-here"));
    let nobody = stage.make(&stage.owner, "?tag=gold", &[]).await;
    assert_eq!(nobody.status, 422);
    assert!(nobody.field_error("list").contains("No tenant matches"));
    let unknown = stage.make(&stage.owner, "?cause=witchcraft", &[]).await;
    assert!(unknown.field_error("list").contains("witchcraft"));
    let drafts: i64 = sqlx::query_scalar("select count(*) from campaigns")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(drafts, 0);
}

#[tokio::test]
async fn a_draft_is_looked_at_and_discarded_and_mails_nobody() {
    let stage = Stage::new().await;
    stage.tenant("alder").await;
    stage.tenant("birch").await;
    let own = [
        ("subject", "{msp} und {tenant}"),
        ("body", "Bitte öffnen: {link}"),
        ("list", "BIRCH"),
    ];
    let made = stage.make(&stage.owner, "", &own).await;
    let draft = stage.owner.follow(made).await;
    assert_eq!(draft.texts("td[data-label=Tenant] a"), ["birch"]);
    let text = draft.text();
    assert!(text.contains("Harbourline IT und birch Ltd"), "{text}");
    assert!(text.contains("Bitte öffnen: http"), "{text}");
    let removal = format!("form[action='{}/removal']", draft.path);
    let gone = stage.owner.submit(&draft, &removal, &[]).await;
    let list = stage.owner.follow(gone).await;
    assert!(list.text().contains("No campaign yet"), "{}", list.text());
    assert_eq!(stage.owner.get(&draft.path).await.status, 404);
    stage.turns().await;
    assert_eq!(stage.server.letters().len(), 0);
}

#[tokio::test]
async fn a_draft_shows_the_mail_in_its_first_readers_language() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    sqlx::query("insert into tenant_mailing (tenant_id, language) values ($1, 'de')")
        .bind(alder)
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let made = stage.make(&stage.owner, "", &[]).await;
    let text = stage.owner.follow(made).await.text();
    assert!(text.contains("Die Autorisierung dafür fehlt"), "{text}");
    assert!(text.contains("Der Link ist gültig bis"), "{text}");
}

#[tokio::test]
async fn the_board_is_searched_and_filtered_and_taken_as_csv_without_formulas() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    stage
        .fleet
        .change_tenant(alder, "full_name = '=HYPERLINK(1)', invitation_email = ''")
        .await;
    stage.tenant("birch").await;
    let made = stage.make(&stage.owner, "", &[]).await;
    let draft = stage.owner.follow(made).await;
    let page = draft.path.clone();
    let start = stage.owner.post(&format!("{page}/start"), &[]).await;
    assert_eq!(start.status, 303, "{}", start.text());
    stage.turns().await;
    let names = async |query: &str| {
        let shown = stage.owner.get(&format!("{page}{query}")).await;
        shown.texts("td[data-label=Tenant] a")
    };
    assert_eq!(names("").await, ["alder", "birch"]);
    assert_eq!(names("?stage=sent").await, ["birch"]);
    assert_eq!(names("?stage=failed&q=alder").await, ["alder"]);
    assert!(names("?stage=failed&q=birch").await.is_empty());
    assert_eq!(names("?stage=nonsense").await.len(), 2);
    let csv = stage
        .owner
        .get(&format!("{page}/tenants.csv?stage=failed"))
        .await;
    let lines: Vec<&str> = csv.body.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[1].starts_with("alder,\"'=HYPERLINK(1)\",,Failed,"),
        "{}",
        lines[1]
    );
    assert!(csv.header("content-disposition").contains("campaign.csv"));
    let audit = stage.app.audit().await;
    assert!(audit.contains(&"campaign.exported done".to_owned()));
    // A start twice, or a resumption of what runs, is a page that was behind.
    for act in ["start", "resumption", "removal"] {
        let late = stage.owner.post(&format!("{page}/{act}"), &[]).await;
        assert_eq!(late.status, 409, "{act}");
    }
    let paused = stage.owner.post(&format!("{page}/pause"), &[]).await;
    assert_eq!(paused.status, 303);
    let shown = stage.owner.get(&page).await;
    assert!(shown.has(&format!("form[action='{page}/resumption']")));
    let stopped = stage
        .owner
        .post(&format!("{page}/stop"), &[("links", "yes")])
        .await;
    let shown = stage.owner.follow(stopped).await;
    assert!(
        shown.text().contains("Links withdrawn: 1."),
        "{}",
        shown.text()
    );
    assert!(!shown.has(&format!("form[action='{page}/stop']")));
}

#[tokio::test]
async fn whoever_is_limited_sees_their_own_rows_and_stops_nothing_of_others() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    stage.fleet.tag(alder, "gold").await;
    stage.tenant("birch").await;
    stage.tenant("cedar").await;
    let made = stage.make(&stage.owner, "", &[]).await;
    let all = stage.owner.follow(made).await.path;
    let made = stage
        .make(&stage.owner, "", &[("list", "birch cedar")])
        .await;
    let foreign = stage.owner.follow(made).await.path;
    let id = stage
        .app
        .technician("sam@msp.example", Role::Technician)
        .await;
    limit(&stage.owner, id, &[("reach", "only"), ("tag", "gold")]).await;
    let sam = stage.app.browser_of(id).await;

    let list = sam.get("/monitoring/campaigns").await;
    assert_eq!(list.texts("td[data-label=Tenants]"), ["1"]);
    assert!(!list.body.contains(&foreign));
    let shown = sam.get(&all).await;
    assert_eq!(shown.texts("td[data-label=Tenant] a"), ["alder"]);
    assert_eq!(shown.text_of("[data-count=all] strong"), "1");
    assert!(!shown.body.contains("birch") && !shown.body.contains("cedar"));
    assert!(
        shown.text().contains("1 tenant; 1 would be asked now,"),
        "{}",
        shown.text()
    );
    assert!(!shown.has(&format!("form[action='{all}/start']")));
    let csv = sam.get(&format!("{all}/tenants.csv")).await;
    assert_eq!(csv.body.lines().count(), 2);
    for act in ["start", "pause", "resumption", "stop", "retry", "removal"] {
        assert_eq!(
            sam.post(&format!("{all}/{act}"), &[]).await.status,
            403,
            "{act}"
        );
        assert_eq!(
            sam.post(&format!("{foreign}/{act}"), &[]).await.status,
            404,
            "{act}"
        );
    }
    assert_eq!(sam.get(&foreign).await.status, 404);
    assert_eq!(sam.get(&format!("{foreign}/tenants.csv")).await.status, 404);
    // A campaign of one's own reaches nobody else.
    let form = sam.get("/monitoring/campaigns/new").await;
    assert!(
        form.text().contains("1 tenant matches now."),
        "{}",
        form.text()
    );
    let refused = stage.make(&sam, "", &[("list", "birch")]).await;
    assert!(refused.field_error("list").contains("birch"));
    let made = stage.make(&sam, "", &[]).await;
    let own = sam.follow(made).await;
    assert_eq!(own.texts("td[data-label=Tenant] a"), ["alder"]);
    assert_eq!(
        sam.post(&format!("{}/start", own.path), &[]).await.status,
        303
    );
    // Viewers look.
    let viewer = stage.app.login(Role::Viewer).await;
    assert_eq!(viewer.get(&all).await.status, 200);
    assert_eq!(viewer.get("/monitoring/campaigns/new").await.status, 403);
    assert_eq!(viewer.post(&format!("{all}/start"), &[]).await.status, 403);
}

#[tokio::test]
async fn who_lacks_a_permission_is_chosen_from_the_status_list() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    stage.fleet.connection(alder, "active").await;
    stage.tenant("birch").await;
    let fields = [
        ("base", "1"),
        ("permission", "graph:delegated:Policy.Read.All"),
        ("note", "The report"),
    ];
    let made = stage
        .owner
        .post("/configuration/permissions", &fields)
        .await;
    assert_eq!(made.status, 303, "{}", made.text());
    let list = stage
        .owner
        .get("/security/authentication-status?permissions=lacking")
        .await;
    let ways = list.attributes("a[href^='/monitoring/campaigns/new']", "href");
    let way = ways.iter().find(|href| href.contains('?')).unwrap();
    let form = stage.owner.get(way).await;
    assert!(
        form.text().contains("1 tenant matches now."),
        "{}",
        form.text()
    );
    assert!(form.has("input[name=reason][value=permission][checked]"));
    let fields = [("reason", "permission")];
    let query = way.trim_start_matches("/monitoring/campaigns/new");
    let made = stage.make(&stage.owner, query, &fields).await;
    let draft = stage.owner.follow(made).await;
    assert_eq!(draft.texts("td[data-label=Tenant] a"), ["alder"]);
    assert!(
        draft.text().contains("Our work now needs a permission"),
        "{}",
        draft.text()
    );
}

#[tokio::test]
async fn a_second_click_on_start_leads_back_to_the_campaign() {
    let stage = Stage::new().await;
    let alder = stage.tenant("alder").await;
    let here = format!(
        "/monitoring/campaigns/{}",
        stage.campaign(&input(), &[alder]).await
    );
    let again = async |from: &str| {
        let request = stage
            .owner
            .request(Method::POST, &format!("{here}/start"))
            .header("sec-fetch-site", "same-origin")
            .header("referer", from);
        stage.owner.send(request).await
    };
    let page = again(stage.app.app.site.base_url.join(&here).unwrap().as_str()).await;
    assert_eq!(page.status, 409);
    let links = "main .actions a";
    assert_eq!(
        page.attributes(links, "href"),
        [here.as_str(), "/"],
        "{}",
        page.body
    );
    let odd = stage.app.app.site.base_url.join("/x").unwrap();
    let odd = odd.as_str().replace("/x", "//evil.example/page");
    for from in ["https://evil.example/page", &odd] {
        let page = again(from).await;
        assert_eq!(page.attributes(links, "href"), ["/"], "{from}");
    }
}
