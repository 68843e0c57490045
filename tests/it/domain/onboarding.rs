//! Attempts to use an invitation: bound to one browser, one at a time, each trip to Microsoft good once.

use std::time::Duration;

use tenantry::domain::invitation::{self, Invitation, InvitationState, Method};
use tenantry::domain::onboarding::{
    self, Attempt, BeginError, Begun, Flow, FlowSecret, Stage as At,
};
use tenantry::domain::op::Scope;

use super::stage::Stage;

fn attempt() -> Attempt {
    Attempt {
        method: Method::AuthCode,
        admin_username: "admin@contoso.example".into(),
        someone_else: false,
        ip: "192.0.2.7".into(),
    }
}

async fn begin(
    stage: &Stage,
    invitation: &Invitation,
    own: Option<&Flow>,
) -> Result<Begun, BeginError> {
    let mut op = stage.op().await;
    let begun = onboarding::begin(&mut op, invitation, own, attempt()).await?;
    op.commit().await.unwrap();
    Ok(begun)
}

async fn flow(stage: &Stage, secret: &FlowSecret) -> Flow {
    let mut op = stage.op().await;
    onboarding::find(&mut op, secret).await.unwrap().unwrap()
}

/// As the keeper would write it.
async fn set(stage: &Stage, sql: &'static str) {
    sqlx::query(sql)
        .execute(&stage.db.superuser())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_attempt_is_found_by_its_secret_alone() {
    let stage = Stage::set().await;
    let (created, invitation) = stage.invite().await;
    let begun = begin(&stage, &invitation, None).await.unwrap();
    let flow = flow(&stage, &begun.secret).await;
    assert_eq!((flow.id, &flow.stage), (begun.flow, &At::Started));
    let rows: String = stage
        .look("select string_agg(f::text, '') from onboarding_flows f")
        .await;
    assert!(!rows.contains(begun.secret.expose()));
    let state = stage.find(&created).await.state;
    assert!(matches!(state, InvitationState::Started { .. }));
    assert_eq!(
        stage.audit().await,
        ["invitation.created", "onboarding.started"]
    );
}

#[tokio::test]
async fn another_browser_must_say_continue_here_first() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let first = begin(&stage, &invitation, None).await.unwrap();
    let refused = begin(&stage, &invitation, None).await;
    assert!(matches!(refused, Err(BeginError::Elsewhere)));

    let mut op = stage.op().await;
    let ended = onboarding::continue_here(&mut op, &invitation)
        .await
        .unwrap();
    op.commit().await.unwrap();
    assert_eq!(ended, [first.flow]);
    begin(&stage, &invitation, None).await.unwrap();
    assert_eq!(flow(&stage, &first.secret).await.stage, At::Superseded);
}

#[tokio::test]
async fn the_same_browser_begins_again_without_asking() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let first = begin(&stage, &invitation, None).await.unwrap();
    let own = flow(&stage, &first.secret).await;
    let second = begin(&stage, &invitation, Some(&own)).await.unwrap();
    assert_eq!(second.ended, [first.flow]);
    assert_ne!(first.secret.expose(), second.secret.expose());
}

#[tokio::test]
async fn two_browsers_at_once_make_one_attempt() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let (a, b) = tokio::join!(
        begin(&stage, &invitation, None),
        begin(&stage, &invitation, None)
    );
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
    let refused = a.err().or(b.err()).unwrap();
    assert!(matches!(refused, BeginError::Elsewhere), "{refused:?}");
}

#[tokio::test]
async fn a_used_revoked_or_expired_invitation_begins_nothing() {
    let stage = Stage::set().await;
    for sql in [
        "update invitations set state = 'completed', ended_at = now()",
        "update invitations set state = 'revoked', ended_at = now()",
        "update invitations set state = 'open', ended_at = null, expires_at = now() - interval '1 second'",
    ] {
        let (_, invitation) = stage.invite().await;
        set(&stage, sql).await;
        let refused = begin(&stage, &invitation, None).await;
        assert!(matches!(refused, Err(BeginError::NotGood)), "{sql}");
    }
    assert_eq!(
        stage
            .look::<i64>("select count(*) from onboarding_flows")
            .await,
        0
    );
}

#[tokio::test]
async fn an_attempt_left_alone_no_longer_stands_in_the_way() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    begin(&stage, &invitation, None).await.unwrap();
    stage.clock.advance(Duration::from_mins(16));
    begin(&stage, &invitation, None).await.unwrap();
}

#[tokio::test]
async fn the_sweep_marks_what_was_left_alone() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let begun = begin(&stage, &invitation, None).await.unwrap();
    let mut op = stage.op().await;
    assert!(onboarding::expire(&mut op).await.unwrap().is_empty());
    drop(op);
    stage.clock.advance(Duration::from_mins(16));
    let mut op = stage.op().await;
    assert_eq!(
        onboarding::expire(&mut op).await.unwrap(),
        [(stage.tenant, begun.flow)]
    );
    op.commit().await.unwrap();
    assert_eq!(
        stage
            .look::<String>("select failure from onboarding_flows")
            .await,
        "abandoned"
    );
}

#[tokio::test]
async fn a_trip_to_microsoft_is_good_once_and_in_its_own_browser_only() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let begun = begin(&stage, &invitation, None).await.unwrap();
    set(&stage, "update onboarding_flows set state = 'redirected'").await;
    let state = begun.secret.leg_state();
    let take = async |secret: &FlowSecret, state: &str| {
        let mut op = stage.op().await;
        let taken = onboarding::take_leg(&mut op, secret, state).await.unwrap();
        op.commit().await.unwrap();
        taken
    };
    let stranger = FlowSecret::parse(&"A".repeat(43)).unwrap();
    assert!(take(&stranger, &state).await.is_none(), "another browser");
    assert!(
        take(&begun.secret, "made-up").await.is_none(),
        "another state"
    );
    let (flow, next) = take(&begun.secret, &state).await.unwrap();
    assert_eq!(flow.id, begun.flow);
    assert!(
        take(&begun.secret, &state).await.is_none(),
        "the same again"
    );
    assert!(
        take(&next, &state).await.is_none(),
        "the old state with the new secret"
    );
    assert!(next.leg_is_out(&flow), "the next trip is prepared");
    assert!(!begun.secret.leg_is_out(&flow));
}

#[tokio::test]
async fn a_trip_that_took_too_long_is_over() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let begun = begin(&stage, &invitation, None).await.unwrap();
    set(
        &stage,
        "update onboarding_flows set state = 'consent_needed'",
    )
    .await;
    stage.clock.advance(Duration::from_mins(16));
    let mut op = stage.op().await;
    let taken = onboarding::take_leg(&mut op, &begun.secret, &begun.secret.leg_state())
        .await
        .unwrap();
    assert!(taken.is_none());
    let own = onboarding::find(&mut op, &begun.secret)
        .await
        .unwrap()
        .unwrap();
    let again = onboarding::open_leg(&mut op, &own, &begun.secret)
        .await
        .unwrap()
        .unwrap();
    let taken = onboarding::take_leg(&mut op, &again, &again.leg_state())
        .await
        .unwrap();
    assert!(taken.is_some(), "a new trip of the same attempt");
}

#[tokio::test]
async fn revoking_the_invitation_ends_its_attempt() {
    let stage = Stage::set().await;
    let (created, invitation) = stage.invite().await;
    let begun = begin(&stage, &invitation, None).await.unwrap();
    let mut op = stage.op().await;
    let ended = invitation::revoke(&mut op, Scope::all(), created.id)
        .await
        .unwrap();
    op.commit().await.unwrap();
    assert_eq!(ended, [begun.flow]);
    onboarding::forget(&stage.keeper.client, stage.tenant, &ended).await;
    assert_eq!(stage.keeper.asked(), ["seal_link", "end_flow"]);
}

#[tokio::test]
async fn progress_shows_the_whole_set_before_anything_is_acquired() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let begun = begin(&stage, &invitation, None).await.unwrap();
    let flow = flow(&stage, &begun.secret).await;
    let mut op = stage.op().await;
    let progress = onboarding::progress(&mut op, &flow).await.unwrap();
    assert_eq!(progress.tally(), (0, 3));
    assert!(progress.access.is_none());
    assert_eq!(
        progress
            .resources
            .iter()
            .filter(|line| line.required)
            .count(),
        2
    );
}

#[tokio::test]
async fn whoever_waits_is_told_of_a_change() {
    let stage = Stage::set().await;
    let (_, invitation) = stage.invite().await;
    let (changes, mut heard) = tokio::sync::broadcast::channel(16);
    let stop = tokio_util::sync::CancellationToken::new();
    let relay = tokio::spawn(tenantry::storage::listen(
        stage.web.clone(),
        vec![onboarding::ear(changes)],
        stop.clone(),
    ));
    // The relay may still be connecting: touch the row until the word gets through.
    let begun = begin(&stage, &invitation, None).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            set(&stage, "update onboarding_flows set updated_at = now()").await;
            let wait = tokio::time::timeout(Duration::from_millis(50), heard.recv()).await;
            if let Ok(Ok(id)) = wait {
                return id;
            }
        }
    })
    .await
    .unwrap();
    assert_eq!(told, begun.flow.as_uuid());
    stop.cancel();
    relay.await.unwrap();
}
