//! Ten thousand tenants: the lists read by index, whatever is filtered, searched or sorted, and on whichever page.

use tenantry::domain::rehearsal::{Plan, plant};
use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::plans::Plans;

const STATUS: &str = "/security/authentication-status";

async fn ten_thousand() -> TestApp {
    let app = TestApp::start().await;
    let plan = Plan {
        tenants: 10_000,
        errors: 20_000,
        seed: 1,
        now: app.clock.now(),
    };
    plant(&app.pool, plan).await.unwrap();
    app
}

#[tokio::test]
async fn no_large_table_is_read_from_end_to_end() {
    let app = ten_thousand().await;
    let browser = app.login(Role::Technician).await;
    let sorts = [
        "tenant", "name", "mode", "admin", "state", "cause", "since", "tokens", "expiry",
        "success", "error",
    ];
    let mut pages: Vec<String> = sorts
        .iter()
        .flat_map(|sort| ["", "&dir=desc"].map(|dir| format!("{STATUS}?sort={sort}{dir}")))
        .collect();
    for query in [
        "state=expired",
        "state=valid&sort=expiry",
        "cause=mfa_required",
        "mode=app_only",
        "tag=schools",
        "tag=gold&state=expired",
        "snoozed=yes",
        "q=maple-12",
        "q=zz",
        "q=optics+99",
    ] {
        pages.push(format!("{STATUS}?{query}"));
    }
    for query in ["", "?q=maple-12", "?tag=schools", "?state=archived"] {
        pages.push(format!("/tenants{query}"));
    }
    let plans = Plans::watch(&app.pool).await;
    for page in &pages {
        let shown = browser.get(page).await;
        assert_eq!(shown.status, 200, "{page}");
        if let Some(next) = shown.attributes(".pager a[rel=next]", "href").first() {
            assert_eq!(browser.get(next).await.status, 200, "{next}");
        }
    }
    assert_eq!(plans.sequential_scans().await, [].into());
}

#[tokio::test]
async fn the_counts_are_those_of_the_rows_and_every_page_leads_on_to_the_last() {
    let app = ten_thousand().await;
    let counted: Vec<(String, i64)> = sqlx::query_as(
        "select state, count(*) from authentication_status($1) group by state order by state",
    )
    .bind(app.clock.now())
    .fetch_all(&app.pool)
    .await
    .unwrap();
    let browser = app.login(Role::Technician).await;
    let page = browser.get(STATUS).await;
    let shown = page.texts(".counts a");
    for (state, count) in counted {
        let label = state.replace('_', " ");
        let found = shown
            .iter()
            .any(|text| text.to_lowercase() == format!("{count} {label}"));
        assert!(found, "{count} {label} in {shown:?}");
    }
    let mut names = Vec::new();
    let mut next = Some(format!("{STATUS}?state=expired&sort=error&dir=desc"));
    while let Some(address) = next {
        let page = browser.get(&address).await;
        names.extend(page.texts("table.status tbody td[data-label=Tenant] a.strong"));
        next = page
            .attributes(".pager a[rel=next]", "href")
            .first()
            .cloned();
    }
    let expired: i64 =
        sqlx::query_scalar("select count(*) from tenant_status where state = 'expired'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    let shown = names.len();
    names.sort();
    names.dedup();
    let expired = usize::try_from(expired).unwrap();
    assert_eq!((shown, names.len()), (expired, expired));
}
