//! What the worker does with time and with what became of tenants, and what technicians do with a campaign.

use std::time::Duration;

use tenantry::domain::campaign::{self, ActError, CampaignInput, Reason, Stage as Step, State};
use tenantry::domain::customer_mail::{self, Mailing};
use tenantry::domain::op::Scope;
use tenantry::language::Language;

use super::stage::{Stage, input, letters, runner};
use crate::mails::letter::Received;

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn each_is_asked_once_at_the_pace_asked_for() {
    let stage = Stage::new().await;
    let mut tenants = Vec::new();
    for name in ["alder", "birch", "cedar"] {
        tenants.push(stage.tenant(name).await);
    }
    let mut typed = input();
    typed.per_hour = "60".into();
    let id = stage.campaign(&typed, &tenants).await;
    let work = runner(&stage.app.app);
    // One a minute, however often the worker comes by, and in how many places.
    for expected in [1, 1, 2, 2, 3] {
        let (one, other) = tokio::join!(work.sweep(), work.sweep());
        one.unwrap();
        other.unwrap();
        stage.app.app.sender().sweep().await.unwrap();
        assert_eq!(letters(&stage.server).len(), expected);
        stage.app.advance(Duration::from_secs(31));
    }
    let to: Vec<String> = letters(&stage.server)
        .into_iter()
        .map(|one| one.0)
        .collect();
    assert_eq!(
        to,
        ["it@alder.example", "it@birch.example", "it@cedar.example"]
    );
    assert_eq!(stage.counts(id).await.get(&Step::Sent), Some(&3));
    let letter = &stage.server.letters()[0];
    assert!(
        letter.contains("Harbourline IT asks you to renew"),
        "{letter}"
    );
    let audit = stage.app.audit().await;
    let mailed = audit.iter().filter(|one| *one == "invitation.mailed done");
    assert_eq!(mailed.count(), 3);
}

#[tokio::test]
async fn the_reason_is_told_in_the_customers_language() {
    let stage = Stage::new().await;
    let tenant = stage.tenant("alder").await;
    let german = Mailing {
        language: Some(Language::De),
        ..Mailing::default()
    };
    let mut op = stage.op().await;
    customer_mail::set_mailing(&mut op, Scope::all(), tenant, &german)
        .await
        .unwrap();
    op.commit().await.unwrap();
    let mut typed = input();
    typed.deadline = (stage.app.clock.now() + DAY * 5).date().to_string();
    stage.campaign(&typed, &[tenant]).await;
    stage.turns().await;
    let letter = Received::read(&stage.server.letters()[0]);
    let said = "Die Autorisierung dafür fehlt, ist abgelaufen oder läuft bald ab.";
    assert!(letter.text.contains(said), "{}", letter.text);
    assert!(
        letter.text.contains("Bitte erledigen Sie dies bis zum"),
        "{}",
        letter.text
    );
}

/// The preview counts in SQL what the worker decides tenant by tenant when its turn comes.
#[tokio::test]
async fn the_preview_promises_what_the_run_does_for_every_reason() {
    for reason in Reason::ALL {
        let stage = Stage::new().await;
        let none = stage.fleet.tenant("alder", "Alder Clinics").await;
        let mut tenants = vec![none, stage.tenant("birch").await];
        for (name, state, change) in [
            ("cedar", "active", "obtained_by = 'device_code'"),
            ("dogwood", "active", "obtained_by = 'auth_code'"),
            ("elder", "needs_consent", "obtained_by = 'device_code'"),
        ] {
            let tenant = stage.tenant(name).await;
            let connection = stage.fleet.connection(tenant, state).await;
            stage.fleet.change(connection, change).await;
            tenants.push(tenant);
        }
        let typed = CampaignInput {
            reason: reason.as_str().into(),
            method: "auth_code".into(),
            deadline: (stage.app.clock.now() + DAY * 5).date().to_string(),
            ..input()
        };
        let id = stage.campaign(&typed, &tenants).await;
        let mut op = stage.op().await;
        let seen = campaign::outlook(&mut op, Scope::all(), id).await.unwrap();
        drop(op);
        let spared = match reason {
            Reason::Expired | Reason::Permission => 2,
            Reason::Move => 1,
            Reason::Deadline => 0,
        };
        assert_eq!((seen.needless, seen.no_address), (spared, 1), "{reason:?}");
        stage.turns().await;
        let rows = stage.rows(id).await;
        let with = |step: Step| rows.iter().filter(move |row| row.stage == step);
        let count = |step| i64::try_from(with(step).count()).unwrap();
        assert_eq!(count(Step::Stopped), seen.needless, "{reason:?}");
        assert_eq!(count(Step::Sent), seen.asked, "{reason:?}");
        let first = with(Step::Sent).map(|row| row.tenant_id).next();
        assert_eq!(first, seen.first, "{reason:?}: whose mail is shown");
    }
}

#[tokio::test]
async fn who_cannot_or_need_not_be_asked_is_told_with_the_reason() {
    let stage = Stage::new().await;
    let none = stage.fleet.tenant("alder", "Alder Clinics").await;
    let valid = stage.tenant("birch").await;
    stage.fleet.connection(valid, "active").await;
    let paused = stage.tenant("cedar").await;
    let suspended = "state = 'suspended', state_reason = 'unpaid'";
    let refused = stage.tenant("dogwood").await;
    let address = "invitation_email = 'refused@dogwood.example'";
    stage.fleet.change_tenant(refused, address).await;
    let id = stage
        .campaign(&input(), &[none, valid, paused, refused])
        .await;
    stage.fleet.change_tenant(paused, suspended).await;
    stage.turns().await;
    let at = async |name| stage.at(id, name).await;
    assert_eq!(at("alder").await, (Step::Failed, "No mail address".into()));
    let spared = "Not needed any more: the authorisation is valid";
    assert_eq!(at("birch").await, (Step::Stopped, spared.into()));
    let (step, why) = at("cedar").await;
    assert_eq!(step, Step::Failed);
    assert!(why.contains("suspended"), "{why}");
    let (step, why) = at("dogwood").await;
    assert_eq!(step, Step::Failed);
    assert!(why.starts_with("The mail did not go out"), "{why}");
    assert_eq!(letters(&stage.server), []);

    // With an address and another try it goes on; the campaign is over when nobody is left.
    let mut op = stage.op().await;
    let ended = campaign::get(&mut op, Scope::all(), id)
        .await
        .unwrap()
        .unwrap();
    drop(op);
    assert_eq!(
        ended.state,
        State::Running,
        "who is reminded may still come"
    );
    stage
        .fleet
        .change_tenant(none, "invitation_email = 'it@alder.example'")
        .await;
    let mut op = stage.op().await;
    assert_eq!(campaign::retry(&mut op, Scope::all(), id).await.unwrap(), 2);
    op.commit().await.unwrap();
    stage.turns().await;
    assert_eq!(at("alder").await.0, Step::Sent);
    assert_eq!(at("cedar").await.0, Step::Failed);
    assert_eq!(letters(&stage.server).len(), 1);
}

#[tokio::test]
async fn reminders_come_every_few_days_until_there_were_enough_or_somebody_is_through() {
    let stage = Stage::new().await;
    let (idle, through) = (stage.tenant("alder").await, stage.tenant("birch").await);
    let id = stage.campaign(&input(), &[idle, through]).await;
    stage.turns().await;
    stage.app.advance(DAY * 3);
    stage.complete(through).await;
    for (days, expected) in [(0, 3), (1, 3), (2, 4), (3, 4), (3, 4)] {
        stage.app.advance(DAY * days);
        stage.turns().await;
        assert_eq!(
            letters(&stage.server).len(),
            expected,
            "after {days} days more"
        );
    }
    let sent = letters(&stage.server);
    assert!(sent[2..].iter().all(|(to, _)| to == "it@alder.example"));
    let all = stage.server.letters();
    assert!(all[2].contains("Subject: Reminder: "), "{}", all[2]);
    let open: i64 = sqlx::query_scalar("select count(*) from invitations where tenant_id = $1")
        .bind(idle)
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(open, 1, "a reminder carries the same link");
    let rows = stage.rows(id).await;
    assert_eq!((rows[0].reminders, rows[0].next_reminder_at), (2, None));
    assert_eq!(rows[1].stage, Step::Consented);
}

#[tokio::test]
async fn a_reminder_after_the_link_has_lapsed_carries_a_new_one() {
    let stage = Stage::new().await;
    let tenant = stage.tenant("alder").await;
    let mut typed = input();
    typed.remind_days = "20".into();
    let id = stage.campaign(&typed, &[tenant]).await;
    stage.turns().await;
    stage.app.advance(DAY * 15);
    let mut op = stage.op().await;
    tenantry::domain::invitation::expire(&mut op).await.unwrap();
    op.commit().await.unwrap();
    assert_eq!(
        stage.at(id, "alder").await,
        (Step::Failed, "The link has lapsed".into())
    );
    stage.app.advance(DAY * 6);
    stage.turns().await;
    assert_eq!(letters(&stage.server).len(), 2);
    assert_eq!(stage.at(id, "alder").await.0, Step::Sent);
}

#[tokio::test]
async fn a_stop_withdraws_what_nobody_opened_and_leaves_who_is_on_the_way() {
    let stage = Stage::new().await;
    let (idle, opened) = (stage.tenant("alder").await, stage.tenant("birch").await);
    let late = stage.tenant("cedar").await;
    let mut typed = input();
    typed.per_hour = "60".into();
    let id = stage.campaign(&typed, &[idle, opened, late]).await;
    for _ in 0..2 {
        runner(&stage.app.app).sweep().await.unwrap();
        stage.app.app.sender().sweep().await.unwrap();
        stage.app.advance(Duration::from_secs(61));
    }
    // The third mail is queued and has not gone out.
    runner(&stage.app.app).sweep().await.unwrap();
    sqlx::query("update invitations set opened_at = $2 where tenant_id = $1")
        .bind(opened)
        .bind(stage.app.clock.now())
        .execute(&stage.app.pool)
        .await
        .unwrap();
    let mut op = stage.op().await;
    let stopped = campaign::stop(&mut op, Scope::all(), id, true)
        .await
        .unwrap();
    op.commit().await.unwrap();
    assert_eq!((stopped.tenants, stopped.mails, stopped.links), (3, 1, 2));
    let mut op = stage.op().await;
    let again = campaign::stop(&mut op, Scope::all(), id, true).await;
    assert!(matches!(again, Err(ActError::WrongState)));
    drop(op);
    stage.app.advance(DAY * 9);
    stage.turns().await;
    assert_eq!(letters(&stage.server).len(), 2, "nobody else, no reminder");
    assert_eq!(stage.counts(id).await.get(&Step::Stopped), Some(&3));
    let good: Vec<bool> = sqlx::query_scalar(
        "select i.state = 'open' from invitations i join tenants t on t.id = i.tenant_id order by t.short_name",
    )
    .fetch_all(&stage.app.pool)
    .await
    .unwrap();
    assert_eq!(good, [false, true, false]);
    // Whoever gets through all the same counts.
    stage.complete(opened).await;
    assert_eq!(stage.at(id, "birch").await.0, Step::Consented);
}

#[tokio::test]
async fn whoever_is_through_is_not_counted_among_the_stopped() {
    let stage = Stage::new().await;
    let (through, asked) = (stage.tenant("alder").await, stage.tenant("birch").await);
    let mut typed = input();
    typed.per_hour = "60".into();
    let id = stage.campaign(&typed, &[through, asked]).await;
    for _ in 0..2 {
        stage.turns().await;
        stage.app.advance(Duration::from_secs(61));
    }
    stage.complete(through).await;
    let mut op = stage.op().await;
    let stopped = campaign::stop(&mut op, Scope::all(), id, true).await;
    op.commit().await.unwrap();
    assert_eq!(stopped.unwrap().tenants, 1);
    assert_eq!(stage.at(id, "alder").await.0, Step::Consented);
}

#[tokio::test]
async fn after_the_deadline_nobody_is_asked_and_what_came_so_far_stays() {
    let stage = Stage::new().await;
    let (asked, late) = (stage.tenant("alder").await, stage.tenant("birch").await);
    let mut typed = input();
    typed.per_hour = "1".into();
    typed.deadline = (stage.app.clock.now() + DAY).date().to_string();
    let id = stage.campaign(&typed, &[asked, late]).await;
    runner(&stage.app.app).sweep().await.unwrap();
    stage.app.app.sender().sweep().await.unwrap();
    let letter = stage.server.letters()[0].replace("=\n", "");
    assert!(letter.contains("Please do it by"), "{letter}");
    stage.app.advance(DAY * 2);
    stage.turns().await;
    assert_eq!(letters(&stage.server).len(), 1);
    let (step, why) = stage.at(id, "birch").await;
    assert_eq!(
        (step, why.as_str()),
        (Step::Stopped, "The deadline has passed")
    );
    assert_eq!(stage.at(id, "alder").await.0, Step::Sent);
    let mut op = stage.op().await;
    let over = campaign::get(&mut op, Scope::all(), id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(over.state, State::Done);
    assert_eq!(over.end_reason, "The deadline has passed");
}

#[tokio::test]
async fn a_pause_holds_and_working_hours_are_kept() {
    let stage = Stage::new().await;
    let tenant = stage.tenant("alder").await;
    let mut typed = input();
    // An hour that is not now.
    let now = stage.app.clock.now();
    let hour = (now.hour() + 3) % 23;
    (typed.hours_from, typed.hours_until) = (hour.to_string(), (hour + 1).to_string());
    let id = stage.campaign(&typed, &[tenant]).await;
    stage.turns().await;
    assert_eq!(letters(&stage.server).len(), 0);
    let mut op = stage.op().await;
    campaign::pause(&mut op, Scope::all(), id).await.unwrap();
    op.commit().await.unwrap();
    for _ in 0..24 {
        stage.app.advance(Duration::from_hours(1));
        stage.turns().await;
    }
    assert_eq!(letters(&stage.server).len(), 0, "it is paused");
    let mut op = stage.op().await;
    campaign::resume(&mut op, Scope::all(), id).await.unwrap();
    op.commit().await.unwrap();
    for _ in 0..24 {
        stage.app.advance(Duration::from_hours(1));
        stage.turns().await;
    }
    assert_eq!(letters(&stage.server).len(), 1);
    let at: time::OffsetDateTime = sqlx::query_scalar("select created_at from invitations")
        .fetch_one(&stage.app.pool)
        .await
        .unwrap();
    assert_eq!(at.to_offset(time::UtcOffset::UTC).hour(), hour);
}
