//! A form that is sent twice (a second click, a request that comes again) does what it says once.

use tenantry::domain::technician::Role;
use thirtyfour::prelude::*;

use super::stage::Stage;
use crate::support::browser::Browser;
use crate::support::chrome::{Chrome, open_as};
use crate::support::page::Page;
use crate::support::tenant;

const LIST: &str = "/tenants/contoso/invitations";
const DIALOG: &str = "dialog form.stack";
const STATUS: &str = "/security/authentication-status/invitations";
const IT: (&str, &str) = ("invitation_email", "it@contoso.example");

async fn made(stage: &Stage) -> i64 {
    sqlx::query_scalar("select count(*) from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap()
}

/// The same form by two clicks at the same moment: what each was told.
async fn twice(
    technician: &Browser,
    page: &Page,
    form: &str,
    fields: &[(&str, &str)],
) -> [String; 2] {
    let (one, two) = tokio::join!(
        technician.submit(page, form, fields),
        technician.submit(page, form, fields)
    );
    assert_eq!((one.status, two.status), (303, 303));
    // Both leave a sentence for the next page, so what is shown is the later one's.
    let later = technician.follow(two).await.text();
    [technician.follow(one).await.text(), later]
}

#[tokio::test]
async fn the_dialog_makes_and_mails_one_invitation() {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let dialog = technician.get(&format!("{LIST}/new")).await;
    for text in twice(&technician, &dialog, DIALOG, &[IT]).await {
        assert!(text.contains("Auth URL"), "{text}");
    }
    assert_eq!(made(&stage).await, 1);
    assert_eq!(stage.server.letters().len(), 1);
    let again = technician.submit(&dialog, DIALOG, &[IT]).await;
    let again = technician.follow(again).await.text();
    assert!(
        again.contains("The same form came twice. This is the one invitation that it made"),
        "{again}"
    );
    assert_eq!(stage.server.letters().len(), 1);
}

/// The mail is queued with the invitation, so that a process that dies in between loses neither.
#[tokio::test]
async fn who_asks_again_after_a_mail_that_did_not_go_out_is_not_told_that_it_did() {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let dialog = technician.get(&format!("{LIST}/new")).await;
    let refused = ("invitation_email", "refused@contoso.example");
    let first = technician.submit(&dialog, DIALOG, &[refused]).await;
    let first = technician.follow(first).await.text();
    assert!(first.contains("did not go out"), "{first}");
    let again = technician.submit(&dialog, DIALOG, &[refused]).await;
    let again = technician.follow(again).await.text();
    assert!(
        again.contains("Its mail is on its way or did not go out"),
        "{again}"
    );
    assert_eq!((made(&stage).await, stage.server.letters().len()), (1, 0));
}

#[tokio::test]
async fn the_tenth_mail_clicked_twice_is_not_called_braked() {
    let stage = Stage::set().await;
    for _ in 0..9 {
        stage.queued(&stage.mail().await).await;
    }
    stage.sweep().await;
    let technician = stage.app.login(Role::Technician).await;
    let list = technician.get(LIST).await;
    let resend = "form[action$=resend]";
    technician.submit(&list, resend, &[]).await;
    let again = technician.submit(&list, resend, &[]).await;
    let again = technician.follow(again).await.text();
    assert!(again.contains("Nothing was mailed again"), "{again}");
    assert_eq!(stage.server.letters().len(), 10);
}

#[tokio::test]
async fn who_goes_back_and_types_something_else_asks_for_something_else() {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let dialog = technician.get(&format!("{LIST}/new")).await;
    technician.submit(&dialog, DIALOG, &[IT]).await;
    let other = ("invitation_email", "boss@contoso.example");
    let sent = technician.submit(&dialog, DIALOG, &[other]).await;
    let sent = technician.follow(sent).await.text();
    assert!(sent.contains("mailed to boss@contoso.example"), "{sent}");
    assert_eq!((made(&stage).await, stage.server.letters().len()), (2, 2));
}

#[tokio::test]
async fn a_form_whose_invitation_has_ended_makes_none_unseen() {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let dialog = technician.get(&format!("{LIST}/new")).await;
    technician.submit(&dialog, DIALOG, &[IT]).await;
    let list = technician.get(LIST).await;
    let revocation = "form[action$=revocation]";
    assert_eq!(technician.submit(&list, revocation, &[]).await.status, 303);
    let again = technician.submit(&dialog, DIALOG, &[IT]).await;
    let again = technician.follow(again).await.text();
    assert!(
        again.contains("was used, withdrawn or has run out. To make another, open the form anew"),
        "{again}"
    );
    assert_eq!((made(&stage).await, stage.server.letters().len()), (1, 1));
}

#[tokio::test]
async fn invitations_of_many_are_made_and_mailed_once() {
    let stage = Stage::set().await;
    let other = tenant::add(&stage.app.pool, "fabrikam").await;
    sqlx::query("update tenants set invitation_email = 'it@' || domain")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let technician = stage.app.login(Role::Technician).await;
    let chosen = format!("{STATUS}?tenant={}&tenant={other}", stage.tenant);
    let page = technician.get(&chosen).await;
    let form = "form.stack";
    twice(&technician, &page, form, &[]).await;
    assert_eq!((made(&stage).await, stage.server.letters().len()), (2, 2));
    let again = technician.submit(&page, form, &[]).await;
    let again = technician.follow(again).await.text();
    assert!(
        again.contains("2 tenants had theirs from this very page before: nothing was sent again."),
        "{again}"
    );
    assert_eq!((made(&stage).await, stage.server.letters().len()), (2, 2));
    // The page loaded anew is another wish.
    let page = technician.get(&chosen).await;
    let notes = page.texts("td[data-label=Note]");
    assert_eq!(
        notes,
        ["A link made just now is out already and stays good"; 2]
    );
    technician.submit(&page, form, &[]).await;
    assert_eq!((made(&stage).await, stage.server.letters().len()), (4, 4));
}

#[tokio::test]
async fn resend_and_new_link_are_done_once_for_one_click() {
    let stage = Stage::set().await;
    stage.invite().await;
    let technician = stage.app.login(Role::Technician).await;
    let list = technician.get(LIST).await;
    let resend = "form[action$=resend]";
    twice(&technician, &list, resend, &[]).await;
    assert_eq!(stage.server.letters().len(), 1);
    let again = technician.submit(&list, resend, &[]).await;
    let again = technician.follow(again).await.text();
    assert!(again.contains("Nothing was mailed again"), "{again}");
    let new_link = "form[action$=replacement]";
    twice(&technician, &list, new_link, &[]).await;
    assert_eq!((made(&stage).await, stage.server.letters().len()), (2, 2));
    let list = technician.get(LIST).await;
    technician.submit(&list, resend, &[]).await;
    assert_eq!(stage.server.letters().len(), 3);
}

#[tokio::test]
async fn clicking_on_does_not_lose_the_pin() -> anyhow::Result<()> {
    let stage = Stage::set().await;
    let technician = stage.app.login(Role::Technician).await;
    let chrome = Chrome::start().await?;
    let web = chrome.browser().await?;
    let base = &stage.app.app.site.base_url;
    open_as(&web, base, &technician, &format!("{LIST}/new")).await?;
    web.find(By::Css("[name=ask_pin]")).await?.click().await?;
    let twice = "const ok = document.querySelector('dialog form.stack .primary');
         for (const ms of [0, 10, 20, 40, 80]) setTimeout(() => ok.click(), ms);";
    web.execute(twice, vec![]).await?;
    let pin = web.query(By::Css("#pin")).first().await?.text().await?;
    assert_eq!(pin.chars().filter(char::is_ascii_digit).count(), 8, "{pin}");
    assert_eq!(made(&stage).await, 1);
    web.quit().await?;
    Ok(())
}
