//! Every way to fail, with what is stored (nothing) and how it goes on.

use std::time::Duration;

use tenantry::simulator::Person;
use tenantry::simulator::directory::{Cause, Target};

use super::stage::{DONE, Live};
use crate::support::keeper::{ADMIN, USER};

#[tokio::test]
async fn a_cancelled_code_says_so_and_a_new_one_works() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.world.directory().decline_device(&code).unwrap();
    live.world.clock.advance(Duration::from_secs(7));
    let page = live.until(&browser, "The sign-in was cancelled").await;
    let again = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    let code = browser.follow(again).await.text_of(".usercode");
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn a_lapsed_code_is_renewed_on_the_page() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, old) = live.start_by_code().await;
    live.world.clock.advance(Duration::from_mins(16));
    let page = live.until(&browser, "The code has lapsed").await;
    let again = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    let code = browser.follow(again).await.text_of(".usercode");
    assert_ne!(code, old);
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn the_wrong_person_is_named_and_nothing_is_stored() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    live.world.approve(&code, USER);
    let page = live
        .until(&browser, "That is not the expected account")
        .await;
    assert!(
        page.text().contains(&format!(
            "You signed in as {USER}; this invitation expects {ADMIN}"
        )),
        "{}",
        page.text()
    );
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        0
    );
    assert_eq!(
        live.world
            .number("select count(*) from connection_secrets")
            .await,
        0
    );
    let page = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    let code = browser.follow(page).await.text_of(".usercode");
    live.world.approve(&code, ADMIN);
    live.until(&browser, DONE).await;
}

#[tokio::test]
async fn the_wrong_tenant_is_refused_and_nothing_is_stored() {
    let live = Live::start().await;
    live.world.customer("fabrikam").await;
    let foreign = "admin@fabrikam.example";
    let link = live.invite(&[("admin_username", foreign)]).await;
    let (browser, page) = live.start_with(&link, &[]).await;
    // As if Microsoft let a stranger in at our tenant's address.
    sqlx::query("update invitations set expected_entra_tenant_id = $1")
        .bind(live.world.entra_tenant)
        .execute(&live.world.pool)
        .await
        .unwrap();
    live.world.approve(&page.text_of(".usercode"), foreign);
    let page = live
        .until(&browser, "That account belongs to another organisation")
        .await;
    assert!(page.text().contains(&format!(
        "You signed in as {foreign}, which does not belong to contoso"
    )));
    for table in ["connections", "connection_secrets", "tokens"] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let rows: i64 = sqlx::query_scalar(sql)
            .fetch_one(&live.world.pool)
            .await
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[tokio::test]
async fn a_blocked_device_code_leads_to_the_sign_in_in_the_browser() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    let tenant = Target::tenant(&live.world.entra_tenant.to_string());
    live.world
        .directory()
        .approve_device(&code, &Person::willing(ADMIN))
        .unwrap();
    live.world
        .directory()
        .kill(&tenant, &Cause::DeviceCodeBlockedAtRedemption)
        .unwrap();
    live.world.clock.advance(Duration::from_secs(7));
    let page = live.until(&browser, "does not allow sign-in by code").await;
    let page = browser
        .submit(
            &page,
            "form[action='/onboarding/again']",
            &[("method", "auth_code")],
        )
        .await;
    let address = page.attributes("a#microsoft", "href").remove(0);
    live.visit(&browser, "authorize", &address, ADMIN).await;
    live.until(&browser, DONE).await;
    live.world.judge().await;
}

#[tokio::test]
async fn a_refused_sign_in_is_forgotten_and_its_bearer_told() {
    let live = Live::start().await;
    live.world.consent();
    let link = live.invite(&[("admin_username", "")]).await;
    let (browser, page) = live.start_with(&link, &[]).await;
    live.world.approve(&page.text_of(".usercode"), USER);
    live.until(&browser, "Waiting for confirmation").await;
    let page = live.technician.get("/tenants/contoso/invitations").await;
    live.technician
        .submit(&page, "form[action$='/rejection']", &[])
        .await;
    live.until(&browser, "Not confirmed").await;
    assert_eq!(
        live.world
            .number("select count(*) from connection_secrets")
            .await,
        0
    );
}

#[tokio::test]
async fn a_link_revoked_in_the_middle_stores_nothing() {
    let live = Live::start().await;
    live.world.consent();
    let (browser, code) = live.start_by_code().await;
    let list = live.technician.get("/tenants/contoso/invitations").await;
    live.technician
        .submit(&list, "form[action$='/revocation']", &[])
        .await;
    live.world.approve(&code, ADMIN);
    assert_eq!(browser.get("/onboarding").await.status, 404);
    live.world.clock.advance(Duration::from_secs(30));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        live.world.number("select count(*) from connections").await,
        0
    );
}
