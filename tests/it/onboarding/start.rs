//! Step 2: who signs in, and how.

use super::stage::Stage;

#[tokio::test]
async fn the_named_administrator_is_prefilled_and_fixed() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (browser, page) = stage.administrator(&link).await;
    assert_eq!(
        page.attributes("#expected", "value"),
        ["admin@contoso.example"]
    );
    assert!(page.has("#expected[readonly]"));
    // A hand-made form cannot name another without saying so.
    let form = [
        ("admin_username", "mallory@evil.example"),
        ("method", "device_code"),
    ];
    let done = browser.post("/onboarding/start", &form).await;
    assert_eq!(done.status, 303);
    let stored: (String, bool) =
        sqlx::query_as("select admin_username, someone_else from onboarding_flows")
            .fetch_one(&stage.app.pool)
            .await
            .unwrap();
    assert_eq!(stored, ("admin@contoso.example".to_owned(), false));
}

#[tokio::test]
async fn someone_else_says_so_and_will_be_held() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let fields = [
        ("someone_else", "yes"),
        ("admin_username", "deputy@contoso.example"),
    ];
    stage.started(&link, &fields).await;
    let stored: (String, bool) =
        sqlx::query_as("select admin_username, someone_else from onboarding_flows")
            .fetch_one(&stage.app.pool)
            .await
            .unwrap();
    assert_eq!(stored, ("deputy@contoso.example".to_owned(), true));
}

#[tokio::test]
async fn a_link_only_invitation_asks_for_a_name_and_takes_none_too() {
    let stage = Stage::set().await;
    let link = stage
        .invite(&[("admin_username", ""), ("invitation_email", "")])
        .await;
    let (browser, page) = stage.administrator(&link).await;
    assert!(!page.has("#expected"));
    for (typed, status) in [
        ("admin", 422),
        ("a b@contoso.example", 422),
        ("<script>@x.example", 422),
        ("", 303),
    ] {
        let answer = browser
            .submit(
                &page,
                "form[action='/onboarding/start']",
                &[("admin_username", typed)],
            )
            .await;
        assert_eq!(answer.status, status, "{typed}");
        if status == 422 {
            assert_eq!(
                answer.value("admin_username"),
                typed,
                "what was typed is kept"
            );
            assert!(
                answer
                    .field_error("admin_username")
                    .contains("Enter the sign-in name")
            );
            assert!(!answer.body.contains("<script>@"));
        }
    }
}

#[tokio::test]
async fn a_code_is_asked_for_only_after_the_button() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    stage.administrator(&link).await;
    assert_eq!(stage.app.keeper.asked(), ["seal_link", "open_link"]);
    stage.started(&link, &[]).await;
    assert_eq!(
        stage.app.keeper.asked().last().unwrap(),
        "start_device_code"
    );
}

#[tokio::test]
async fn sign_in_with_microsoft_gives_a_plain_link_and_no_redirect() {
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let (_, page) = stage.started(&link, &[("method", "auth_code")]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text_of("a#microsoft"), "Sign in with Microsoft");
    assert!(
        page.attributes("a#microsoft", "href")[0].starts_with("https://login.example/trip?state=")
    );
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self'")
    );
}

#[tokio::test]
async fn when_microsoft_cannot_be_asked_the_page_says_so_and_the_button_works_later() {
    use tenantry::keeper::message::{Refusal, Reply};
    let stage = Stage::set().await;
    let link = stage.invite_admin().await;
    let later = Reply::Refused(Refusal::TryLater {
        retry_after_s: None,
    });
    stage.app.keeper.answer_next("start_device_code", later);
    let (browser, page) = stage.started(&link, &[]).await;
    assert!(
        page.text()
            .contains("Microsoft could not be reached just now")
    );
    let again = browser
        .submit(&page, "form[action='/onboarding/again']", &[])
        .await;
    stage.show_code().await;
    assert_eq!(
        browser.follow(again).await.text_of(".usercode"),
        "B6SUYU5PL"
    );
}
