//! Misuses of links, each by name. Nothing is accepted, nothing is changed, and whoever tries reads one and the same page.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use reqwest::Method;

use super::link::plain;
use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::page::Page;

/// A request from an address that nobody used before, so that no brake answers in place of the page.
async fn ask(browser: &Browser, method: Method, path: &str, fields: &[(&str, &str)]) -> Page {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let request = browser
        .request(method.clone(), path)
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", format!("203.0.{high}.{low}"));
    let request = if method == Method::POST {
        request.form(fields)
    } else {
        request
    };
    browser.send(request).await
}

async fn unknown_page(stage: &Stage) -> String {
    let unknown = format!("/onboarding/inv_{}", "A".repeat(43));
    let page = stage.app.browser().get(&unknown).await;
    assert_eq!(page.status, 404);
    plain(&page)
}

/// Look, and press the button, as somebody with this link in the address bar.
async fn assert_like_unknown(stage: &Stage, unknown: &str, name: &str, path: &str) {
    let browser = stage.app.browser();
    for method in [Method::GET, Method::POST] {
        let page = ask(&browser, method.clone(), path, &[]).await;
        assert_eq!(page.status, 404, "{name}, {method} {path}");
        assert_eq!(plain(&page), unknown, "{name}, {method}");
        assert!(
            page.headers.get("set-cookie").is_none(),
            "{name}, {method} left a cookie"
        );
    }
}

/// What becomes of a link on its way, and what somebody makes of one.
fn of_the_token(token: &str) -> Vec<(&'static str, String)> {
    let body = token.strip_prefix("inv_").unwrap().to_owned();
    let swapped_case: String = body
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() {
                c.to_ascii_uppercase()
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect();
    let last = if body.ends_with('A') { 'E' } else { 'A' };
    let first = if body.starts_with('A') { 'B' } else { 'A' };
    vec![
        ("cut by its last character", token[..46].to_owned()),
        ("a character too many", format!("{token}A")),
        (
            "last character altered",
            format!("inv_{}{last}", &body[..42]),
        ),
        (
            "first character altered",
            format!("inv_{first}{}", &body[1..]),
        ),
        (
            "two characters exchanged",
            format!("inv_{}{}", &body[22..], &body[..22]),
        ),
        (
            "reversed",
            format!("inv_{}", body.chars().rev().collect::<String>()),
        ),
        ("letters of the other case", format!("inv_{swapped_case}")),
        ("prefix in capitals", format!("INV_{body}")),
        ("without prefix", body.clone()),
        ("prefix twice", format!("inv_{token}")),
        ("another kind's prefix", format!("pk_{body}")),
        ("with padding", format!("{token}=")),
        (
            "in the other base64 alphabet",
            format!("inv_{}%2B%2F", &body[..41]),
        ),
        ("a space before", format!("%20{token}")),
        ("a space after", format!("{token}%20")),
        ("a line break after", format!("{token}%0A")),
        ("a NUL after", format!("{token}%00")),
        ("a zero-width space within", format!("inv_%E2%80%8B{body}")),
        ("a soft hyphen within", format!("inv_%C2%AD{body}")),
        (
            "a Cyrillic letter in the prefix",
            format!("%D1%96nv_{body}"),
        ),
        ("letters of full width", format!("%EF%BD%89nv_{body}")),
        ("bytes that are no text", format!("{token}%FF")),
        ("escaped twice", format!("%2569nv_{body}")),
        ("quotation marks", "'%20or%20'1'='1".to_owned()),
        ("a wildcard", "inv_%25".to_owned()),
        ("a way out of the folder", "..%2F..%2Flogin".to_owned()),
        (
            "four thousand characters",
            format!("inv_{}", "A".repeat(4_000)),
        ),
        ("one character", "x".to_owned()),
    ]
}

/// What stands in the row, in the link's place.
async fn of_the_row(stage: &Stage) -> Vec<(&'static str, String)> {
    let hash = stage
        .word("select encode(token_hash, 'hex') from invitations")
        .await;
    let sealed = stage
        .word("select encode(token_sealed, 'hex') from invitations")
        .await;
    let [id, reference, hint, tenant] = [
        "select id::text from invitations",
        "select reference from invitations",
        "select token_hint from invitations",
        "select tenant_id::text from invitations",
    ]
    .map(|sql| stage.word(sql));
    vec![
        ("the stored hash", hash.clone()),
        (
            "the stored hash with the prefix",
            format!("inv_{}", &hash[..43]),
        ),
        ("the sealed link", format!("inv_{}", &sealed[..43])),
        ("the invitation's id", id.await),
        (
            "the reference that people name on the phone",
            reference.await,
        ),
        (
            "the four characters that lists show",
            format!("inv_{}", hint.await),
        ),
        ("the tenant's id", tenant.await),
    ]
}

#[tokio::test]
async fn altered_and_invented_links_are_like_unknown_ones() {
    let stage = Stage::behind_proxy().await;
    let link = stage.invite_admin().await;
    let unknown = unknown_page(&stage).await;
    let token = link.rsplit('/').next().unwrap();
    let mut altered = of_the_token(token);
    altered.extend(of_the_row(&stage).await);
    for (name, text) in &altered {
        let path = format!("/onboarding/{text}");
        assert_like_unknown(&stage, &unknown, name, &path).await;
    }
    assert_untouched(&stage).await;
    let (_, page) = stage.administrator(&link).await;
    assert!(page.has("form[action='/onboarding/start']"), "still good");
}

/// Nothing was begun, and the keeper was asked for nothing but to seal links and to show them to technicians.
async fn assert_untouched(stage: &Stage) {
    let begun = "select count(*) from onboarding_flows";
    assert_eq!(stage.count(begun).await, 0);
    let asked = stage.app.keeper.asked();
    let harmless = |kind: &String| ["seal_link", "open_link"].contains(&kind.as_str());
    assert!(asked.iter().all(harmless), "{asked:?}");
}

/// How a link came to its end.
async fn end(stage: &Stage, how: &str, link: &str) {
    let sql = match how {
        "run out, and written so" => {
            "update invitations set state = 'expired', ended_at = now() where state = 'open'"
        }
        "used" => "update invitations set state = 'completed', ended_at = now()",
        "its tenant suspended" => "update tenants set state = 'suspended'",
        "its tenant archived" => "update tenants set state = 'archived'",
        "run out this instant" => {
            stage.app.advance(Duration::from_hours(168));
            return;
        }
        "withdrawn by the technician" | "replaced by a new link" => {
            let list = stage.technician.get("/tenants/contoso/invitations").await;
            let button = if how.starts_with("withdrawn") {
                "form[action$='/revocation']"
            } else {
                "form[action$='/replacement']"
            };
            stage.technician.submit(&list, button, &[]).await;
            return;
        }
        "used up by five wrong PINs" => {
            let sql = "update invitations set pin_hash = '$argon2id$', pin_tries = 5, state = 'revoked', ended_at = now()";
            sqlx::query(sql).execute(&stage.app.pool).await.unwrap();
            return;
        }
        "its row erased" => "delete from invitations",
        other => panic!("{other} of {link}"),
    };
    sqlx::query(sql).execute(&stage.app.pool).await.unwrap();
}

#[tokio::test]
async fn links_that_have_ended_are_like_unknown_ones_whoever_still_holds_them() {
    for how in [
        "run out this instant",
        "run out, and written so",
        "used",
        "withdrawn by the technician",
        "replaced by a new link",
        "its tenant suspended",
        "its tenant archived",
        "used up by five wrong PINs",
        "its row erased",
    ] {
        let stage = Stage::behind_proxy().await;
        let link = stage.invite_admin().await;
        // Opened while it was good, in another window.
        let (holder, _) = stage.administrator(&link).await;
        let unknown = unknown_page(&stage).await;
        end(&stage, how, &link).await;
        assert_like_unknown(&stage, &unknown, how, &link).await;
        let page = ask(&holder, Method::GET, "/onboarding", &[]).await;
        assert_eq!(plain(&page), unknown, "{how}, with the cookie");
        for action in ["start", "again", "here", "trip", "look"] {
            let path = format!("/onboarding/{action}");
            let form = [("method", "auth_code"), ("someone_else", "yes")];
            let page = ask(&holder, Method::POST, &path, &form).await;
            if how.starts_with("its tenant") && page.status == 303 {
                let page = ask(&holder, Method::GET, "/onboarding", &[]).await;
                assert_eq!(plain(&page), unknown, "{how}, {action}");
                continue;
            }
            assert_eq!(page.status, 404, "{how}, {action}");
            assert_eq!(plain(&page), unknown, "{how}, {action}");
        }
        let shown = "select count(*) from onboarding_flows where user_code is not null";
        assert_eq!(stage.count(shown).await, 0, "{how}");
    }
}

#[tokio::test]
async fn a_link_in_a_query_a_body_or_another_sites_form_is_no_link() {
    let stage = Stage::behind_proxy().await;
    let link = stage.invite_admin().await;
    let unknown = unknown_page(&stage).await;
    let token = link.rsplit('/').next().unwrap();
    let browser = stage.app.browser();
    let address = format!("/onboarding?token={token}&inv={token}");
    let in_query = ask(&browser, Method::GET, &address, &[]).await;
    assert_eq!(plain(&in_query), unknown);
    let in_body = [("token", token), ("inv", token), ("method", "device_code")];
    // Fields that are not the form's own are refused before anybody looks for a link.
    let page = ask(&browser, Method::POST, "/onboarding/start", &in_body).await;
    assert_eq!(page.status, 422);
    let page = ask(&browser, Method::POST, "/onboarding/start", &in_body[2..]).await;
    assert_eq!(plain(&page), unknown);
    let from_elsewhere = browser
        .request(Method::POST, &link)
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://evil.example")
        .form(&[("x", "y")]);
    let refused = browser.send(from_elsewhere).await;
    assert_eq!(refused.status, 403);
    assert!(refused.headers.get("set-cookie").is_none());
    for method in [Method::PUT, Method::DELETE, Method::PATCH] {
        let page = ask(&browser, method.clone(), &link, &[]).await;
        assert!(
            [403, 405].contains(&page.status),
            "{method} {}",
            page.status
        );
    }
    assert!(browser.cookie("inv").is_none());
    assert_untouched(&stage).await;
}
