//! Every other way through an invitation: consent, refusals, second tries, second browsers, and a kill in the middle.

use anyhow::{Context, ensure};
use serde_json::json;

use super::acts::Cast;

const ALL_ACQUIRED: &str = "All tokens acquired! You can close this page now.";

pub async fn a_deleted_enterprise_application_is_consented_again(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    cast.demo
        .kill_authorisation("calder", "enterprise_app_deleted")
        .await?;
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "calder").await?;
    let administrator = cast.start(&link).await?;
    cast.sign_in_with_code(&administrator, "admin@calder.example")
        .await?;
    administrator.press_id("continue").await?;
    // Signing in asks for the least; the rest is the organisation's to give.
    administrator.see("Permissions requested").await?;
    administrator.press_id("accept").await?;
    administrator.first_tab().await?;
    administrator
        .see("permission for your organisation")
        .await?;
    administrator
        .press("Click here to continue the authentication process")
        .await?;
    if administrator.has("consent").await {
        administrator
            .press("Click here to continue the authentication process")
            .await?;
    }
    administrator.see("Simulated Microsoft sign-in").await?;
    if administrator.has("pick_account").await {
        administrator.press_id("pick_account").await?;
    }
    administrator.press_id("accept").await?;
    administrator.see(ALL_ACQUIRED).await?;
    administrator.leave().await?;
    cast.validate(&technician, "calder").await?;
    technician.leave().await
}

pub async fn an_administrator_without_the_role_waits_for_the_reviewer(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    cast.demo
        .kill_authorisation("carrow", "enterprise_app_deleted")
        .await?;
    cast.demo
        .control("restore", &json!({"tenant": "carrow.example"}))
        .await
        .ok();
    cast.demo
        .kill_authorisation("carrow", "consent_withdrawn")
        .await?;
    let technician = cast.technician().await?;
    technician
        .open(&format!(
            "{}/tenants/carrow/invitations/new?from=m365",
            cast.demo.portal()
        ))
        .await?;
    technician
        .fill("admin_username", "office@carrow.example")
        .await?;
    technician.press("OK").await?;
    let link = technician.read("auth-url").await?;
    let person = cast.start(&link).await?;
    cast.sign_in_with_code(&person, "office@carrow.example")
        .await?;
    person.press_id("continue").await?;
    if person.one_of(&["accept", "done"]).await? == "accept" {
        person.press_id("accept").await?;
    }
    person.first_tab().await?;
    person.see("permission for your organisation").await?;
    person
        .press("Click here to continue the authentication process")
        .await?;
    if person.has("consent").await {
        person
            .press("Click here to continue the authentication process")
            .await?;
    }
    person.see("Simulated Microsoft sign-in").await?;
    if person.has("pick_account").await {
        person.press_id("pick_account").await?;
    }
    person.see("Approval required").await?;
    person
        .fill("justification", "Our provider needs it")
        .await?;
    person.press_id("request_approval").await?;
    person.read("requested").await?;
    person
        .open(&format!("{}/onboarding", cast.demo.portal()))
        .await?;

    let waiting = cast.demo.get("approvals").await?;
    let id = waiting[0]["request"]["id"]
        .as_str()
        .context("an approval waits")?
        .to_owned();
    cast.demo
        .control(&format!("approvals/{id}/approve"), &json!({}))
        .await?;
    cast.demo.advance(15).await?;
    person.see(ALL_ACQUIRED).await?;
    person.leave().await?;
    technician.leave().await
}

pub async fn the_wrong_account_stores_nothing(cast: &mut Cast) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "cobalt").await?;
    let person = cast.start(&link).await?;
    cast.sign_in_with_code(&person, "office@cobalt.example")
        .await?;
    person.press_id("continue").await?;
    person.first_tab().await?;
    person.see("office@cobalt.example").await?;
    person.see("admin@cobalt.example").await?;
    ensure!(
        !person.text().await?.contains(ALL_ACQUIRED),
        "nothing was acquired"
    );
    person.leave().await?;
    ensure!(
        cast.status(&technician, "cobalt")
            .await?
            .contains("Expired"),
        "the tenant is as dead as before"
    );
    technician.leave().await
}

pub async fn an_account_of_another_organisation_stores_nothing(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "cobalt").await?;
    let person = cast.start(&link).await?;
    let code = person.read("user-code").await?;
    person.press("Microsoft").await?;
    person.newest_tab().await?;
    person.fill("otc", &code).await?;
    person.press_id("next").await?;
    // Microsoft itself refuses a stranger at the tenant's own address.
    person.fill("username", "admin@amberley.example").await?;
    person.press_id("next").await?;
    person.see("AADSTS50020").await?;
    person.leave().await?;
    ensure!(
        cast.status(&technician, "cobalt")
            .await?
            .contains("Expired"),
        "the tenant is as dead as before"
    );
    technician.leave().await
}

pub async fn who_declines_reads_so_and_may_begin_again(cast: &mut Cast) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "cobalt").await?;
    let person = cast.start(&link).await?;
    cast.sign_in_with_code(&person, "admin@cobalt.example")
        .await?;
    person.press_id("cancel").await?;
    person.first_tab().await?;
    person.see("What to do:").await?;
    person.press("Get a new code").await?;
    cast.sign_in_with_code_again(&person, "admin@cobalt.example")
        .await?;
    person.press_id("continue").await?;
    person.first_tab().await?;
    person.see(ALL_ACQUIRED).await?;
    person.leave().await?;
    cast.validate(&technician, "cobalt").await?;
    technician.leave().await
}

pub async fn a_lapsed_code_is_replaced(cast: &mut Cast) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "brightwater").await?;
    let person = cast.start(&link).await?;
    let first = person.read("user-code").await?;
    cast.demo.advance(16 * 60).await?;
    person.press("Get a new code").await?;
    person.see("Enter this code at Microsoft").await?;
    let second = person.read("user-code").await?;
    ensure!(first != second, "the new code is another");
    cast.demo
        .control("restore", &json!({"tenant": "brightwater.example"}))
        .await?;
    cast.sign_in_with_code(&person, "admin@brightwater.example")
        .await?;
    person.press_id("continue").await?;
    person.first_tab().await?;
    person.see(ALL_ACQUIRED).await?;
    person.leave().await?;
    technician.leave().await
}

pub async fn where_device_codes_are_blocked_the_browser_sign_in_works(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    cast.demo
        .kill_authorisation("birchwood", "device_code_blocked")
        .await?;
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "birchwood").await?;
    let person = cast.start(&link).await?;
    cast.sign_in_with_code(&person, "admin@birchwood.example")
        .await?;
    person.see("53003").await?;
    person.first_tab().await?;
    person
        .press("Microsoft shows an error, or the code does not work")
        .await?;
    person.press("Sign in with Microsoft").await?;
    person.see("The link leads to Microsoft").await?;
    person.press_id("microsoft").await?;
    // Microsoft knows this browser from the first try and may send it straight back.
    if person.has("pick_account").await {
        person.press_id("pick_account").await?;
    } else if person.has("username").await || person.has("password").await {
        cast.sign_in(&person, "admin@birchwood.example").await?;
    }
    person.see(ALL_ACQUIRED).await?;
    person.leave().await?;
    cast.validate(&technician, "birchwood").await?;
    technician.leave().await
}

pub async fn a_scanner_does_not_use_the_link_and_a_person_uses_it_once(
    cast: &mut Cast,
) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "alderbrook").await?;
    cast.demo.scan(&link).await?;
    cast.complete_by_code(&link, "admin@alderbrook.example")
        .await?;
    let second = cast.person().await?;
    second.open(&link).await?;
    second.see("This link does not work").await?;
    second.leave().await?;
    technician.leave().await
}

pub async fn another_browser_sees_nothing_and_may_take_over(cast: &mut Cast) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "ashdown").await?;
    let first = cast.start(&link).await?;
    let code = first.read("user-code").await?;
    let second = cast.person().await?;
    second.open(&link).await?;
    second.press("Continue").await?;
    second.see("Opened elsewhere").await?;
    ensure!(
        !second.text().await?.contains(&code),
        "the code is the first browser's alone"
    );
    second.press("Continue here").await?;
    second.press("Start authentication").await?;
    ensure!(
        second.read("user-code").await? != code,
        "the new attempt has a code of its own"
    );
    first.web.refresh().await?;
    first.see("Opened elsewhere").await?;
    first.leave().await?;
    second.leave().await?;
    technician.leave().await
}

pub async fn an_expired_link_offers_to_ask_for_a_new_one(cast: &mut Cast) -> anyhow::Result<()> {
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "amberley").await?;
    technician.leave().await?;
    cast.demo.advance(8 * 86_400).await?;
    let person = cast.person().await?;
    person.open(&link).await?;
    person.see("This link does not work").await?;
    person.press("Ask for a new link").await?;
    person.see("Thank you").await?;
    person.leave().await
}

pub async fn a_kill_in_the_middle_loses_nothing(cast: &mut Cast) -> anyhow::Result<()> {
    cast.demo
        .kill_authorisation("castleford", "sessions_revoked")
        .await?;
    let technician = cast.technician().await?;
    let link = cast.renew(&technician, "castleford").await?;
    technician.leave().await?;
    let administrator = cast.start(&link).await?;
    cast.sign_in_with_code(&administrator, "admin@castleford.example")
        .await?;
    cast.demo.kill_and_start_again()?;
    let technician = cast.technician().await?;
    administrator.first_tab().await?;
    administrator.web.refresh().await?;
    administrator.see("Enter this code at Microsoft").await?;
    cast.sign_in_with_code_again(&administrator, "admin@castleford.example")
        .await?;
    administrator.press_id("continue").await?;
    administrator.first_tab().await?;
    administrator.see(ALL_ACQUIRED).await?;
    administrator.leave().await?;
    cast.validate(&technician, "castleford").await?;
    technician.leave().await
}
