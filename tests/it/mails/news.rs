//! What customers are told by itself, and only if they are to be told.

use std::time::Duration;

use tenantry::domain::customer_mail;
use tenantry::domain::technician::Role;
use tenantry::storage::ConnectionId;

use super::stage::Stage;
use crate::support::fleet::Fleet;

async fn run(stage: &Stage) -> u32 {
    let mut op = stage.op().await;
    let queued = customer_mail::queue_news(&mut op).await.unwrap();
    op.commit().await.unwrap();
    stage.sweep().await;
    queued
}

async fn choose(stage: &Stage, what: &'static str) {
    let sql = format!(
        "insert into tenant_mailing (tenant_id, reminder, completed, about_to_expire) values ($1, {what})
         on conflict (tenant_id) do update set reminder = excluded.reminder, completed = excluded.completed,
           about_to_expire = excluded.about_to_expire"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(stage.tenant.as_uuid())
        .execute(&stage.app.pool)
        .await
        .unwrap();
}

async fn connected(stage: &Stage) -> (Fleet, ConnectionId) {
    sqlx::query("update tenants set invitation_email = 'it@contoso.example', admin_username = 'ada@contoso.example'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let fleet = Fleet::new(&stage.app.db, stage.app.clock.now()).await;
    let connection = fleet.connection(stage.tenant, "active").await;
    (fleet, connection)
}

/// An authorisation that came of an invitation just now.
async fn completed(stage: &Stage) {
    let invitation = stage.invite().await;
    let (_, connection) = connected(stage).await;
    sqlx::query("update invitations set state = 'completed', ended_at = $1")
        .bind(stage.app.clock.now())
        .execute(&stage.app.pool)
        .await
        .unwrap();
    sqlx::query("update connections set invitation_id = $1 where id = $2")
        .bind(invitation)
        .bind(connection)
        .execute(&stage.app.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unused_invitation_is_called_to_mind_once_where_that_is_switched_on() {
    let stage = Stage::set().await;
    stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    assert_eq!(run(&stage).await, 0);
    stage.app.advance(Duration::from_hours(24 * 6));
    assert_eq!(run(&stage).await, 0, "not switched on");
    choose(&stage, "true, true, true").await;
    assert_eq!(run(&stage).await, 1);
    assert_eq!(run(&stage).await, 0);
    let received = stage.received();
    assert_eq!(received.len(), 2);
    assert!(
        received[1].subject.starts_with("Reminder:"),
        "{}",
        received[1].subject
    );
    assert_eq!(received[0].link(), received[1].link());
}

#[tokio::test]
async fn the_receipt_says_what_was_granted_by_whom_and_how_to_take_it_back() {
    let stage = Stage::set().await;
    let invitation = stage.invite().await;
    let (_, connection) = connected(&stage).await;
    sqlx::query("update invitations set state = 'completed', ended_at = $1")
        .bind(stage.app.clock.now())
        .execute(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(run(&stage).await, 0, "another way in");
    sqlx::query("update connections set invitation_id = $1 where id = $2")
        .bind(invitation)
        .bind(connection)
        .execute(&stage.app.pool)
        .await
        .unwrap();
    choose(&stage, "true, false, true").await;
    assert_eq!(run(&stage).await, 0, "switched off");
    choose(&stage, "false, true, false").await;
    assert_eq!(run(&stage).await, 1);
    assert_eq!(run(&stage).await, 0);
    let mail = stage.received().remove(0);
    for part in [
        "ada@contoso.example",
        "Microsoft Graph: User.Read, Directory.Read.All",
        "Exchange Online: Exchange.Manage",
        "delete the application Harbourline Tenantry",
    ] {
        assert!(mail.text.contains(part), "{part} in {}", mail.text);
    }
    assert!(!mail.html.contains("/onboarding/"));
}

#[tokio::test]
async fn a_customer_whose_authorisation_runs_out_is_told_once_if_it_wants_to_be() {
    let stage = Stage::set().await;
    let (fleet, connection) = connected(&stage).await;
    let left = time::Duration::days(3);
    fleet.expires(connection, left, "idle").await;
    assert_eq!(run(&stage).await, 0, "quiet unless asked for");
    choose(&stage, "false, false, true").await;
    assert_eq!(run(&stage).await, 1);
    assert_eq!(run(&stage).await, 0);
    let mail = stage.received().remove(0);
    assert!(mail.subject.contains("ends on"), "{}", mail.subject);
    assert_eq!(mail.to, "it@contoso.example");
}

#[tokio::test]
async fn a_receipt_that_is_a_week_late_waits_for_a_person_and_is_never_lost() {
    let stage = Stage::set().await;
    completed(&stage).await;
    // Nobody ran the workers meanwhile.
    stage.app.advance(Duration::from_hours(24 * 7 + 1));
    assert_eq!(run(&stage).await, 0);
    assert_eq!(run(&stage).await, 0, "once");
    assert!(stage.received().is_empty(), "it is no news any more");
    let technician = stage.app.login(Role::Technician).await;
    let pending = technician
        .get("/monitoring/customer/pending-invitations")
        .await;
    let why = "it could not be sent within seven days of the authorisation";
    assert!(pending.text().contains(why), "{}", pending.text());
    assert_eq!(
        stage.app.audit().await.last().unwrap(),
        "customer_mail.failed failed"
    );

    // However much later, the tenant's own page has it.
    stage.app.advance(Duration::from_hours(24 * 60));
    let technician = stage.app.login(Role::Technician).await;
    let page = technician.get("/tenants/contoso/configuration/mails").await;
    let rows = page.texts("section[aria-labelledby=sent] tbody tr");
    assert_eq!(rows.len(), 1);
    assert!(
        rows[0].contains("Receipt") && rows[0].contains("Did not go out") && rows[0].contains(why),
        "{rows:?}"
    );
    let again = technician
        .submit(&page, "form[action$='/queueing']", &[])
        .await;
    let page = technician.follow(again).await;
    assert_eq!(page.path, "/tenants/contoso/configuration/mails");
    assert!(
        !page.has("form[action$='/queueing']"),
        "it waits for the worker"
    );
    stage.sweep().await;
    assert_eq!(stage.received().len(), 1);
    let page = technician.get(&page.path).await;
    assert!(page.texts("section[aria-labelledby=sent] tbody tr")[0].contains("Sent"));
}

#[tokio::test]
async fn a_receipt_that_no_server_takes_for_a_week_waits_for_a_person() {
    let stage = Stage::set().await;
    completed(&stage).await;
    stage.server.close(true);
    assert_eq!(run(&stage).await, 1);
    for _ in 0..8 * 24 {
        stage.app.advance(Duration::from_hours(1));
        assert_eq!(run(&stage).await, 0);
    }
    stage.server.close(false);
    let viewer = stage.app.login(Role::Viewer).await;
    let page = viewer.get("/tenants/contoso/configuration/mails").await;
    let rows = page.texts("section[aria-labelledby=sent] tbody tr");
    assert_eq!(rows.len(), 1);
    assert!(rows[0].contains("Did not go out"), "{rows:?}");
    assert!(!page.has("form[action$='/queueing']"), "viewers look");
}
