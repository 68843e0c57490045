//! Every page, list and export that can be reached by links.

use std::collections::{BTreeSet, VecDeque};

use sqlx::{AssertSqlSafe, PgPool};

use super::stage::{Customer, Stage, assert_silent};
use crate::support::browser::Browser;
use crate::support::page::Page;

/// Where a walk begins: the navigation, and what scripts and buttons ask for.
const DOORS: [&str; 23] = [
    "/tenants",
    "/tenants?q=zebra",
    "/tenants?q=zeb&state=archived",
    "/tenants?tag=gold",
    "/tenants?tag=plain",
    "/security/authentication-status",
    "/security/authentication-status?q=zebra",
    "/security/authentication-status?sort=since",
    "/security/authentication-status?tag=gold",
    "/security/authentication-status?state=expired",
    "/security/authentication-status/export.csv",
    "/security/app-registration",
    "/security/technicians",
    "/security/disconnect-all",
    "/monitoring/customer/pending-invitations",
    "/monitoring/customer/pending-invitations?q=zebra",
    "/monitoring/campaigns",
    "/monitoring/msal-errors",
    "/monitoring/msal-errors?q=zebra",
    "/monitoring/msal-errors?q=AADSTS50173&fold=no",
    "/monitoring/operations",
    "/monitoring/reports",
    "/monitoring/reports.csv",
];
/// And these exports.
const EXPORTS: [&str; 2] = [
    "/monitoring/msal-errors/export.csv",
    "/monitoring/msal-errors/export.jsonl",
];
/// Pages beyond which a walk would be endless.
const MOST: usize = 1_500;

/// Links of the site that a click follows.
fn links(page: &Page) -> Vec<String> {
    let mut found = page.attributes("a[href^='/']", "href");
    found.retain(|href| !href.starts_with("/static/"));
    found
        .iter()
        .map(|href| href.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

async fn walk(browser: &Browser, foreign: &[&Customer]) -> BTreeSet<String> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut ahead: VecDeque<String> = DOORS
        .iter()
        .chain(&EXPORTS)
        .map(ToString::to_string)
        .collect();
    while let Some(path) = ahead.pop_front() {
        if seen.len() >= MOST || !seen.insert(path.clone()) {
            continue;
        }
        let page = browser.get(&path).await;
        assert!(page.status < 500, "{path} answered {}", page.status);
        assert_silent(&page, foreign);
        if page.header("content-type").starts_with("text/html") {
            ahead.extend(links(&page));
        }
        ahead.extend(page.location.clone().filter(|to| to.starts_with('/')));
    }
    seen
}

#[tokio::test]
async fn no_page_list_or_export_names_a_tenant_outside() {
    let stage = Stage::new().await;
    for (browser, own, foreign) in stage.sides() {
        let seen = walk(browser, &foreign).await;
        // The walk went through the tenants that may be seen, and into what belongs to them.
        for customer in own {
            for below in [
                "",
                "/configuration/m365",
                "/activity",
                "/report",
                "/msal-errors",
            ] {
                let path = format!("/tenants/{}{below}", customer.short_name);
                assert!(seen.contains(&path), "{path} was not reached");
            }
        }
        assert!(seen.len() > 150, "only {} pages", seen.len());
    }
}

#[tokio::test]
async fn the_filters_keep_silent_without_the_second_net() {
    let stage = Stage::new().await;
    take_the_net_away(&stage.app.pool).await;
    for (browser, _, foreign) in stage.sides() {
        assert!(walk(browser, &foreign).await.len() > 100);
    }
}

/// Row-level security off everywhere, and views that show everybody's rows: only what the queries ask for is left.
async fn take_the_net_away(pool: &PgPool) {
    let tables: Vec<String> =
        sqlx::query_scalar("select c.oid::regclass::text from pg_class c where c.relrowsecurity")
            .fetch_all(pool)
            .await
            .unwrap();
    assert!(tables.len() > 25, "{tables:?}");
    for table in tables {
        sqlx::query(AssertSqlSafe(format!(
            "alter table {table} disable row level security"
        )))
        .execute(pool)
        .await
        .unwrap();
    }
    for table in ["tenant_status", "msal_errors", "msal_error_folds"] {
        let open = format!(
            "create or replace view fleet_{table} as select * from {table};
             create or replace view granted_{table} as select k.*, g.technician_id as granted_to
             from technician_tenants g join {table} k on k.tenant_id = g.tenant_id"
        );
        sqlx::raw_sql(AssertSqlSafe(open))
            .execute(pool)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn whoever_is_not_limited_still_sees_everything() {
    let stage = Stage::new().await;
    let all: Vec<&Customer> = stage.customers.iter().collect();
    for path in [
        "/tenants",
        "/security/authentication-status",
        "/monitoring/msal-errors?fold=no",
        "/monitoring/reports.csv",
    ] {
        let page = stage.owner.get(path).await;
        for customer in &all {
            assert!(
                page.body.contains(&customer.short_name),
                "{path}: {}",
                customer.short_name
            );
        }
    }
}

#[tokio::test]
async fn numbers_count_only_what_may_be_seen() {
    let stage = Stage::new().await;
    for (browser, own, _) in stage.sides() {
        let count = own.len().to_string();
        let status = browser.get("/security/authentication-status").await;
        assert_eq!(status.text_of("[data-count=all] strong"), count);
        let expired = own.iter().filter(|one| is_expired(one)).count();
        assert_eq!(
            status.text_of("[data-count=expired] strong"),
            expired.to_string()
        );
        let operations = browser.get("/monitoring/operations").await;
        assert!(
            operations
                .text()
                .contains(&format!("{count} due of {count}"))
                || expired > 0
        );
        let listed = operations.attributes("a[href*='/incidents/']", "href");
        let touched = operations.texts("td[data-label=Tenants]");
        assert!(touched.contains(&count), "{touched:?}");
        assert_eq!(listed.len(), 2, "that of all, and that of one's own");
        let app = browser.get("/security/app-registration").await;
        assert_eq!(app.status, 200);
    }
    let fleet = stage.owner.get("/security/authentication-status").await;
    assert_eq!(
        fleet.text_of("[data-count=all] strong"),
        stage.customers.len().to_string()
    );
}

fn is_expired(customer: &Customer) -> bool {
    customer
        .short_name
        .trim_matches(|c: char| !c.is_ascii_digit())
        .parse::<usize>()
        .is_ok_and(|number| number.is_multiple_of(3))
}
