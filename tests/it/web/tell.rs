//! Mail to technicians about their own login.

use std::time::Duration;

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::smtp::MailServer;

const EMAIL: &str = "robin@msp.example";
const PASSWORD: &str = "correct horse battery";

async fn portal(mail: &MailServer) -> TestApp {
    let mailer = mail.mailer();
    let app = TestApp::start_with(|app| app.mailer = Some(mailer)).await;
    app.technician_with_password(EMAIL, PASSWORD, Role::Technician)
        .await;
    app
}

/// Wait for this many letters; their subjects, sorted.
async fn subjects(mail: &MailServer, count: usize) -> Vec<String> {
    for _ in 0..200 {
        if mail.letters().len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let subject = |letter: &String| {
        let line = letter
            .lines()
            .find(|line| line.starts_with("Subject: "))
            .unwrap();
        line["Subject: ".len()..].to_owned()
    };
    let mut subjects: Vec<String> = mail.letters().iter().map(subject).collect();
    subjects.sort();
    subjects
}

#[tokio::test]
async fn what_was_done_with_a_login_is_told_to_its_owner() {
    let mail = MailServer::start().await;
    let app = portal(&mail).await;
    let (phone, codes) = app.phone_of(EMAIL).await;

    let browser = app.halfway(EMAIL, PASSWORD).await;
    app.next_step().await;
    browser
        .post("/login/factor", &[("code", &phone.code(0))])
        .await;
    assert!(
        subjects(&mail, 0).await.is_empty(),
        "the first login is from nowhere new"
    );

    // From another browser, with a recovery code.
    let other = app.browser();
    let login = other
        .request(reqwest::Method::POST, "/login")
        .header("sec-fetch-site", "same-origin")
        .header("user-agent", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0")
        .form(&[("email", EMAIL), ("password", PASSWORD)]);
    assert_eq!(other.send(login).await.status, 303);
    let fields = [("recovery", codes[0].expose())];
    assert_eq!(
        other.post("/login/factor/recovery", &fields).await.status,
        303
    );
    assert_eq!(
        subjects(&mail, 2).await,
        [
            "New sign-in at Harbourline IT",
            "Recovery code used at Harbourline IT"
        ]
    );
    let letters = mail.letters();
    assert!(
        letters
            .iter()
            .all(|letter| letter.contains("Firefox on Windows"))
    );
    assert!(
        letters
            .iter()
            .all(|letter| letter.contains("To: robin@msp.example"))
    );
    assert!(
        letters
            .iter()
            .all(|letter| !letter.contains(codes[0].expose()))
    );

    other.post("/profile/recovery-codes", &[]).await;
    let page = other.get("/profile").await;
    let next = "another long sentence";
    let fields = [("old", PASSWORD), ("password", next), ("repeated", next)];
    other.submit(&page, "form#change-password", &fields).await;
    let told = subjects(&mail, 4).await;
    assert!(
        told.contains(&"New recovery codes at Harbourline IT".to_owned()),
        "{told:?}"
    );
    assert!(
        told.contains(&"Password changed at Harbourline IT".to_owned()),
        "{told:?}"
    );

    let id = app.find(EMAIL).await.id;
    let admin = app.login(Role::Admin).await;
    admin
        .post(&format!("/security/technicians/{id}/factors-reset"), &[])
        .await;
    let told = subjects(&mail, 5).await;
    assert!(
        told.contains(&"Second factors reset at Harbourline IT".to_owned()),
        "{told:?}"
    );
}
