//! Steps 3 to 5 and every failure, in plain words with the next step.

use std::time::Duration;

use super::stage::Stage;
use crate::support::page::Page;

/// The name of the step that the progress line marks.
fn step(page: &Page) -> String {
    page.texts(".steps li[aria-current]").join("+")
}

#[tokio::test]
async fn the_code_is_shown_large_with_copy_button_link_and_time_left() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    let page = browser.get("/onboarding").await;
    assert_eq!(step(&page), "Sign-in");
    assert_eq!(page.text_of(".usercode"), "B6SUYU5PL");
    assert_eq!(page.attributes("[data-copy]", "data-copy"), ["#user-code"]);
    assert_eq!(page.text_of("a#microsoft"), "Microsoft");
    assert_eq!(
        page.attributes("a#microsoft", "href"),
        ["https://microsoft.com/devicelogin"]
    );
    assert_eq!(page.attributes("a#microsoft", "target"), ["_blank"]);
    let left: i64 = page.attributes("[data-seconds]", "data-seconds")[0]
        .parse()
        .unwrap();
    assert!((880..=900).contains(&left), "{left}");
    assert!(
        page.body.contains("<noscript><meta http-equiv=\"refresh\""),
        "goes on without scripts"
    );
}

#[tokio::test]
async fn a_lapsed_code_is_replaced_by_a_new_one() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.show_code().await;
    stage.app.advance(Duration::from_mins(15));
    let page = browser.get("/onboarding").await;
    assert!(page.text().contains("The code has lapsed"));
    assert!(!page.body.contains("B6SUYU5PL"));
    let again = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    stage.show_code().await;
    assert_eq!(
        browser.follow(again).await.text_of(".usercode"),
        "B6SUYU5PL"
    );
}

/// Word of the keeper, what the page says happened, what it says to do, and the button for it.
const FAILURES: [(&str, &str, &str, &str); 14] = [
    (
        "wrong_tenant",
        "which does not belong to contoso Ltd",
        "sign in as admin@contoso.example",
        "Get a new code",
    ),
    (
        "wrong_person",
        "You signed in as other@contoso.example; this invitation expects admin@contoso.example",
        "Use another account",
        "I am someone else",
    ),
    (
        "guest_account",
        "is only a guest of contoso Ltd",
        "belongs to contoso Ltd itself",
        "Get a new code",
    ),
    (
        "personal_account",
        "is a personal account",
        "your work account",
        "Get a new code",
    ),
    (
        "tenant_taken",
        "already connected under another customer",
        "name the reference R-",
        "Get a new code",
    ),
    (
        "declined",
        "pressed Cancel",
        "ask your contact first",
        "Get a new code",
    ),
    (
        "code_lapsed",
        "was not used in time",
        "Get a new code",
        "Get a new code",
    ),
    (
        "device_code_blocked",
        "blocks the device code",
        "that needs no code",
        "Sign in with Microsoft",
    ),
    (
        "policy_refused",
        "Conditional Access of contoso Ltd refused",
        "a device that your organisation manages",
        "Sign in with Microsoft",
    ),
    (
        "not_admin",
        "has not the role",
        "Ask a Global Administrator",
        "Get a new code",
    ),
    (
        "app_trouble",
        "You can do nothing about it",
        "Tell your contact at Harbourline IT",
        "Try again",
    ),
    (
        "microsoft_trouble",
        "did not answer as it should",
        "Wait a few minutes",
        "Get a new code",
    ),
    (
        "abandoned",
        "ends after 15 minutes",
        "the link is still good",
        "Get a new code",
    ),
    (
        "some_new_word",
        "could not be verified",
        "Start again",
        "Get a new code",
    ),
];

#[tokio::test]
async fn every_failure_says_what_happened_and_what_to_do() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    for (word, happened, next, button) in FAILURES {
        sqlx::query("update onboarding_flows set state = 'started', failure = null")
            .execute(&stage.app.pool)
            .await
            .unwrap();
        stage.fail(word, "other@contoso.example").await;
        let page = browser.get("/onboarding").await;
        let text = page.text();
        assert_eq!(page.status, 200);
        assert!(
            text.contains(happened),
            "{word}: {happened} is missing in {text}"
        );
        assert!(text.contains(next), "{word}: {next} is missing in {text}");
        let buttons = page.texts("form[action='/onboarding/again'] button");
        assert!(
            buttons.iter().any(|one| one == button),
            "{word}: {buttons:?}"
        );
    }
}

#[tokio::test]
async fn a_blocked_code_leads_to_the_sign_in_in_the_browser() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.fail("device_code_blocked", "").await;
    let page = browser.get("/onboarding").await;
    let page = browser
        .submit(
            &page,
            "form[action='/onboarding/again']",
            &[("method", "auth_code")],
        )
        .await;
    assert!(page.has("a#microsoft"), "{}", page.text());
    assert_eq!(stage.count("select count(*) from onboarding_flows where method = 'auth_code' and state = 'started'").await, 1);
}

#[tokio::test]
async fn the_wrong_person_may_say_that_they_are_someone_else() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.fail("wrong_person", "deputy@contoso.example").await;
    let page = browser.get("/onboarding").await;
    browser
        .submit(
            &page,
            "form[action='/onboarding/again']",
            &[("someone_else", "yes")],
        )
        .await;
    assert_eq!(stage.count("select count(*) from onboarding_flows where someone_else and state = 'started' and admin_username = ''").await, 1);
}

#[tokio::test]
async fn missing_consent_shows_what_is_asked_and_one_link_to_microsoft() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.set_state("consent_needed").await;
    let page = browser.get("/onboarding").await;
    assert_eq!(step(&page), "Access");
    let text = page.text();
    for part in [
        "Consent on behalf of your organization",
        "Global Administrator",
        "Directory.Read.All",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert_eq!(
        page.text_of("a#consent"),
        "Click here to continue the authentication process"
    );
    let address = page.attributes("a#consent", "href").remove(0);
    let again = browser
        .get("/onboarding")
        .await
        .attributes("a#consent", "href")
        .remove(0);
    assert_eq!(address, again, "looking changes nothing");

    let state = address.rsplit("state=").next().unwrap();
    let back = browser
        .get(&format!(
            "/onboarding/return?admin_consent=True&tenant=x&state={state}"
        ))
        .await;
    assert_eq!(back.location.as_deref(), Some("/onboarding"));
    assert_eq!(stage.app.keeper.asked().last().unwrap(), "resume_flow");
    let next = browser
        .get("/onboarding")
        .await
        .attributes("a#consent", "href")
        .remove(0);
    assert_ne!(address, next, "another trip has another state");
    let asked = stage.app.keeper.asked().len();
    browser
        .get(&format!(
            "/onboarding/return?admin_consent=True&state={state}"
        ))
        .await;
    assert_eq!(
        stage.app.keeper.asked().len(),
        asked,
        "the same state again does nothing"
    );
}

#[tokio::test]
async fn a_reviewer_is_waited_for_and_the_bearer_may_check_again() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.set_state("awaiting_approval").await;
    stage.app.advance(Duration::from_hours(2));
    let page = browser.get("/onboarding").await;
    assert!(page.text().contains("Waiting for the reviewer"));
    assert!(!page.has("a#consent"), "the trip prepared before is over");
    let looked = browser
        .submit(&page, "form[action='/onboarding/look']", &[])
        .await;
    assert_eq!(looked.location.as_deref(), Some("/onboarding"));
    assert_eq!(stage.app.keeper.asked().last().unwrap(), "resume_flow");
    let prepared = browser.post("/onboarding/trip", &[]).await;
    assert!(browser.follow(prepared).await.has("a#consent"));
}

#[tokio::test]
async fn each_return_goes_to_the_keeper_by_where_the_flow_stood_and_not_by_the_address() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    for (stood, answer, asked) in [
        ("redirected", "code=abc", "finish_browser_sign_in"),
        (
            "redirected",
            "error=access_denied&error_description=AADSTS65004",
            "refuse_browser_sign_in",
        ),
        ("consent_needed", "code=abc", "resume_flow"),
        (
            "consent_needed",
            "admin_consent=True&error=consent_required",
            "resume_flow",
        ),
    ] {
        let (browser, page) = stage.started(&link, &[("method", "auth_code")]).await;
        let state = page.attributes("a#microsoft", "href")[0]
            .rsplit("state=")
            .next()
            .unwrap()
            .to_owned();
        stage.set_state(stood).await;
        browser
            .get(&format!("/onboarding/return?state={state}&{answer}"))
            .await;
        assert_eq!(
            stage.app.keeper.asked().last().unwrap(),
            asked,
            "{stood} {answer}"
        );
        browser.post("/onboarding/here", &[]).await;
    }
}

#[tokio::test]
async fn the_end_says_so_and_stays_for_whoever_reached_it() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[]).await;
    stage.set_state("complete").await;
    sqlx::query("update invitations set state = 'completed', ended_at = now()")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let page = browser.get("/onboarding").await;
    assert!(
        page.text()
            .contains("All tokens acquired! You can close this page now.")
    );
    assert!(
        page.text()
            .contains("The Global Administrator role may be removed")
    );
    assert_eq!(page.texts(".steps li.done").len(), 5);
    assert_eq!(
        browser.get(&link).await.status,
        404,
        "the link itself is used up"
    );
    assert_eq!(stage.app.browser().get("/onboarding").await.status, 404);
}

#[tokio::test]
async fn who_is_held_knows_what_they_wait_for() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, _) = stage.started(&link, &[("someone_else", "yes")]).await;
    stage.set_state("held").await;
    let page = browser.get("/onboarding").await;
    assert!(
        page.text().contains(
            "A technician of Harbourline IT confirms the account before anything is used"
        )
    );
    assert!(!page.text().contains("All tokens acquired"));
}
