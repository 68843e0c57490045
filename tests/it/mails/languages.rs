//! Each customer is spoken to in its own language, in mails and on the page behind the link.

use super::stage::Stage;

const LANGUAGES: [(&str, &str, &str); 5] = [
    ("en", "asks you to authorise", "What will be asked"),
    ("de", "bittet Sie", "Worum gebeten wird"),
    ("fr", "vous demande", "Ce qui sera demandé"),
    ("es", "le pide", "Qué se solicitará"),
    ("nl", "vraagt u", "Wat er wordt gevraagd"),
];

async fn speak(stage: &Stage, language: &str) {
    sqlx::query(
        "insert into tenant_mailing (tenant_id, language) values ($1, $2)
         on conflict (tenant_id) do update set language = excluded.language",
    )
    .bind(stage.tenant.as_uuid())
    .bind(language)
    .execute(&stage.app.pool)
    .await
    .unwrap();
}

/// The path of the newest mail's link.
fn path(stage: &Stage) -> String {
    let link = stage.received().pop().unwrap().link();
    let base = stage.app.app.site.base_url.as_str();
    format!("/{}", link.strip_prefix(base).unwrap())
}

#[tokio::test]
async fn mail_and_page_are_in_the_tenants_language() {
    let stage = Stage::set().await;
    for (language, subject, asked) in LANGUAGES {
        speak(&stage, language).await;
        stage.queued(&stage.mail().await).await;
        stage.sweep().await;
        let mail = stage.received().pop().unwrap();
        assert!(mail.subject.contains(subject), "{}", mail.subject);
        assert!(mail.html.contains(&format!("<html lang=\"{language}\">")));
        let browser = stage.app.browser();
        let page = browser.get(&path(&stage)).await;
        assert_eq!(page.attributes("html", "lang"), [language]);
        assert!(page.text().contains(asked), "{}", page.text());
        let next = browser.submit(&page, "form", &[]).await;
        let next = browser.follow(next).await;
        assert_eq!(next.attributes("html", "lang"), [language]);
        let wrong = [
            ("method", "device_code"),
            ("admin_username", "no name at all"),
        ];
        let refused = browser.post("/onboarding/start", &wrong).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.attributes("html", "lang"), [language]);
    }
}

#[tokio::test]
async fn a_language_picked_on_the_page_stays_picked() {
    let stage = Stage::set().await;
    speak(&stage, "nl").await;
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    let (link, browser) = (path(&stage), stage.app.browser());
    let page = browser.get(&format!("{link}?lang=fr")).await;
    assert_eq!(page.attributes("html", "lang"), ["fr"]);
    assert_eq!(browser.cookie("lang").as_deref(), Some("fr"));
    let next = browser.submit(&page, "form", &[]).await;
    let next = browser.follow(next).await;
    assert_eq!(next.attributes("html", "lang"), ["fr"]);
    let offered = next.attributes(".languages a", "href");
    assert_eq!(offered, ["?lang=en", "?lang=de", "?lang=es", "?lang=nl"]);
    let again = browser.get("/onboarding?lang=es").await;
    assert_eq!(again.attributes("html", "lang"), ["es"]);
    // What is no language of ours changes nothing.
    let again = browser.get("/onboarding?lang=%3Cb%3E").await;
    assert_eq!(again.attributes("html", "lang"), ["es"]);
}

#[tokio::test]
async fn a_link_that_does_not_work_is_told_in_the_browsers_language() {
    let stage = Stage::set().await;
    let browser = stage.app.browser();
    let request = browser
        .request(reqwest::Method::GET, "/onboarding/inv_none")
        .header("accept-language", "it, de-AT;q=0.7, en;q=0.3");
    let page = browser.send(request).await;
    assert_eq!(page.status, 404);
    assert_eq!(page.text_of("h1"), "Dieser Link funktioniert nicht");
    let plain = browser.get("/onboarding/inv_none").await;
    assert_eq!(plain.text_of("h1"), "This link does not work");
}

#[tokio::test]
async fn the_installations_language_is_for_customers_that_have_none() {
    let stage = Stage::set().await;
    sqlx::query("update mail_settings set language = 'es'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    let mail = stage.received().pop().unwrap();
    assert!(mail.subject.contains("le pide"), "{}", mail.subject);
}
