//! Configuration, "Invitations": texts of the MSP's own; and which mails a customer gets.

use tenantry::domain::customer_mail::{self, NewMail};
use tenantry::domain::technician::Role;

use super::stage::Stage;

const TEXT: &str = "/configuration/invitations/invitation/en";

#[tokio::test]
async fn an_own_text_is_seen_before_it_is_kept_and_sent_and_there_is_a_way_back() {
    let stage = Stage::set().await;
    let admin = stage.app.login(Role::Admin).await;
    let own = [
        ("subject", "Hello {tenant}"),
        (
            "body",
            "Dear people of {tenant}.\r\n\r\n- one\r\n- two\r\n\r\n{link}",
        ),
    ];
    let preview = [own[0], own[1], ("act", "preview")];
    let page = admin.post(TEXT, &preview).await;
    assert_eq!(page.status, 200);
    assert!(page.text_of(".letter").contains("Dear people of Contoso."));
    assert_eq!(page.texts(".letter li"), ["one", "two"]);
    assert_eq!(page.value("subject"), "Hello {tenant}");
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    assert!(!stage.received()[0].subject.contains("Hello"));

    assert_eq!(admin.post(TEXT, &own).await.status, 303);
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    let mail = stage.received().remove(1);
    assert_eq!(mail.subject, "Hello contoso Ltd");
    assert!(mail.text.contains("never send codes"), "{}", mail.text);

    let reset = [("subject", ""), ("body", ""), ("act", "reset")];
    assert_eq!(admin.post(TEXT, &reset).await.status, 303);
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    assert!(!stage.received()[2].subject.contains("Hello"));
}

#[tokio::test]
async fn what_means_nothing_is_refused_on_its_field_and_kept() {
    let stage = Stage::set().await;
    let admin = stage.app.login(Role::Admin).await;
    for (subject, body, field, told) in [
        ("Hi {nobody}", "{link}", "subject", "{nobody} means nothing"),
        ("Hi", "No link.", "body", "Put {link}"),
        ("Hi", "{link} {by}", "body", "{by} means nothing"),
        ("", "{link}", "subject", "Enter a subject"),
    ] {
        let page = admin
            .post(TEXT, &[("subject", subject), ("body", body)])
            .await;
        assert_eq!(page.status, 422, "{subject} {body}");
        let error = page.field_error(field);
        assert!(error.contains(told), "{error}");
        assert_eq!(page.value("subject"), subject);
    }
    for absent in ["invitation/it", "nothing/en"] {
        let address = format!("/configuration/invitations/{absent}");
        assert_eq!(admin.get(&address).await.status, 404);
    }
}

#[tokio::test]
async fn which_mails_a_customer_gets_is_chosen_in_its_portal() {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let address = "/tenants/contoso/configuration/mails";
    let wrong = [
        ("language", "de"),
        ("to_address", "nobody"),
        ("reminder", "yes"),
    ];
    let page = technician.post(address, &wrong).await;
    assert_eq!(page.status, 422);
    assert!(page.field_error("to_address").contains("Enter one address"));
    let right = [
        ("language", "de"),
        ("to_address", "chef@contoso.example"),
        ("reminder", "yes"),
    ];
    assert_eq!(technician.post(address, &right).await.status, 303);
    let page = technician.get(address).await;
    assert_eq!(page.value("to_address"), "chef@contoso.example");
    assert_eq!(
        page.attributes("#language option[selected]", "value"),
        ["de"]
    );
    let checked = page.attributes("input[checked]", "name");
    assert_eq!(checked, ["reminder"]);
    let viewer = stage.app.login(Role::Viewer).await;
    assert!(!viewer.get(address).await.has("main form[action$=mails]"));
    assert_eq!(viewer.post(address, &right).await.status, 403);
}

#[tokio::test]
async fn a_mail_that_did_not_go_out_is_seen_and_sent_again() {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let mail = NewMail {
        to: "refused@contoso.example".into(),
        ..stage.mail().await
    };
    let id = stage.queued(&mail).await;
    stage.sweep().await;
    let pending = "/monitoring/customer/pending-invitations";
    let page = technician.get(pending).await;
    let told = page.text_of("section[aria-labelledby=stuck]");
    assert!(told.contains("the mail server refused it"), "{told}");
    sqlx::query("update customer_mails set to_address = 'it@contoso.example'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let done = technician
        .submit(&page, "section[aria-labelledby=stuck] form", &[])
        .await;
    assert_eq!(done.status, 303);
    stage.sweep().await;
    assert_eq!(stage.state(id).await, "sent");
    assert!(!technician.get(pending).await.has("#stuck"));
    // Held ones too.
    stage.queued(&stage.mail().await).await;
    let mut op = stage.op().await;
    customer_mail::hold_all(&mut op).await.unwrap();
    op.commit().await.unwrap();
    assert!(technician.get(pending).await.has("#stuck"));
}
