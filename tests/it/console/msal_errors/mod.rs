//! "MSAL errors" of every tenant: newest first by id, filtered, searched, and one entry whole.

mod exports;

use tenantry::domain::technician::Role;
use tenantry::storage::{MsalErrorId, TenantId};
use time::Duration;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::{Failure, Fleet};
use crate::support::page::Page;

const ERRORS: &str = "/monitoring/msal-errors";
const IDS: &str = "table.errors tbody td[data-label=Id]";

struct Stage {
    app: TestApp,
    fleet: Fleet,
    browser: Browser,
    alder: TenantId,
    birch: TenantId,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let browser = app.login(Role::Technician).await;
        let alder = fleet.tenant("alder", "Alder Clinics").await;
        let birch = fleet.tenant("birch", "Birch & Sons").await;
        Self {
            app,
            fleet,
            browser,
            alder,
            birch,
        }
    }

    async fn page(&self, query: &str) -> Page {
        self.browser.get(&format!("{ERRORS}{query}")).await
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        let page = self.page(query).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.texts(IDS)
    }

    async fn error(&self, tenant: TenantId, failure: Failure<'_>) -> String {
        self.fleet.error(tenant, failure).await.to_string()
    }

    async fn idle(&self, tenant: TenantId) -> String {
        let failure = Failure {
            code: Some(700_082),
            category: "expired_inactive",
            message: "AADSTS700082: The refresh token has expired due to inactivity.",
            raw: r#"{"error":"invalid_grant","error_codes":[700082]}"#,
            resource: "exchange",
            correlation_id: "11111111-0000-4000-8000-00000000000a",
            age: Duration::days(3),
            connection: None,
        };
        self.error(tenant, failure).await
    }
}

#[tokio::test]
async fn the_newest_id_comes_first() {
    let stage = Stage::new().await;
    let first = stage.error(stage.alder, Failure::default()).await;
    let second = stage.idle(stage.birch).await;
    assert_eq!(stage.ids("").await, [second, first]);
}

#[tokio::test]
async fn a_line_has_every_column() {
    let stage = Stage::new().await;
    stage.error(stage.birch, Failure::default()).await;
    let page = stage.page("").await;
    assert_eq!(
        page.texts("table.errors th"),
        [
            "Id",
            "Time",
            "Tenant",
            "Resource",
            "Operation",
            "AADSTS code",
            "Cause",
            "Message",
            "Correlation id"
        ]
    );
    let line = page.text_of("table.errors tbody tr");
    for words in [
        "birch",
        "Birch & Sons",
        "Microsoft Graph",
        "refresh",
        "50173",
        "Password changed or sessions revoked",
        "AADSTS50173: The provided grant has expired",
        "8f1a2b3c-0000-4000-8000-000000000001",
    ] {
        assert!(line.contains(words), "{words} in {line}");
    }
}

#[tokio::test]
async fn each_filter_narrows_the_list() {
    let stage = Stage::new().await;
    let password = stage.error(stage.alder, Failure::default()).await;
    let idle = stage.idle(stage.birch).await;
    for (query, found) in [
        ("?tenant=birch", &idle),
        ("?resource=graph", &password),
        ("?code=700082", &idle),
        ("?code=AADSTS50173", &password),
        ("?cause=expired_inactive", &idle),
        ("?q=inactivity", &idle),
        ("?q=INACTIVITY", &idle),
        ("?q=11111111-0000-4000-8000-00000000000A", &idle),
    ] {
        assert_eq!(stage.ids(query).await, [found.as_str()], "{query}");
    }
    assert!(stage.ids("?q=100%25").await.is_empty());
    assert_eq!(stage.ids(&format!("?q={idle}")).await[0], idle);
}

#[tokio::test]
async fn days_are_in_utc_and_both_included() {
    let stage = Stage::new().await;
    let old = stage.idle(stage.birch).await;
    stage.error(stage.birch, Failure::default()).await;
    let day = (stage.fleet.now - Duration::days(3)).date();
    let day = format!(
        "{:04}-{:02}-{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    );
    assert_eq!(stage.ids(&format!("?from={day}&to={day}")).await, [old]);
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_named_and_kept() {
    let stage = Stage::new().await;
    stage.error(stage.alder, Failure::default()).await;
    for (query, field, typed) in [
        ("?code=soon", "code", "soon"),
        ("?tenant=nobody", "tenant", "nobody"),
        ("?cause=gremlins", "cause", ""),
        ("?resource=toaster", "resource", ""),
        ("?from=2026-02-30", "from", "2026-02-30"),
        ("?from=2026-02-02&to=2026-02-01", "to", "2026-02-01"),
    ] {
        let page = stage.page(query).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(!page.field_error(field).is_empty(), "{query}");
        // A choice that does not exist cannot be shown as chosen.
        if !typed.is_empty() {
            assert_eq!(page.value(field), typed);
        }
        assert!(!page.has("table"), "{query} lists nothing");
    }
}

#[tokio::test]
async fn pages_go_by_id_and_do_not_shift() {
    let stage = Stage::new().await;
    for _ in 0..120 {
        stage.error(stage.alder, Failure::default()).await;
    }
    let first = stage.page("?tenant=alder").await;
    assert_eq!(first.texts(IDS).len(), 50);
    let older = first.attributes(".pager a[rel=next]", "href")[0].clone();
    let second = stage.browser.get(&older).await;
    // Another error comes in; the second page stays what it was.
    stage.error(stage.alder, Failure::default()).await;
    let again = stage.browser.get(&older).await;
    assert_eq!(second.texts(IDS), again.texts(IDS));
    let last = again.attributes(".pager a[rel=next]", "href")[0].clone();
    let last = stage.browser.get(&last).await;
    assert_eq!(last.texts(IDS).len(), 20);
    assert!(!last.has(".pager a[rel=next]"));
    let newer = last.attributes(".pager a[rel=prev]", "href")[0].clone();
    assert_eq!(
        stage.browser.get(&newer).await.texts(IDS),
        second.texts(IDS)
    );
    assert!(newer.contains("tenant=alder"));
}

#[tokio::test]
async fn an_entry_shows_the_whole_answer_and_what_it_means() {
    let stage = Stage::new().await;
    let before = stage.idle(stage.alder).await;
    let id = stage.error(stage.alder, Failure::default()).await;
    let after = stage.idle(stage.alder).await;
    stage.error(stage.birch, Failure::default()).await;
    let page = stage.browser.get(&format!("{ERRORS}/{id}")).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for words in [
        "Password changed or sessions revoked",
        "Who acts",
        "Confidence",
        "AADSTS50173",
        "400",
        "invalid_grant",
        "5e6f7a8b-0000-4000-8000-000000000002",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let raw = page.html();
    let raw: String = raw
        .select(&scraper::Selector::parse("#raw").unwrap())
        .flat_map(|pre| pre.text().collect::<Vec<_>>())
        .collect();
    assert!(
        raw.starts_with("{\n  \"error\": \"invalid_grant\""),
        "{raw}"
    );
    assert_eq!(page.texts(IDS), [after, before], "the tenant's neighbours");
    let links = page.attributes("main a", "href");
    assert!(links.contains(&"/tenants/alder".to_owned()));
    assert!(links.contains(&"/tenants/alder/configuration/m365#token-graph".to_owned()));
    assert!(links.contains(&"/tenants/alder/invitations/new?from=overview".to_owned()));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_shown_as_it_came() {
    let stage = Stage::new().await;
    let failure = Failure {
        raw: "<html><h1>502 Bad Gateway</h1></html>",
        code: None,
        category: "microsoft_outage",
        message: "502 Bad Gateway",
        ..Failure::default()
    };
    let id = stage.error(stage.alder, failure).await;
    let page = stage.browser.get(&format!("{ERRORS}/{id}")).await;
    assert_eq!(
        page.text_of("#raw"),
        "<html><h1>502 Bad Gateway</h1></html>"
    );
}

#[tokio::test]
async fn hostile_messages_are_text_and_nothing_else() {
    let stage = Stage::new().await;
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>";
    let failure = Failure {
        message: hostile,
        raw: hostile,
        correlation_id: "\"><script>",
        ..Failure::default()
    };
    let id = stage.error(stage.alder, failure).await;
    for path in [ERRORS.to_owned(), format!("{ERRORS}/{id}")] {
        let page = stage.browser.get(&path).await;
        assert!(!page.body.contains("<script>"), "{path}");
        assert!(!page.has("main img"), "{path}");
        assert!(page.text().contains(hostile), "{path}");
    }
}

#[tokio::test]
async fn absent_and_odd_ids_are_not_found() {
    let stage = Stage::new().await;
    for id in ["999999", "0", "-1", "abc", "9223372036854775808", "1;2"] {
        let page = stage.browser.get(&format!("{ERRORS}/{id}")).await;
        assert_eq!(page.status, 404, "{id}");
    }
}

#[tokio::test]
async fn without_errors_it_says_so() {
    let stage = Stage::new().await;
    let page = stage.page("").await;
    assert_eq!(page.text_of(".empty h2"), "No errors recorded");
    let page = stage.page("?code=50173").await;
    assert_eq!(page.text_of(".empty h2"), "No error matches");
}

#[tokio::test]
async fn nobody_else_sees_them() {
    let stage = Stage::new().await;
    let id = stage.fleet.error(stage.alder, Failure::default()).await;
    for path in [ERRORS.to_owned(), format!("{ERRORS}/{}", MsalErrorId(id.0))] {
        assert_eq!(stage.app.browser().get(&path).await.status, 303);
    }
}

#[tokio::test]
async fn the_search_looks_at_everything_an_error_says_and_at_its_tenants_name() {
    let stage = Stage::new().await;
    let raw = Failure {
        raw: r#"{"error":"invalid_grant","error_uri":"https://login.microsoftonline.com/error?code=50173","hint":"Kranichfeld"}"#,
        ..Failure::default()
    };
    let raw = stage.error(stage.alder, raw).await;
    let idle = stage.idle(stage.birch).await;
    for (query, found) in [
        ("kranichfeld", vec![&raw]),
        ("AADSTS700082", vec![&idle]),
        ("Birch %26 Sons", vec![&idle]),
        ("refresh", vec![&idle, &raw]),
        ("5e6f7a8b-0000-4000-8000-000000000002", vec![&idle, &raw]),
        ("no such word", vec![]),
    ] {
        assert_eq!(
            stage.ids(&format!("?q={query}")).await,
            found.into_iter().cloned().collect::<Vec<_>>(),
            "{query}"
        );
    }
    // A number may be short: it is an id.
    assert_eq!(stage.ids(&format!("?q={raw}")).await, [raw.as_str()]);
    let page = stage.page("?q=ab").await;
    assert_eq!(page.status, 422);
    assert!(!page.field_error("q").is_empty());
}

#[tokio::test]
async fn equal_errors_are_one_line_with_their_number_the_first_and_the_last() {
    let stage = Stage::new().await;
    let mut last = String::new();
    for days in [9, 5, 2] {
        let failure = Failure {
            age: Duration::days(days),
            ..Failure::default()
        };
        last = stage.error(stage.alder, failure).await;
    }
    let exchange = Failure {
        resource: "exchange",
        ..Failure::default()
    };
    stage.error(stage.alder, exchange).await;
    let idle = stage.idle(stage.birch).await;

    let page = stage.page("?fold=equal").await;
    assert_eq!(page.texts("td[data-label=Errors]"), ["1", "1", "3"]);
    assert_eq!(page.texts("td[data-label='Last Id']")[2], last);
    assert_eq!(page.texts("td[data-label='Last Id']")[0], idle);
    assert_eq!(page.texts("td[data-label=First]")[2], "9 days ago");
    assert_eq!(page.texts("td[data-label=Last]")[2], "2 days ago");
    let each = page.attributes("td[data-label=Errors] a", "href")[2].clone();
    assert_eq!(stage.browser.get(&each).await.texts(IDS).len(), 3);

    for (query, lines) in [
        ("tenant=birch", 1),
        ("resource=exchange", 2),
        ("cause=password_changed", 2),
        ("code=700082", 1),
    ] {
        let page = stage.page(&format!("?fold=equal&{query}")).await;
        assert_eq!(page.texts("td[data-label=Errors]").len(), lines, "{query}");
    }
    // A search looks at each error by itself, and says so.
    let page = stage.page("?fold=equal&q=expired").await;
    assert!(page.text().contains("A search lists each error by itself"));
    assert!(page.has("td[data-label=Id]"));
}

#[tokio::test]
async fn an_entry_says_how_often_it_came_and_who_else_has_it() {
    let stage = Stage::new().await;
    stage.error(stage.alder, Failure::default()).await;
    let id = stage.error(stage.alder, Failure::default()).await;
    let other = stage.error(stage.birch, Failure::default()).await;
    stage.idle(stage.birch).await;
    let page = stage.browser.get(&format!("{ERRORS}/{id}")).await;
    assert!(
        page.text()
            .contains("2 errors of this tenant with this cause")
    );
    let alike = "section[aria-labelledby=alike]";
    assert_eq!(
        page.texts(&format!("{alike} td[data-label='Last Id']")),
        [other]
    );
    let line = page.attributes(".moments svg", "aria-label");
    assert!(line[0].starts_with("2 errors of this tenant"), "{line:?}");
    assert_eq!(page.texts(".moments rect title").len(), 2);

    let inside = format!("/tenants/alder/msal-errors/{id}");
    let page = stage.browser.get(&inside).await;
    assert!(!page.has(alike), "inside one tenant no other is named");
}
