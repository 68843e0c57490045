//! The queue: nothing lost, nobody mailed twice.

use std::time::Duration;

use tenantry::domain::customer_mail::{self, Kind, MailTemplate, NewMail, Queued, Swept};
use tenantry::domain::op::Scope;
use tenantry::keeper::message::{Refusal, Reply};
use tenantry::storage::TenantId;
use uuid::Uuid;

use super::stage::Stage;

const NOTHING: Swept = Swept {
    sent: 0,
    later: 0,
    failed: 0,
    cancelled: 0,
};

#[tokio::test]
async fn a_queued_mail_goes_out_once_with_the_link_and_is_counted() {
    let stage = Stage::set().await;
    let mail = stage.mail().await;
    let id = stage.queued(&mail).await;
    assert_eq!(stage.sweep().await, Swept { sent: 1, ..NOTHING });
    assert_eq!(stage.sweep().await, NOTHING);
    let received = stage.received();
    assert_eq!(received.len(), 1);
    let base = stage.app.app.site.base_url.as_str();
    let link = received[0].link();
    assert!(
        link.starts_with(&format!("{base}onboarding/inv_")),
        "{link}"
    );
    assert!(received[0].html.contains(&link));
    assert!(received[0].subject.starts_with("Harbourline IT asks you"));
    assert_eq!(received[0].to, "it@contoso.example");
    assert_eq!(
        received[0].message_id,
        format!("<{}@harbourline.example>", id.as_uuid())
    );
    let count: i32 = sqlx::query_scalar("select email_sent_count from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(count, 1);
    assert_eq!(
        stage.app.audit().await,
        [
            "invitation.created done",
            "customer_mail.queued done",
            "invitation.mailed done"
        ]
    );
    // The link opens the page.
    let page = stage
        .app
        .browser()
        .get(link.split_at(base.len() - 1).1)
        .await;
    assert_eq!(page.status, 200);
}

#[tokio::test]
async fn nobody_is_mailed_twice_for_one_thing() {
    let stage = Stage::set().await;
    let mail = stage.mail().await;
    stage.queued(&mail).await;
    assert_eq!(stage.queue(&mail).await, Queued::AlreadyThere);
    stage.sweep().await;
    assert_eq!(stage.queue(&mail).await, Queued::AlreadyThere);
    stage.sweep().await;
    assert_eq!(stage.received().len(), 1);
}

#[tokio::test]
async fn what_is_rolled_back_is_not_mailed_and_other_tenants_are_out_of_reach() {
    let stage = Stage::set().await;
    let mail = stage.mail().await;
    let mut op = stage.op().await;
    let queued = customer_mail::queue(&mut op, Scope::all(), &mail)
        .await
        .unwrap();
    assert!(matches!(queued, Queued::Queued(_)));
    drop(op);
    let mut op = stage.op().await;
    let elsewhere = Scope::one(TenantId::new());
    let queued = customer_mail::queue(&mut op, elsewhere, &mail)
        .await
        .unwrap();
    assert_eq!(queued, Queued::NoTenant);
    op.commit().await.unwrap();
    assert_eq!(stage.sweep().await, NOTHING);
}

#[tokio::test]
async fn a_server_that_is_away_for_hours_costs_nothing() {
    let stage = Stage::set().await;
    let mail = stage.mail().await;
    let id = stage.queued(&mail).await;
    stage.server.close(true);
    let mut tries = 0;
    for _ in 0..8 * 60 {
        tries += stage.sweep().await.later;
        stage.app.advance(Duration::from_mins(1));
    }
    assert!((8..20).contains(&tries), "{tries} tries in eight hours");
    assert!(stage.state(id).await.starts_with("queued the mail server"));
    stage.server.close(false);
    stage.app.advance(Duration::from_hours(1));
    assert_eq!(stage.sweep().await.sent, 1);
    assert_eq!(stage.received().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_away_for_a_day_fails_the_mail_and_send_again_brings_it_back() {
    let stage = Stage::set().await;
    let mail = stage.mail().await;
    let id = stage.queued(&mail).await;
    stage.server.close(true);
    for _ in 0..27 {
        stage.sweep().await;
        stage.app.advance(Duration::from_hours(1));
    }
    assert!(stage.state(id).await.starts_with("failed the mail server"));
    stage.server.close(false);
    assert_eq!(stage.sweep().await, NOTHING);
    let mut op = stage.op().await;
    let again = customer_mail::send_again(&mut op, Scope::all(), stage.tenant, id);
    assert!(again.await.unwrap());
    // Once.
    let again = customer_mail::send_again(&mut op, Scope::all(), stage.tenant, id);
    assert!(!again.await.unwrap());
    op.commit().await.unwrap();
    assert_eq!(stage.sweep().await.sent, 1);
    assert_eq!(stage.state(id).await, "sent");
}

#[tokio::test]
async fn an_address_that_is_refused_fails_at_once_and_the_next_mail_goes_out() {
    let stage = Stage::set().await;
    let mut refused = stage.mail().await;
    refused.to = "refused@contoso.example".into();
    let refused = stage.queued(&refused).await;
    stage.queued(&stage.mail().await).await;
    let swept = stage.sweep().await;
    assert_eq!((swept.sent, swept.failed), (1, 1));
    assert_eq!(
        stage.state(refused).await,
        "failed the mail server refused it"
    );
}

#[tokio::test]
async fn without_the_keeper_a_mail_waits_and_a_link_that_cannot_be_opened_fails() {
    let stage = Stage::set().await;
    let id = stage.queued(&stage.mail().await).await;
    let refusal = Reply::Refused(Refusal::NotThere);
    stage.app.keeper.answer_next("open_link", refusal);
    assert_eq!(stage.sweep().await.failed, 1);
    assert!(stage.state(id).await.starts_with("failed"));
}

#[tokio::test]
async fn a_mail_whose_invitation_was_withdrawn_or_whose_tenant_left_is_cancelled() {
    let stage = Stage::set().await;
    let revoked = stage.queued(&stage.mail().await).await;
    sqlx::query("update invitations set state = 'revoked', ended_at = now()")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    stage.sweep().await;
    let left = stage.queued(&stage.mail().await).await;
    sqlx::query("update tenants set state = 'archived'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    stage.sweep().await;
    assert_eq!(
        stage.state(revoked).await,
        "cancelled the link is no longer good"
    );
    assert_eq!(
        stage.state(left).await,
        "cancelled the tenant is not active"
    );
    assert!(stage.received().is_empty());
}

#[tokio::test]
async fn a_worker_that_is_killed_after_the_server_took_the_mail_sends_that_one_again_under_the_same_id()
 {
    let stage = Stage::set().await;
    let id = stage.queued(&stage.mail().await).await;
    stage.sweep().await;
    // As the database stands when the process dies between the server's word and the commit.
    sqlx::query(
        "update customer_mails set state = 'sending', sent_at = null, lease_id = $1, lease_until = now() + interval '1 minute'",
    )
    .bind(Uuid::from(id))
    .execute(&stage.app.pool)
    .await
    .unwrap();
    assert_eq!(stage.sweep().await, NOTHING, "while the lease holds");
    sqlx::query("update customer_mails set lease_until = now() - interval '1 second'")
        .execute(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(stage.sweep().await.sent, 1);
    let received = stage.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].message_id, received[1].message_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_queue() {
    let stage = Stage::set().await;
    for _ in 0..20 {
        stage.queued(&stage.mail().await).await;
    }
    let mut other = stage.app.app.clone();
    other.mailer = Some(stage.server.mailer());
    let (here, there) = (stage.app.app.sender(), other.sender());
    let (here, there) = tokio::join!(here.sweep(), there.sweep());
    assert_eq!(here.unwrap().sent + there.unwrap().sent, 20);
    let mut ids: Vec<_> = stage
        .received()
        .into_iter()
        .map(|one| one.message_id)
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn a_mail_may_have_a_text_of_its_own_and_names_cannot_break_out_of_the_subject() {
    let stage = Stage::set().await;
    sqlx::query(
        "update tenants set full_name = E'Evil <b>&\\r\\nBcc: all@evil.example\\r\\n\\r\\nX'",
    )
    .execute(&stage.app.pool)
    .await
    .unwrap();
    let mail = NewMail {
        template: Some(MailTemplate {
            subject: "News for {tenant}, Zürich".into(),
            body: "Dear {tenant}: {reason}\n\n{link}".into(),
        }),
        named: [("reason".to_owned(), "It <i>ends</i>.".to_owned())].into(),
        kind: Kind::Campaign,
        ..stage.mail().await
    };
    stage.queued(&mail).await;
    assert_eq!(stage.sweep().await.sent, 1);
    let received = stage.received().remove(0);
    assert_eq!(
        received.subject,
        "News for Evil <b>& Bcc: all@evil.example X, Zürich"
    );
    assert!(
        !received.headers.lines().any(|line| line.starts_with("Bcc")),
        "{}",
        received.headers
    );
    assert!(!received.html.contains("<b>") && !received.html.contains("<i>"));
    assert!(received.text.contains("It <i>ends</i>."));
}

#[tokio::test]
async fn a_stopped_campaign_mails_nobody_any_more() {
    let stage = Stage::set().await;
    let campaign = Uuid::from(TenantId::new());
    let mail = NewMail {
        campaign: Some(campaign),
        kind: Kind::Campaign,
        ..stage.mail().await
    };
    let id = stage.queued(&mail).await;
    let mut op = stage.op().await;
    let cancelled = customer_mail::cancel_campaign(&mut op, Scope::all(), campaign).await;
    assert_eq!(cancelled.unwrap(), 1);
    op.commit().await.unwrap();
    assert_eq!(stage.sweep().await, NOTHING);
    assert_eq!(stage.state(id).await, "cancelled the campaign was stopped");
}

#[tokio::test]
async fn after_a_restore_what_was_queued_is_held() {
    let stage = Stage::set().await;
    let id = stage.queued(&stage.mail().await).await;
    let mut op = stage.op().await;
    assert_eq!(customer_mail::hold_all(&mut op).await.unwrap(), 1);
    op.commit().await.unwrap();
    assert_eq!(stage.sweep().await, NOTHING);
    assert!(
        stage
            .state(id)
            .await
            .starts_with("held held after a restore")
    );
}
