//! Wrong accounts, genuinely signed in at Microsoft: nothing is stored, and the page says which account was used and which was
//! expected.

use std::sync::Arc;

use serde_json::{Value, json};

use super::stage::{DONE, Live};
use crate::support::keeper::ADMIN;

const OTHER_TENANT: &str = "00000000-0000-4000-8000-0000000000aa";
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

struct Wrong {
    name: &'static str,
    /// Claims that replace the administrator's; null takes one away.
    claims: Value,
    /// The title of the page.
    title: &'static str,
    /// What the page calls the account.
    used: &'static str,
}

const PERSON: &str = "That is not the expected account";
const TENANT: &str = "That account belongs to another organisation";
const GUEST: &str = "That account is a guest";
const PERSONAL: &str = "That is a personal Microsoft account";

fn wrong(name: &'static str, title: &'static str, used: &'static str, claims: Value) -> Wrong {
    Wrong {
        name,
        claims,
        title,
        used,
    }
}

/// Another name in the expected tenant.
fn named(name: &'static str, used: &'static str) -> Wrong {
    wrong(name, PERSON, used, json!({"preferred_username": used}))
}

fn other_tenants() -> Vec<Wrong> {
    let other_idp = format!("https://sts.windows.net/{OTHER_TENANT}/");
    vec![
        wrong(
            "an administrator of another tenant",
            TENANT,
            "admin@fabrikam.example",
            json!({"tid": OTHER_TENANT, "preferred_username": "admin@fabrikam.example"}),
        ),
        wrong(
            "the same name in another tenant",
            TENANT,
            ADMIN,
            json!({"tid": OTHER_TENANT}),
        ),
        wrong(
            "the same name and person's id in another tenant, in capitals",
            TENANT,
            "ADMIN@CONTOSO.EXAMPLE",
            json!({"tid": OTHER_TENANT, "preferred_username": "ADMIN@CONTOSO.EXAMPLE"}),
        ),
        wrong("a guest, by acct", GUEST, ADMIN, json!({"acct": 1})),
        wrong(
            "a guest, by acct as text",
            GUEST,
            ADMIN,
            json!({"acct": "1"}),
        ),
        wrong(
            "a guest, by its provider",
            GUEST,
            ADMIN,
            json!({"idp": other_idp}),
        ),
        wrong(
            "a guest with a personal account",
            GUEST,
            ADMIN,
            json!({"idp": "live.com"}),
        ),
        wrong(
            "a guest, by the form of the name",
            GUEST,
            "admin_contoso.example#EXT#@contoso.onmicrosoft.example",
            json!({"preferred_username": "admin_contoso.example#EXT#@contoso.onmicrosoft.example"}),
        ),
        wrong(
            "a personal account",
            PERSONAL,
            "someone@outlook.example",
            json!({"tid": CONSUMERS, "preferred_username": "someone@outlook.example"}),
        ),
        wrong(
            "a personal account under the expected name",
            PERSONAL,
            ADMIN,
            json!({"tid": CONSUMERS}),
        ),
    ]
}

fn other_people() -> Vec<Wrong> {
    vec![
        named("another person of the tenant", "user@contoso.example"),
        named("a Cyrillic a", "\u{430}dmin@contoso.example"),
        named("an i without its dot", "adm\u{131}n@contoso.example"),
        named("a capital I with a dot", "ADM\u{130}N@CONTOSO.EXAMPLE"),
        named("a long s", "admin@conto\u{17f}o.example"),
        named(
            "letters of full width",
            "\u{ff41}\u{ff44}min@contoso.example",
        ),
        named("a zero-width space", "admin\u{200b}@contoso.example"),
        named(
            "a text that runs backwards",
            "\u{202e}nimda@contoso.example",
        ),
        named(
            "the expected name as a subdomain",
            "admin@contoso.example.evil.example",
        ),
        named("a tag after the name", "admin+x@contoso.example"),
        named(
            "another domain of the tenant",
            "admin@contoso.onmicrosoft.example",
        ),
        named("a shorter name", "dmin@contoso.example"),
        wrong(
            "a upn that disagrees",
            PERSON,
            "mallory@contoso.example",
            json!({"upn": "mallory@contoso.example"}),
        ),
        wrong(
            "a preferred name that disagrees with the upn",
            PERSON,
            "mallory@contoso.example",
            json!({"upn": ADMIN, "preferred_username": "mallory@contoso.example"}),
        ),
        wrong(
            "no name but an address of mail",
            PERSON,
            "another account",
            json!({"preferred_username": null, "email": ADMIN, "name": ADMIN, "unique_name": ADMIN}),
        ),
    ]
}

#[tokio::test]
async fn no_wrong_account_is_stored_and_the_page_names_both() {
    let (live, mint) = Live::behind_mint().await;
    live.world.consent();
    let cases: Vec<_> = other_tenants().into_iter().chain(other_people()).collect();
    assert!(cases.len() >= 20);
    for case in cases {
        let (browser, code) = live.start_by_code().await;
        let changes = case.claims.clone();
        mint.forge(Arc::new(move |press, mut claims| {
            for (name, value) in changes.as_object().unwrap() {
                if value.is_null() {
                    claims.as_object_mut().unwrap().remove(name);
                } else {
                    claims[name] = value.clone();
                }
            }
            let authority = claims["iss"].as_str().unwrap().to_owned();
            let host = authority.split('/').take(3).collect::<Vec<_>>().join("/");
            // Genuine in everything: the issuer is the tenant's own.
            claims["iss"] = json!(format!("{host}/{}/v2.0", claims["tid"].as_str().unwrap()));
            press.sign(&claims)
        }));
        live.world.approve(&code, ADMIN);
        let page = live.until(&browser, case.title).await;
        let text = page.text();
        assert!(text.contains(case.used), "{}: {text}", case.name);
        assert!(
            text.replacen(case.used, "", 1).contains(ADMIN),
            "{}: the expected account is missing in {text}",
            case.name
        );
        assert_eq!(
            live.world.number("select count(*) from connections").await,
            0,
            "{}",
            case.name
        );
    }
    let told = "select count(*) from audit_events where action = 'onboarding.account_refused' and result = 'denied'
        and details->>'signed_in' is not null and details->>'expected' = 'admin@contoso.example'";
    assert_eq!(live.world.number(told).await, 25);
    let secrets = "select count(*) from connection_secrets";
    assert_eq!(live.world.number(secrets).await, 0);
    let list = live.technician.get("/tenants/contoso/invitations").await;
    assert!(
        list.text().contains("refused: mallory@contoso.example"),
        "{}",
        list.text()
    );
    mint.be_honest();
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn i_am_someone_else_does_not_help_who_is_of_elsewhere() {
    let (live, mint) = Live::behind_mint().await;
    live.world.consent();
    for (title, field, value) in [
        (TENANT, "tid", json!(OTHER_TENANT)),
        (PERSONAL, "tid", json!(CONSUMERS)),
        (GUEST, "acct", json!(1)),
    ] {
        let link = live.invite(&[("admin_username", ADMIN)]).await;
        let declared = [
            ("someone_else", "yes"),
            ("admin_username", "user@contoso.example"),
        ];
        let (browser, page) = live.start_with(&link, &declared).await;
        let code = page.text_of(".usercode");
        mint.forge(Arc::new(move |press, mut claims| {
            let own = claims["tid"].as_str().unwrap().to_owned();
            claims[field] = value.clone();
            let tid = claims["tid"].as_str().unwrap().to_owned();
            let issuer = claims["iss"].as_str().unwrap().replace(&own, &tid);
            claims["iss"] = json!(issuer);
            press.sign(&claims)
        }));
        live.world.approve(&code, ADMIN);
        live.until(&browser, title).await;
    }
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        0
    );
}

#[tokio::test]
async fn by_policy_even_the_expected_administrator_waits_for_a_technician() {
    use crate::support::keeper::World;
    let mut world = World::new().await;
    world.settings.hold_every_grant = true;
    world.consent();
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "held").await;
    let pending = "select count(*) from connections where state = 'pending' and pending_reason = 'awaiting_confirmation'";
    assert_eq!(world.number(pending).await, 1);
}
