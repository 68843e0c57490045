//! What other sites, tools and proxies send: forged changes, twisted addresses, other names.

use reqwest::Method;
use reqwest::header::{HOST, ORIGIN};
use tenantry::domain::technician::Role;
use tenantry::web;
use tenantry::web::kit::paths;
use tenantry::web::kit::policy::Policy;
use tenantry::web::kit::routes::Route;

use super::addresses::World;
use super::{is_sent_to_the_login, state};
use crate::support::app::TestApp;

/// What a request carries that no page of ours sent: pairs of header and value.
fn forgeries(own: &str) -> Vec<Vec<(&'static str, String)>> {
    let site = |word: &str| ("sec-fetch-site", word.to_owned());
    let origin = |from: &str| ("origin", from.to_owned());
    vec![
        vec![],
        vec![site("cross-site"), origin("https://evil.example")],
        vec![site("same-site"), origin("https://other.msp.example")],
        vec![site("none")],
        vec![origin("https://evil.example")],
        vec![origin("null")],
        vec![origin(&format!("{own}.evil.example"))],
        vec![site("cross-site"), origin(own)],
        vec![site("Same-Origin"), origin("https://evil.example")],
    ]
}

#[tokio::test]
async fn no_change_is_taken_from_anywhere_but_our_own_pages() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let owner = app.login(Role::Owner).await;
    let own = app.app.site.base_url.origin().ascii_serialization();
    let before = state::fingerprint(&app.pool).await;
    // Browsers report by themselves, with neither header; it is counted and changes nothing else (`web::limits`).
    // The API goes by a key and by no cookie: there is no login to borrow (`api::scopes`).
    let taken = |one: &Route| {
        one.changes() && one.path != paths::CSP_REPORTS && !matches!(one.policy, Policy::Key(_))
    };
    for route in web::inventory().into_iter().filter(taken) {
        for forgery in forgeries(&own) {
            let mut request = owner.request(Method::POST, &world.own(&route.path));
            for (name, value) in &forgery {
                request = request.header(*name, value);
            }
            let page = owner.send(request.form(&[("name", "x")])).await;
            assert_eq!(page.status, 403, "{route:?} with {forgery:?}");
        }
    }
    assert_eq!(state::fingerprint(&app.pool).await, before);
}

/// The address with one thing twisted, as scanners and sloppy proxies do.
fn twisted(path: &str) -> Vec<String> {
    vec![
        format!("{path}/"),
        format!("/{path}"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path}%2f"),
        format!("{path}%00"),
        format!("{path};x=1"),
        format!("{path}.json"),
        format!("{path}~"),
        format!("/static/0/..{path}"),
        format!("/login/..%2f..{path}"),
        format!("/onboarding/%2e%2e{path}"),
        path.to_uppercase(),
        path.replace('e', "%65"),
    ]
}

#[tokio::test]
async fn no_twisted_address_leads_past_a_door() {
    let app = TestApp::start().await;
    let world = World::new(&app).await;
    let nobody = app.browser();
    for route in web::inventory() {
        if !matches!(route.policy, Policy::Technician(_)) {
            continue;
        }
        for path in twisted(&world.own(&route.path)) {
            let Ok(address) = app.app.site.base_url.join(&path) else {
                continue;
            };
            // "//host" names another site.
            if address.origin() != app.app.site.base_url.origin() {
                continue;
            }
            let page = nobody.get(&path).await;
            let refused =
                [400, 404, 405, 414].contains(&page.status) || is_sent_to_the_login(&page);
            let public = page.path.starts_with("/login") || page.path.starts_with("/onboarding");
            assert!(refused || public, "{path}: {}", page.status);
            world.is_not_named_in(&page);
        }
    }
}

#[tokio::test]
async fn no_other_name_is_answered() {
    let app = TestApp::start().await;
    let owner = app.login(Role::Owner).await;
    let port = app.app.site.base_url.port().unwrap();
    for host in [
        "evil.example".to_owned(),
        "localhost".to_owned(),
        format!("evil.example:{port}"),
        format!("127.0.0.1.evil.example:{port}"),
        format!("x@127.0.0.1:{port}"),
        "127.0.0.1:1".to_owned(),
        format!("127.0.0.1:{port}:{port}"),
        format!("127.0.0.1:{port} "),
    ] {
        for path in [
            "/login",
            "/tenants",
            "/onboarding",
            "/static/0/css/base.css",
        ] {
            let request = owner.request(Method::GET, path).header(HOST, &host);
            let page = owner.send(request).await;
            // A Host that is none is refused by the HTTP library itself.
            let refused = [400, 421].contains(&page.status);
            assert!(
                refused || host.ends_with(' '),
                "{host} {path}: {}",
                page.status
            );
        }
    }
    let forwarded = owner
        .request(Method::GET, "/")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header(ORIGIN, "https://evil.example");
    let page = owner.send(forwarded).await;
    assert!(!page.location.unwrap_or_default().contains("evil"));
}
