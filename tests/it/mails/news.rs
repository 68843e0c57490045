//! What customers are told by itself, and only if they are to be told.

use std::time::Duration;

use tenantry::domain::customer_mail;
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
