//! Every page that can be reached by links, and every address that can be guessed.

use std::collections::{BTreeSet, VecDeque};

use tenantry::web;
use tenantry::web::kit::policy::Policy;
use uuid::Uuid;

use super::stage::{Customer, Stage};
use crate::support::browser::Browser;
use crate::support::page::Page;

/// Where a walk begins: the navigation, and what scripts and buttons ask for.
const DOORS: [&str; 22] = [
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

fn assert_silent(page: &Page, foreign: &[&Customer]) {
    for customer in foreign {
        for mark in &customer.marks {
            assert!(
                !page.body.contains(mark),
                "{} names {mark} of {}",
                page.path,
                customer.short_name
            );
        }
    }
}

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
        .is_ok_and(|number| number % 3 == 0)
}

/// The addresses of every route that names something, for this tenant and these ids. A parameter that nobody has taught this
/// test fails it.
fn addresses(short: &str, ids: &Ids) -> Vec<String> {
    web::inventory()
        .into_iter()
        .filter(|route| matches!(route.policy, Policy::Technician(_)) && route.path.contains('{'))
        .map(|route| {
            let path = &route.path;
            let id = match path
                .split("/{id}")
                .next()
                .and_then(|before| before.rsplit('/').next())
            {
                Some("invitations") => &ids.invitation,
                Some("connections") => &ids.connection,
                Some("msal-errors") => &ids.error,
                Some("incidents") => &ids.incident,
                // Of people and of the installation, not of tenants; for whoever is limited they are shut or theirs alone.
                Some("technicians" | "credentials" | "views") => &ids.nothing,
                other if path.contains("{id}") => panic!("whose id is it below {other:?}: {path}"),
                _ => "",
            };
            let filled = path
                .replace("{short}", short)
                .replace("{resource}", "graph")
                .replace("{id}", id);
            assert!(!filled.contains('{'), "an unknown parameter: {path}");
            filled
        })
        .collect()
}

/// What an address names.
struct Ids {
    invitation: String,
    connection: String,
    error: String,
    incident: String,
    nothing: String,
}

impl Ids {
    fn of(customer: &Customer, incident: Uuid) -> Self {
        Self {
            invitation: customer.invitation.to_string(),
            connection: customer.connection.to_string(),
            error: customer.error.to_string(),
            incident: incident.to_string(),
            nothing: tenantry::clock::random_uuid().to_string(),
        }
    }

    fn absent() -> Self {
        Self {
            invitation: tenantry::clock::random_uuid().to_string(),
            connection: tenantry::clock::random_uuid().to_string(),
            error: "999999999".into(),
            incident: tenantry::clock::random_uuid().to_string(),
            nothing: tenantry::clock::random_uuid().to_string(),
        }
    }
}

/// The answer without what differs between any two: the reference and the nonce of the request, and the name asked for.
fn masked(page: &Page, names: &[&str]) -> String {
    let mut body = page.body.clone();
    for nonce in page.attributes("[nonce]", "nonce") {
        body = body.replace(&nonce, "NONCE");
    }
    for reference in page.texts(".mono") {
        body = body.replace(&reference, "REFERENCE");
    }
    for name in names {
        body = body.replace(name, "NAME");
    }
    format!("{} {:?} {body}", page.status, page.location)
}

#[tokio::test]
async fn foreign_and_absent_are_alike_to_the_byte() {
    let stage = Stage::new().await;
    let (browser, own, foreign) = stage.sides().into_iter().next().unwrap();
    let (mine, theirs) = (own[0], foreign[0]);
    let absent = "zeb999q";
    // A foreign tenant against one that is not there, then foreign ids below a tenant of one's own.
    let pairs = addresses(&theirs.short_name, &Ids::of(theirs, stage.incidents[1]))
        .into_iter()
        .zip(addresses(absent, &Ids::absent()))
        .chain(
            addresses(&mine.short_name, &Ids::of(theirs, stage.incidents[1]))
                .into_iter()
                .zip(addresses(&mine.short_name, &Ids::absent()))
                .filter(|(one, other)| one != other),
        );
    let before = rows_of(&stage, &foreign).await;
    let mut compared = 0;
    for (one, other) in pairs {
        let names = [theirs.short_name.as_str(), absent];
        let names_and_ids: Vec<String> = names
            .iter()
            .map(ToString::to_string)
            .chain([&one, &other].map(Clone::clone))
            .collect();
        let names: Vec<&str> = names_and_ids.iter().rev().map(String::as_str).collect();
        let (found, none) = (browser.get(&one).await, browser.get(&other).await);
        assert_eq!(masked(&found, &names), masked(&none, &names), "GET {one}");
        assert!(
            matches!(found.status, 403 | 404 | 405),
            "GET {one}: {}",
            found.status
        );
        let fields = [
            ("reason", "because"),
            ("confirm", "yes"),
            ("method", "device_code"),
        ];
        let (found, none) = (
            browser.post(&one, &fields).await,
            browser.post(&other, &fields).await,
        );
        assert_eq!(masked(&found, &names), masked(&none, &names), "POST {one}");
        assert!(
            matches!(found.status, 403 | 404 | 405),
            "POST {one}: {}",
            found.status
        );
        compared += 2;
    }
    assert!(compared > 60, "{compared}");
    assert_eq!(
        rows_of(&stage, &foreign).await,
        before,
        "nothing was changed"
    );
}

/// Everything that is stored of these tenants, in one number per table.
async fn rows_of(stage: &Stage, tenants: &[&Customer]) -> Vec<(String, String)> {
    let ids: Vec<_> = tenants.iter().map(|one| one.id.as_uuid()).collect();
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition order by 1",
    )
    .fetch_all(&stage.app.pool)
    .await
    .unwrap();
    let mut sums = Vec::new();
    for table in tables.iter().map(String::as_str).chain(["tenants"]) {
        let column = if table == "tenants" {
            "id"
        } else {
            "tenant_id"
        };
        let sum: Option<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select md5(string_agg(t::text, '|' order by t::text)) from {table} t where {column} = any($1)"
        )))
        .bind(&ids)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
        sums.push((table.to_owned(), sum.unwrap_or_default()));
    }
    sums
}

#[tokio::test]
async fn a_foreign_id_in_a_form_changes_nothing() {
    let stage = Stage::new().await;
    for (browser, own, foreign) in stage.sides() {
        let before = rows_of(&stage, &foreign).await;
        let id = foreign[0].id.to_string();
        let mine = own[0].id.to_string();
        let view = "/security/authentication-status";
        for act in ["invitations", "validation", "snooze", "wake"] {
            for tenants in [vec![id.as_str()], vec![mine.as_str(), id.as_str()]] {
                let mut fields: Vec<(&str, &str)> =
                    tenants.iter().map(|one| ("tenant", *one)).collect();
                fields.extend([
                    ("until", "2030-01-01"),
                    ("day", "2030-01-01"),
                    ("reason", "quiet"),
                    ("confirmed", "yes"),
                ]);
                let answer = browser.post(&format!("{view}/{act}"), &fields).await;
                assert!(answer.status < 500, "{act}: {}", answer.status);
                assert_silent(&answer, &foreign);
                let after = browser.follow(answer).await;
                assert_silent(&after, &foreign);
            }
        }
        assert_eq!(rows_of(&stage, &foreign).await, before);
    }
}

#[tokio::test]
async fn acts_for_the_whole_fleet_or_for_people_take_somebody_without_a_limit() {
    let stage = Stage::new().await;
    // An admin, but limited.
    let admin = &stage.rest;
    for path in [
        "/security/technicians",
        "/security/technicians/new",
        "/security/disconnect-all",
        "/tenants/new",
    ] {
        assert_eq!(admin.get(path).await.status, 403, "{path}");
    }
    let home = admin.get("/tenants").await;
    assert!(!home.body.contains("/security/disconnect-all") && !home.body.contains("/tenants/new"));
    for (path, fields) in [
        (
            "/security/technicians",
            vec![
                ("name", "X"),
                ("email", "x@msp.example"),
                ("role", "viewer"),
            ],
        ),
        ("/security/disconnect-all", vec![("reason", "because")]),
        ("/security/app-registration", vec![("client_id", "x")]),
        ("/security/app-registration/secrets", vec![("value", "x")]),
    ] {
        assert_eq!(admin.post(path, &fields).await.status, 403, "{path}");
    }
    let new = [
        ("short_name", "fresh"),
        ("full_name", "Fresh"),
        ("graph", "required"),
    ];
    assert_eq!(admin.post("/tenants", &new).await.status, 403);
    let there: i64 = sqlx::query_scalar("select count(*) from tenants where short_name = 'fresh'")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(there, 0);
}

#[tokio::test]
async fn whoever_is_limited_changes_neither_the_tags_nor_the_unique_name_of_a_tenant() {
    let stage = Stage::new().await;
    let (browser, own, foreign) = stage.sides().into_iter().next().unwrap();
    let edit = format!("/tenants/{}/edit", own[0].short_name);
    let page = browser.get(&edit).await;
    for (field, value) in [
        ("short_name", foreign[0].short_name.as_str()),
        ("short_name", "free-one"),
        ("tags", "gold"),
    ] {
        let refused = browser
            .submit(&page, &format!("form[action='{edit}']"), &[(field, value)])
            .await;
        assert_eq!(refused.status, 422, "{field}={value}");
        assert!(
            refused
                .field_error(field)
                .contains("limited to some tenants"),
            "{field}={value}: {}",
            refused.field_error(field)
        );
    }
    let saved = browser
        .submit(
            &page,
            &format!("form[action='{edit}']"),
            &[("full_name", "Zebra000 Renamed")],
        )
        .await;
    assert_eq!(saved.status, 303);
}
