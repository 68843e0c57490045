//! Links: looked at by scanners, altered, used up, run out, withdrawn. Everything that does not work looks the same.

use std::time::Duration;

use super::stage::Stage;
use crate::support::page::Page;

/// The page without what differs between any two answers.
pub fn plain(page: &Page) -> String {
    let nonce = page.attributes("script", "nonce").remove(0);
    page.body.replace(&nonce, "")
}

#[tokio::test]
async fn a_scanner_that_looks_first_changes_nothing() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let before = stage.app.audit().await;
    let scanner = stage.app.browser();
    for _ in 0..3 {
        let page = scanner.get(&link).await;
        assert_eq!(page.status, 200);
        assert!(page.headers.get("set-cookie").is_none());
        let head = scanner.request(reqwest::Method::HEAD, &link);
        assert_eq!(scanner.send(head).await.status, 200);
    }
    assert_eq!(stage.app.audit().await, before);
    assert_eq!(
        stage.count("select count(*) from onboarding_flows").await,
        0
    );
    let (_, page) = stage.administrator(&link).await;
    assert!(page.has("form[action='/onboarding/start']"), "still good");
}

#[tokio::test]
async fn the_first_page_says_who_invites_whom_and_for_what() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let text = stage.app.browser().get(&link).await.text();
    for part in [
        "Harbourline IT",
        "Harbourline IT Services Ltd",
        "contoso Ltd",
        "contoso.example",
        "Robin Marlow",
        "R-",
        "Harbourline Tenantry",
        "Microsoft Graph",
        "Exchange Online",
        "(optional)",
        "If someone sent you a code, stop: we never send codes",
        "security@harbourline.example",
        "Enterprise applications",
        "192.0.2.44, 2001:db8:44::/64",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

#[tokio::test]
async fn the_token_leaves_the_address_at_once() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let browser = stage.app.browser();
    let page = browser.get(&link).await;
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(page.header("cache-control"), "no-store");
    let moved = browser.submit(&page, "form", &[]).await;
    assert_eq!(
        (moved.status, moved.location.as_deref()),
        (303, Some("/onboarding"))
    );
    let cookie = moved.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Max-Age=1800", "Path=/"] {
        assert!(cookie.contains(part), "{part} is missing in {cookie}");
    }
    let token = link.rsplit('/').next().unwrap();
    assert!(!browser.open("/onboarding").await.body.contains(token));
}

#[tokio::test]
async fn every_link_that_does_not_work_gives_one_and_the_same_page() {
    let stage = Stage::set().await;
    let browser = stage.app.browser();
    let unknown = browser
        .get(&format!("/onboarding/inv_{}", "A".repeat(43)))
        .await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().contains("This link does not work"));

    let link = stage.invite_admin().await;
    let cut = &link[..link.len() - 1];
    let altered = format!("{cut}{}", if link.ends_with('A') { "E" } else { "A" });
    let other_case = link.replace("inv_", "INV_");
    let mut pages = vec![
        browser.get(cut).await,
        browser.get(&altered).await,
        browser.get(&other_case).await,
    ];
    for end in [
        "update invitations set state = 'completed', ended_at = now()",
        "update invitations set state = 'revoked', ended_at = now()",
        "update invitations set state = 'expired', ended_at = now()",
        "update invitations set state = 'open', ended_at = null, expires_at = now() - interval '1 second'",
    ] {
        sqlx::query(end).execute(&stage.app.pool).await.unwrap();
        pages.push(browser.get(&link).await);
        pages.push(browser.post(&link, &[]).await);
    }
    pages.push(browser.get("/onboarding").await);
    browser.set_cookie("inv", "inv_rubbish");
    browser.set_cookie("flow", "rubbish");
    pages.push(browser.get("/onboarding").await);
    for action in ["start", "again", "here", "trip", "look"] {
        pages.push(browser.post(&format!("/onboarding/{action}"), &[]).await);
    }
    for (index, page) in pages.iter().enumerate() {
        assert_eq!(page.status, 404, "page {index}");
        assert_eq!(plain(page), plain(&unknown), "page {index}");
    }
}

#[tokio::test]
async fn a_link_runs_out_at_its_time() {
    let stage = Stage::set().await;
    let link = stage.invite(&[("validity_hours", "1")]).await;
    stage.app.advance(Duration::from_mins(59));
    assert_eq!(stage.app.browser().get(&link).await.status, 200);
    stage.app.advance(Duration::from_mins(2));
    assert_eq!(stage.app.browser().get(&link).await.status, 404);
}

#[tokio::test]
async fn asking_for_a_new_link_tells_the_technician_only_of_links_that_we_know() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    sqlx::query("update invitations set state = 'revoked', ended_at = now()")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let mut answers = Vec::new();
    for path in [
        format!("/onboarding/inv_{}", "A".repeat(43)),
        "/onboarding/x".to_owned(),
        link,
    ] {
        let browser = stage.app.browser();
        assert_eq!(
            stage
                .count("select count(*) from invitations where new_link_asked_at is not null")
                .await,
            0
        );
        let page = browser.get(&path).await;
        let asked = browser.submit(&page, "form", &[("ask", "new_link")]).await;
        assert_eq!(asked.location.as_deref(), Some("/onboarding/asked"));
        answers.push(plain(&browser.follow(asked).await));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(
        stage
            .count("select count(*) from invitations where new_link_asked_at is not null")
            .await,
        1
    );
    let list = stage
        .technician
        .get("/monitoring/customer/pending-invitations?state=revoked")
        .await;
    assert!(
        list.text().contains("new link asked for"),
        "{}",
        list.text()
    );
}

#[tokio::test]
async fn a_suspended_tenants_link_does_not_work_meanwhile() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    for (state, status) in [("suspended", 404), ("active", 200)] {
        sqlx::query("update tenants set state = $1")
            .bind(state)
            .execute(&stage.app.pool)
            .await
            .unwrap();
        assert_eq!(
            stage.app.browser().get(&link).await.status,
            status,
            "{state}"
        );
    }
}

#[tokio::test]
async fn guessing_links_gets_slow_and_good_links_of_others_do_not() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let guesser = stage.app.browser();
    let guess = format!("/onboarding/inv_{}", "B".repeat(43));
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(guesser.post(&guess, &[]).await.status);
    }
    assert_eq!(answers[..24], [404; 24]);
    assert_eq!(answers.last(), Some(&503));
    assert_eq!(
        guesser.post(&guess, &[("ask", "new_link")]).await.status,
        503
    );
    let (_, page) = stage.administrator(&link).await;
    assert!(
        page.has("form[action='/onboarding/start']"),
        "whoever has a good link is let in"
    );
}

#[tokio::test]
async fn behind_tls_the_cookies_are_bound_to_the_host() {
    use crate::support::app::TestApp;
    use crate::support::browser::Browser;
    use std::sync::Arc;
    use tenantry::domain::technician::Role;

    let mut plain = None;
    let app = TestApp::start_with(|app| {
        plain = Some(app.site.base_url.clone());
        let mut site = (*app.site).clone();
        site.base_url.set_scheme("https").unwrap();
        app.site = Arc::new(site);
    })
    .await;
    // As a proxy that ends TLS hands requests on.
    let plain = plain.unwrap();
    crate::support::tenant::add(&app.pool, "contoso").await;
    let id = app.technician("robin@msp.example", Role::Technician).await;
    let technician = Browser::new(&plain);
    technician.set_cookie("__Host-sid", &app.session_of(id).await.to_string());
    let dialog = technician.get("/tenants/contoso/invitations/new").await;
    let made = technician.submit(&dialog, "dialog form.stack", &[]).await;
    let url = technician
        .follow(made)
        .await
        .attributes("#auth-url", "value")
        .remove(0);
    assert!(url.starts_with("https://"), "{url}");
    let path = url.split_once("/onboarding/").unwrap().1;

    let browser = Browser::new(&plain);
    let moved = browser.post(&format!("/onboarding/{path}"), &[]).await;
    let cookie = moved.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-inv=") && cookie.contains("; Secure"),
        "{cookie}"
    );
    let started = browser
        .post("/onboarding/start", &[("method", "device_code")])
        .await;
    let cookie = started.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-flow=") && cookie.contains("; Secure"),
        "{cookie}"
    );
}
