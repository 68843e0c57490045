//! "Audit log": who may look, what narrows it, what leaves as a file, and that leaving is in it too.

use serde_json::{Value, json};
use tenantry::domain::technician::Role;
use tenantry::storage::TenantId;
use time::Duration;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::fleet::Fleet;
use crate::support::page::Page;

const LOG: &str = "/security/audit-log";
const ACTIONS: &str = "table.audit tbody td[data-label=Action]";

struct Stage {
    app: TestApp,
    browser: Browser,
    alder: TenantId,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let fleet = Fleet::new(&app.db, app.clock.now()).await;
        let alder = fleet.tenant("alder", "Alder Clinics").await;
        let browser = app.login(Role::Admin).await;
        Self {
            app,
            browser,
            alder,
        }
    }

    async fn act(&self, action: &str, who: &str, age: Duration, details: Value) -> i64 {
        let result = if action.ends_with("denied") {
            "denied"
        } else {
            "done"
        };
        sqlx::query_scalar(
            "insert into audit_events (at, tenant_id, actor_type, actor_name, action, object_type, object_id, result, details)
             values ($1, $2, 'technician', $3, $4, 'tenant', 'object-of-' || $4, $5, $6) returning id",
        )
        .bind(self.app.clock.now() - age)
        .bind(self.alder)
        .bind(who)
        .bind(action)
        .bind(result)
        .bind(details)
        .fetch_one(&self.app.pool)
        .await
        .unwrap()
    }

    async fn page(&self, query: &str) -> Page {
        self.browser.get(&format!("{LOG}{query}")).await
    }

    async fn actions(&self, query: &str) -> Vec<String> {
        let page = self.page(query).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.texts(ACTIONS)
    }
}

async fn some() -> Stage {
    let stage = Stage::new().await;
    let hour = Duration::hours(1);
    stage
        .act(
            "tenant.edited",
            "robin@msp.example",
            72 * hour,
            json!({"changed": ["full_name"]}),
        )
        .await;
    stage
        .act(
            "request.denied",
            "kim@msp.example",
            48 * hour,
            json!({"why": "role"}),
        )
        .await;
    stage
        .act(
            "token.refresh",
            "keeper",
            hour,
            json!({"resource": "graph"}),
        )
        .await;
    stage
        .act(
            "tenant.suspended",
            "robin@msp.example",
            hour,
            json!({"reason": "Leaves us in December"}),
        )
        .await;
    stage
}

#[tokio::test]
async fn the_newest_comes_first_and_renewals_only_when_asked_for() {
    let stage = some().await;
    let acts = ["tenant.suspended", "request.denied", "tenant.edited"];
    assert_eq!(stage.actions("").await, acts);
    let all = stage.actions("?what=renewals").await;
    assert_eq!(all.len(), 4);
    assert_eq!(
        stage.actions("?action=token.refresh").await,
        ["token.refresh"]
    );
}

#[tokio::test]
async fn each_filter_narrows_the_list() {
    let stage = some().await;
    let day = |days: i64| {
        (stage.app.clock.now() - Duration::days(days))
            .date()
            .to_string()
    };
    for (query, found) in [
        ("?who=kim@msp.example".to_owned(), "request.denied"),
        ("?action=tenant.edited".to_owned(), "tenant.edited"),
        ("?result=denied".to_owned(), "request.denied"),
        (format!("?to={}", day(3)), "tenant.edited"),
        (format!("?from={}", day(1)), "tenant.suspended"),
        ("?q=in+december".to_owned(), "tenant.suspended"),
        ("?q=object-of-tenant.ed".to_owned(), "tenant.edited"),
        (
            "?tenant=alder&who=kim@msp.example".to_owned(),
            "request.denied",
        ),
    ] {
        assert_eq!(stage.actions(&query).await, [found], "{query}");
    }
}

#[tokio::test]
async fn an_unknown_value_is_named_and_not_ignored() {
    let stage = some().await;
    for (query, words) in [
        ("?who=nobody@msp.example", "Nobody of this name"),
        ("?action=tenant.eaten", "There is no such action"),
        ("?tenant=nowhere", "No tenant has this short name"),
        ("?result=maybe", "There is no such result"),
        ("?from=yesterday", "Enter a day like"),
        ("?from=2026-11-21&to=2026-11-01", "The end lies before"),
        ("?q=ab", "three letters"),
        ("?what=some", "There is no such list"),
    ] {
        let page = stage.page(query).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(page.text().contains(words), "{query}: {}", page.text());
        assert_eq!(page.texts(ACTIONS), [""; 0], "{query}");
        let file = stage.page(&format!("/export.csv{query}")).await;
        assert_eq!(file.status, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_in_both_directions() {
    let stage = Stage::new().await;
    sqlx::query(
        "insert into audit_events (at, actor_type, actor_name, action) select now(), 'worker', 'w', 'act.' || n
         from generate_series(1, 120) as n",
    )
    .execute(&stage.app.pool)
    .await
    .unwrap();
    let first = stage.page("").await;
    assert_eq!(first.texts(ACTIONS)[0], "act.120");
    let second = stage
        .browser
        .get(&first.attributes("a[rel=next]", "href")[0])
        .await;
    assert_eq!(second.texts(ACTIONS)[0], "act.70");
    let third = stage
        .browser
        .get(&second.attributes("a[rel=next]", "href")[0])
        .await;
    assert_eq!(third.texts(ACTIONS).len(), 20);
    assert!(!third.has("a[rel=next]"));
    let back = stage
        .browser
        .get(&third.attributes("a[rel=prev]", "href")[0])
        .await;
    assert_eq!(back.texts(ACTIONS), second.texts(ACTIONS));
}

#[tokio::test]
async fn an_entry_tells_everything_it_holds() {
    let stage = Stage::new().await;
    let id: i64 = sqlx::query_scalar(
        "insert into audit_events (at, tenant_id, actor_type, actor_name, ip, action, object_type, object_id, request_id, details)
         values ($1, $2, 'technician', 'robin@msp.example', '192.0.2.7', 'tenant.suspended', 'tenant', 'o-1', 'r-77',
           '{\"reason\": \"<script>alert(1)</script>\"}') returning id",
    )
    .bind(stage.app.clock.now())
    .bind(stage.alder)
    .fetch_one(&stage.app.pool)
    .await
    .unwrap();
    let page = stage.page(&format!("/{id}")).await;
    let text = page.text();
    for words in [
        "robin@msp.example",
        "192.0.2.7",
        "tenant.suspended",
        "o-1",
        "r-77",
        "Alder Clinics",
        "not yet",
        "<script>",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    sqlx::query("insert into audit_seals select 41, id, at, now(), sha256('a'), sha256('b') from audit_events where id = $1")
        .bind(id)
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let page = stage.page(&format!("/{id}")).await;
    assert!(page.text().contains("number 41"), "{}", page.text());
    assert_eq!(stage.page("/999999").await.status, 404);
    assert_eq!(stage.page("/x").await.status, 404);
}

#[tokio::test]
async fn an_empty_log_says_what_will_stand_there() {
    let stage = Stage::new().await;
    let page = stage.page("").await;
    assert!(
        page.text().contains("Nothing was done yet"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("No checkpoint yet"), "{}", page.text());
    let none = some().await;
    let page = none.page("?result=failed").await;
    assert!(page.text().contains("No entry matches"), "{}", page.text());
}

#[tokio::test]
async fn only_owners_and_admins_look() {
    let stage = some().await;
    for role in [Role::Viewer, Role::Technician] {
        let browser = stage.app.login(role).await;
        for path in ["", "/1", "/export.csv", "/export.jsonl"] {
            let page = browser.get(&format!("{LOG}{path}")).await;
            assert_eq!(page.status, 403, "{role} {path}");
        }
        let page = browser.get("/tenants").await;
        assert!(!page.text().contains("Audit log"), "{role}");
    }
    let owner = stage.app.login(Role::Owner).await;
    assert_eq!(owner.get(LOG).await.status, 200);
    let page = owner.get("/tenants").await;
    assert!(page.text().contains("Audit log"));
    let nobody = stage.app.browser().get(LOG).await;
    assert!(
        nobody.status == 303 || nobody.text().contains("Log in"),
        "{}",
        nobody.status
    );
}

#[tokio::test]
async fn a_file_holds_the_filtered_list_and_is_no_formula_and_is_in_the_log() {
    let stage = some().await;
    stage
        .act(
            "tenant.added",
            "=HYPERLINK(1)",
            Duration::minutes(1),
            json!({"name": "@SUM(1)"}),
        )
        .await;
    let file = stage.page("/export.csv?action=tenant.added").await;
    assert_eq!(file.status, 200);
    assert!(file.body.contains("'=HYPERLINK(1)"), "{}", file.body);
    assert_eq!(file.body.lines().count(), 2);
    let file = stage.page("/export.jsonl?what=renewals").await;
    let lines: Vec<Value> = file
        .body
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    // The five, and the two exports themselves.
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0]["action"], "audit.exported");
    assert_eq!(
        lines[0]["details"],
        json!({"format": "jsonl", "what": "renewals"})
    );
    assert_eq!(
        lines[1]["details"],
        json!({"format": "csv", "action": "tenant.added"})
    );
    assert_eq!(lines[2]["details"]["name"], "@SUM(1)");
}
