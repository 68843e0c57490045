//! The dialog behind "Switch to auth token", "Renew" and "Resend Invitation", the Auth URL, and what can be done to one.

use tenantry::domain::technician::Role;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::page::Page;
use crate::support::smtp::MailServer;
use crate::support::tenant;

const LIST: &str = "/tenants/contoso/invitations";

struct Stage {
    app: TestApp,
    technician: Browser,
}

impl Stage {
    async fn set() -> Self {
        Self::on(TestApp::start().await).await
    }

    /// With a mail server.
    async fn with_mail(server: &MailServer) -> Self {
        let mailer = server.mailer();
        Self::on(TestApp::start_with(|app| app.mailer = Some(mailer)).await).await
    }

    async fn on(app: TestApp) -> Self {
        tenant::add(&app.pool, "contoso").await;
        let technician = app.login(Role::Technician).await;
        Self { app, technician }
    }

    async fn make(&self, fields: &[(&str, &str)]) -> Page {
        let dialog = self
            .technician
            .get(&format!("{LIST}/new?from=status"))
            .await;
        self.technician
            .submit(&dialog, "dialog form.stack", fields)
            .await
    }

    async fn count(&self) -> i64 {
        sqlx::query_scalar("select count(*) from invitations")
            .fetch_one(&self.app.pool)
            .await
            .unwrap()
    }

    async fn act(&self, step: &str, from: &str) -> Page {
        let id: uuid::Uuid =
            sqlx::query_scalar("select id from invitations order by created_at limit 1")
                .fetch_one(&self.app.pool)
                .await
                .unwrap();
        self.technician
            .post(&format!("{LIST}/{id}/{step}"), &[("from", from)])
            .await
    }
}

#[tokio::test]
async fn renew_is_a_copied_link_after_three_clicks() {
    let stage = Stage::set().await;
    // Click 1: "Renew" on the row.
    let dialog = stage
        .technician
        .get(&format!("{LIST}/new?from=status"))
        .await;
    assert_eq!(dialog.text_of("h1"), "Renew");
    // Click 2: "OK" with what was prefilled.
    let made = stage
        .technician
        .submit(&dialog, "dialog form.stack", &[])
        .await;
    let shown = stage.technician.follow(made).await;
    // Click 3: the copy button.
    assert_eq!(shown.attributes("[data-copy]", "data-copy"), ["#auth-url"]);
    let url = shown.attributes("#auth-url", "value").remove(0);
    assert!(
        url.starts_with(stage.app.app.site.base_url.as_str()),
        "{url}"
    );
    assert_eq!(
        shown.attributes("a[data-close]", "href"),
        ["/security/authentication-status"]
    );
}

#[tokio::test]
async fn the_dialog_is_prefilled_from_the_tenant() {
    let stage = Stage::set().await;
    sqlx::query("update tenants set admin_username = 'admin@contoso.example', invitation_email = 'it@contoso.example'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    for (from, title) in [
        ("m365", "Switch to auth token"),
        ("resend", "Resend Invitation"),
        ("tenants", "Renew"),
    ] {
        let dialog = stage
            .technician
            .get(&format!("{LIST}/new?from={from}"))
            .await;
        assert_eq!(dialog.text_of("h1"), title);
        assert_eq!(dialog.value("admin_username"), "admin@contoso.example");
        assert_eq!(dialog.value("invitation_email"), "it@contoso.example");
    }
}

#[tokio::test]
async fn wrong_fields_are_told_and_kept_and_nothing_is_made() {
    let stage = Stage::set().await;
    let long = format!("{}@contoso.example", "a".repeat(300));
    for (field, typed, told) in [
        ("admin_username", "admin", "Enter the sign-in name"),
        ("admin_username", long.as_str(), "Shorten the address"),
        (
            "admin_username",
            "<b>x</b>@contoso.example",
            "Enter the sign-in name",
        ),
        (
            "invitation_email",
            "two@a.example, more@b.example",
            "Enter one address",
        ),
        (
            "invitation_email",
            "it@contoso.example\r\nBcc: all@b.example",
            "Enter one address",
        ),
    ] {
        let page = stage.make(&[(field, typed)]).await;
        assert_eq!(page.status, 422, "{typed}");
        assert!(
            page.field_error(field).contains(told),
            "{typed}: {}",
            page.text()
        );
        assert!(!page.body.contains("<b>x"), "{typed}");
        if !typed.contains('\n') {
            assert_eq!(page.value(field), typed);
        }
    }
    for fields in [
        [("method", "password")],
        [("validity_hours", "0")],
        [("validity_hours", "10000")],
    ] {
        assert_eq!(stage.make(&fields).await.status, 422, "{fields:?}");
    }
    assert_eq!(stage.count().await, 0);
    assert!(
        !stage
            .app
            .audit()
            .await
            .iter()
            .any(|entry| entry.starts_with("invitation."))
    );
}

#[tokio::test]
async fn an_address_that_is_no_mailbox_and_an_empty_one_both_do() {
    let stage = Stage::set().await;
    for email in ["nobody@nowhere.example", ""] {
        assert_eq!(
            stage.make(&[("invitation_email", email)]).await.status,
            303,
            "{email}"
        );
    }
    assert_eq!(stage.count().await, 2);
}

#[tokio::test]
async fn the_mail_goes_out_and_is_counted() {
    let server = MailServer::start().await;
    let stage = Stage::with_mail(&server).await;
    let made = stage
        .make(&[("invitation_email", "it@contoso.example")])
        .await;
    let shown = stage.technician.follow(made).await;
    assert!(
        shown.text().contains("mailed to it@contoso.example"),
        "{}",
        shown.text()
    );
    stage.act("resend", "invitations").await;
    assert_eq!(server.letters().len(), 2);
    let url = shown.attributes("#auth-url", "value").remove(0);
    let unfolded = server.letters()[0].replace("=\n", "").replace("=3D", "=");
    assert!(unfolded.contains(&url), "{unfolded}");
    let sent: i32 = sqlx::query_scalar("select email_sent_count from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(sent, 2);
}

#[tokio::test]
async fn a_mail_that_does_not_go_out_leaves_the_link() {
    let server = MailServer::start().await;
    let stage = Stage::with_mail(&server).await;
    let made = stage
        .make(&[("invitation_email", "refused@contoso.example")])
        .await;
    let shown = stage.technician.follow(made).await;
    assert!(
        shown
            .text()
            .contains("did not go out: the mail server refused it"),
        "{}",
        shown.text()
    );
    assert!(shown.has("#auth-url"));
    let sent: i32 = sqlx::query_scalar("select email_sent_count from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(sent, 0);
}

#[tokio::test]
async fn each_look_at_the_auth_url_is_written_down_and_viewers_get_none() {
    let stage = Stage::set().await;
    let made = stage.make(&[]).await;
    let address = made.location.clone().unwrap();
    stage.technician.get(&address).await;
    stage.technician.get(&address).await;
    let shown = stage
        .app
        .audit()
        .await
        .iter()
        .filter(|entry| entry.starts_with("invitation.link_shown"))
        .count();
    assert_eq!(shown, 2);
    let viewer = stage.app.login(Role::Viewer).await;
    assert_eq!(viewer.get(&address).await.status, 403);
    assert_eq!(viewer.get(&format!("{LIST}/new")).await.status, 403);
    assert_eq!(viewer.post(LIST, &[]).await.status, 403);
}

#[tokio::test]
async fn a_script_of_ours_gets_the_link_alone() {
    let stage = Stage::set().await;
    let address = stage.make(&[]).await.location.unwrap();
    let request = stage
        .technician
        .request(reqwest::Method::GET, &address)
        .header("accept", "text/plain");
    let answer = stage.technician.send(request).await;
    assert!(answer.header("content-type").starts_with("text/plain"));
    assert!(
        answer
            .body
            .starts_with(&format!("{}onboarding/inv_", stage.app.app.site.base_url))
    );
}

#[tokio::test]
async fn a_revoked_link_is_dead_and_cannot_be_shown_or_mailed() {
    let stage = Stage::set().await;
    let address = stage
        .make(&[("invitation_email", "it@contoso.example")])
        .await
        .location
        .unwrap();
    let page = stage.act("revocation", "pending").await;
    assert_eq!(
        page.location.as_deref(),
        Some("/monitoring/customer/pending-invitations")
    );
    assert_eq!(stage.technician.get(&address).await.status, 409);
    let resent = stage.act("resend", "invitations").await;
    let list = stage.technician.follow(resent).await;
    assert!(
        list.text()
            .contains("no longer works, so it was not mailed"),
        "{}",
        list.text()
    );
    let again = stage.act("revocation", "invitations").await;
    assert!(
        stage
            .technician
            .follow(again)
            .await
            .text()
            .contains("had ended before")
    );
}

#[tokio::test]
async fn a_new_link_ends_the_old_one_and_is_shown() {
    let stage = Stage::set().await;
    let made = stage
        .make(&[("admin_username", "admin@contoso.example")])
        .await;
    let old = stage
        .technician
        .follow(made)
        .await
        .attributes("#auth-url", "value")
        .remove(0);
    let replaced = stage.act("replacement", "invitations").await;
    let shown = stage.technician.follow(replaced).await;
    let new = shown.attributes("#auth-url", "value").remove(0);
    assert_ne!(old, new);
    assert!(shown.text().contains("admin@contoso.example"));
    let base = stage.app.app.site.base_url.as_str();
    let path = |url: &str| format!("/{}", url.strip_prefix(base).unwrap());
    assert_eq!(stage.app.browser().get(&path(&old)).await.status, 404);
    assert_eq!(stage.app.browser().get(&path(&new)).await.status, 200);
}

#[tokio::test]
async fn a_suspended_tenant_gets_no_dialog_and_no_invitation() {
    let stage = Stage::set().await;
    sqlx::query("update tenants set state = 'suspended'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(
        stage.technician.get(&format!("{LIST}/new")).await.status,
        409
    );
    let form = [("method", "device_code"), ("validity_hours", "168")];
    assert_eq!(stage.technician.post(LIST, &form).await.status, 409);
    assert_eq!(stage.count().await, 0);
}

#[tokio::test]
async fn what_belongs_to_another_tenant_is_absent() {
    let stage = Stage::set().await;
    stage.make(&[]).await;
    tenant::add(&stage.app.pool, "fabrikam").await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    for path in [
        format!("/tenants/fabrikam/invitations/{id}/auth-url"),
        "/tenants/contoso/invitations/not-an-id/auth-url".to_owned(),
        "/tenants/nobody/invitations".to_owned(),
    ] {
        assert_eq!(stage.technician.get(&path).await.status, 404, "{path}");
    }
    for step in ["resend", "revocation", "replacement"] {
        let path = format!("/tenants/fabrikam/invitations/{id}/{step}");
        assert_eq!(
            stage.technician.post(&path, &[]).await.status,
            404,
            "{path}"
        );
    }
    let state: String = sqlx::query_scalar("select state from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(state, "open");
}

#[tokio::test]
async fn without_the_keeper_nothing_is_made() {
    use tenantry::keeper::message::{Refusal, Reply};
    let stage = Stage::set().await;
    let trouble = Reply::Refused(Refusal::Trouble {
        reference: uuid::Uuid::nil(),
    });
    stage.app.keeper.answer_next("seal_link", trouble);
    assert_eq!(stage.make(&[]).await.status, 503);
    assert_eq!(stage.count().await, 0);
}
