//! Every route of the inventory, asked by everybody. A route is in here because it is mounted: a new one cannot escape, and
//! one with a parameter that nobody has taught this test fails it.

pub(super) mod addresses;
mod forged;
pub(super) mod state;

use reqwest::Method;
use tenantry::domain::technician::Role;
use tenantry::web;
use tenantry::web::kit::policy::Policy;
use tenantry::web::kit::routes::Route;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::page::Page;

use addresses::World;

/// The weakest first, so that what a stronger one changes is not missed by a weaker one.
const ROLES: [Role; 4] = [Role::Viewer, Role::Technician, Role::Admin, Role::Owner];

async fn ask(browser: &Browser, route: &Route, address: &str) -> Page {
    if route.changes() {
        browser.post(address, &[]).await
    } else {
        let request = browser.request(Method::GET, address);
        // An event stream begins at once and never ends: its head is what is looked at.
        browser.send(request.header("accept", "text/html")).await
    }
}

/// Streams answer for as long as they are listened to, so they have tests of their own (`status_live`, `onboarding::live`).
fn is_stream(route: &Route) -> bool {
    route.path.ends_with("/events")
}

fn is_sent_to_the_login(page: &Page) -> bool {
    page.status == 303
        && page
            .location
            .as_deref()
            .is_some_and(|to| to.starts_with("/login"))
}

#[tokio::test]
async fn nobody_passes_a_door_of_technicians_and_learns_nothing() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let before = state::fingerprint(&app.pool).await;
    for route in web::inventory() {
        let Policy::Technician(_) = route.policy else {
            continue;
        };
        for address in [world.own(&route.path), world.absent(&route.path)] {
            let page = ask(&app.browser(), &route, &address).await;
            assert!(is_sent_to_the_login(&page), "{route:?}: {}", page.status);
            world.is_not_named_in(&page);
            let page = with_a_key(&app.browser(), &route, &address).await;
            assert!(is_sent_to_the_login(&page), "{route:?}: {}", page.status);
        }
    }
    assert_eq!(state::fingerprint(&app.pool).await, before);
}

/// The password alone, and with a factor but something left to set up.
#[tokio::test]
async fn who_is_halfway_through_the_login_passes_no_door_of_technicians() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    for stage in ["password", "enrolling"] {
        let browser = app.login(Role::Owner).await;
        sqlx::query("update login_sessions set stage = $1")
            .bind(stage)
            .execute(&app.pool)
            .await
            .unwrap();
        let before = state::fingerprint(&app.pool).await;
        for route in web::inventory() {
            let Policy::Technician(_) = route.policy else {
                continue;
            };
            for address in [world.own(&route.path), world.absent(&route.path)] {
                let page = ask(&browser, &route, &address).await;
                let to = page.location.as_deref();
                assert_eq!((page.status, to), (303, Some("/login/factor")), "{route:?}");
                world.is_not_named_in(&page);
            }
        }
        assert_eq!(state::fingerprint(&app.pool).await, before, "{stage}");
    }
}

/// Pages do not know API keys; one that is sent along opens nothing.
async fn with_a_key(browser: &Browser, route: &Route, address: &str) -> Page {
    let method = Method::from_bytes(route.method.as_bytes()).unwrap();
    let request = browser.request(method, address);
    let request = request.header("sec-fetch-site", "same-origin");
    let key = "Bearer pk_abcdefgh_0000000000000000000000000000000000000000000_000000";
    browser.send(request.header("authorization", key)).await
}

#[tokio::test]
async fn each_role_passes_just_the_doors_of_its_permissions() {
    for role in ROLES {
        let app = TestApp::start().await;
        let world = World::new(&app).await;
        let browser = app.login(role).await;
        let before = state::fingerprint(&app.pool).await;
        let (mine, not_mine): (Vec<Route>, Vec<Route>) = web::inventory()
            .into_iter()
            .filter(|route| matches!(route.policy, Policy::Technician(_)) && !is_stream(route))
            .partition(|route| matches!(route.policy, Policy::Technician(what) if role.may(what)));
        for route in &not_mine {
            for address in [world.own(&route.path), world.absent(&route.path)] {
                let page = ask(&browser, route, &address).await;
                assert_eq!(page.status, 403, "{role} {route:?}");
                world.is_not_named_in(&page);
            }
        }
        assert_eq!(
            state::fingerprint(&app.pool).await,
            before,
            "{role} changed something that its role does not allow"
        );
        for route in &mine {
            let page = ask(&browser, route, &world.own(&route.path)).await;
            assert_ne!(page.status, 403, "{role} {route:?}");
            assert!(!is_sent_to_the_login(&page), "{role} {route:?}");
            assert!(page.status < 500, "{role} {route:?}: {}", page.status);
        }
    }
}

#[tokio::test]
async fn what_is_absent_is_404_for_whoever_may_pass() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let owner = app.login(Role::Owner).await;
    let before = state::fingerprint(&app.pool).await;
    for route in web::inventory() {
        let has_parameter = route.path.contains('{');
        if !matches!(route.policy, Policy::Technician(_)) || !has_parameter {
            continue;
        }
        let page = ask(&owner, &route, &world.absent(&route.path)).await;
        assert_eq!(page.status, 404, "{route:?}");
    }
    assert_eq!(state::fingerprint(&app.pool).await, before);
}

#[tokio::test]
async fn no_door_that_is_open_to_anybody_breaks() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    for route in web::inventory() {
        if matches!(route.policy, Policy::Technician(_)) || is_stream(&route) {
            continue;
        }
        for address in [world.own(&route.path), world.absent(&route.path)] {
            let page = ask(&app.browser(), &route, &address).await;
            assert!(page.status < 500, "{route:?}: {}", page.status);
            world.is_not_named_in(&page);
        }
    }
}

#[tokio::test]
async fn a_method_that_is_not_mounted_is_refused_with_those_that_are() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        let page = owner
            .send(
                owner
                    .request(method.clone(), "/tenants")
                    .header("sec-fetch-site", "same-origin"),
            )
            .await;
        assert_eq!(page.status, 405, "{method}");
        assert_eq!(page.header("allow"), "GET, HEAD, POST");
    }
}

#[test]
fn the_documentation_lists_just_what_is_mounted() {
    let documented = include_str!("../../../../docs/routes.md");
    let listed: Vec<&str> = documented
        .lines()
        .filter(|line| {
            ["GET", "POST", "PUT", "PATCH", "DELETE"]
                .iter()
                .any(|method| line.starts_with(&format!("| {method} ")))
        })
        .collect();
    let mounted: Vec<String> = web::inventory()
        .iter()
        .map(|one| format!("| {} | `{}` | {} |", one.method, one.path, one.who()))
        .collect();
    assert_eq!(
        listed, mounted,
        "tenantry routes > the table in docs/routes.md"
    );
}
