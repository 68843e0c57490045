//! Invitations: made, shown, mailed, withdrawn, replaced, run out, asked for anew.

use std::time::Duration;

use tenantry::domain::invitation::{
    self, CreateError, EndError, Filter, FromForm, InvitationState, LinkToken,
};
use tenantry::domain::op::Scope;
use tenantry::storage::TenantId;

use super::stage::Stage;
use crate::support::tenant;

#[tokio::test]
async fn a_new_invitation_is_found_by_its_link_and_the_link_is_not_in_the_database() {
    let stage = Stage::set().await;
    let (created, invitation) = stage.invite().await;
    let mut op = stage.op().await;
    let found = invitation::find_by_link(&mut op, &created.token)
        .await
        .unwrap();
    assert_eq!(found, Some(invitation.clone()));
    assert_eq!(invitation.state, InvitationState::Open);
    assert_eq!(
        invitation.expires_at - invitation.created_at,
        time::Duration::days(7)
    );
    assert!(created.token.expose().ends_with(&invitation.hint));
    let rows: String = stage
        .look("select string_agg(i::text, '') from invitations i")
        .await;
    assert!(!rows.contains(created.token.expose()));
    assert_eq!(stage.audit().await, ["invitation.created"]);
}

#[tokio::test]
async fn the_keeper_shows_the_same_link_again() {
    let stage = Stage::set().await;
    let (created, invitation) = stage.invite().await;
    let shown = invitation::reveal(&stage.keeper.client, &invitation)
        .await
        .unwrap();
    assert_eq!(shown.expose(), created.token.expose());
}

#[tokio::test]
async fn a_link_with_one_letter_changed_finds_nothing() {
    let stage = Stage::set().await;
    let (created, _) = stage.invite().await;
    let good = created.token.expose();
    let other = if good.as_bytes()[10] == b'A' {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{other}{}", &good[..10], &good[11..]);
    let mut op = stage.op().await;
    let token = LinkToken::parse(&forged).unwrap();
    assert_eq!(
        invitation::find_by_link(&mut op, &token).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_suspended_tenant_gets_no_invitation() {
    let stage = Stage::set().await;
    sqlx::query("update tenants set state = 'suspended'")
        .execute(&stage.db.superuser())
        .await
        .unwrap();
    let sealed = stage.seal().await;
    let mut op = stage.op().await;
    let refused = invitation::create(&mut op, Scope::all(), sealed, stage.terms()).await;
    assert!(matches!(refused, Err(CreateError::NotActive)));
    drop(op);
    assert_eq!(
        stage.look::<i64>("select count(*) from invitations").await,
        0
    );
    assert!(stage.audit().await.is_empty());
}

#[tokio::test]
async fn what_is_outside_the_scope_is_absent() {
    let stage = Stage::set().await;
    let (created, _) = stage.invite().await;
    let elsewhere = Scope::one(TenantId::new());
    let mut op = stage.op().await;
    assert_eq!(
        invitation::find(&mut op, elsewhere, created.id)
            .await
            .unwrap(),
        None
    );
    let revoked = invitation::revoke(&mut op, elsewhere, created.id).await;
    assert!(matches!(revoked, Err(EndError::NotThere)));
    let (rows, total) = invitation::list(&mut op, elsewhere, &Filter::default(), 10, 0)
        .await
        .unwrap();
    assert!(rows.is_empty() && total == 0);
    let sealed = stage.seal().await;
    let made = invitation::create(&mut op, elsewhere, sealed, stage.terms()).await;
    assert!(matches!(made, Err(CreateError::NoTenant)));
}

#[tokio::test]
async fn revoking_works_once_and_is_written_down() {
    let stage = Stage::set().await;
    let (created, _) = stage.invite().await;
    let mut op = stage.op().await;
    invitation::revoke(&mut op, Scope::all(), created.id)
        .await
        .unwrap();
    let again = invitation::revoke(&mut op, Scope::all(), created.id).await;
    assert!(matches!(again, Err(EndError::NotGood)));
    op.commit().await.unwrap();
    let state = stage.find(&created).await.state;
    assert!(matches!(state, InvitationState::Revoked { .. }));
    assert_eq!(
        stage.audit().await,
        ["invitation.created", "invitation.revoked"]
    );
}

#[tokio::test]
async fn a_new_link_keeps_the_terms_and_ends_the_old_one() {
    let stage = Stage::set().await;
    let (old, before) = stage.invite().await;
    let sealed = stage.seal().await;
    let mut op = stage.op().await;
    let (new, _) = invitation::replace(&mut op, Scope::all(), sealed, &before, [1; 32])
        .await
        .unwrap();
    op.commit().await.unwrap();
    let FromForm::Made(new) = new else {
        panic!("{new:?}");
    };
    let after = stage.find(&new).await;
    assert_ne!(new.token.expose(), old.token.expose());
    assert_eq!(after.expected_admin, before.expected_admin);
    assert_eq!(after.invitation_email, before.invitation_email);
    assert_eq!(after.expires_at - after.created_at, time::Duration::days(7));
    assert!(matches!(
        stage.find(&old).await.state,
        InvitationState::Revoked { .. }
    ));
}

#[tokio::test]
async fn the_sweep_ends_what_ran_out_and_nothing_else() {
    let stage = Stage::set().await;
    let (old, _) = stage.invite().await;
    stage.clock.advance(Duration::from_hours(6 * 24));
    let (young, _) = stage.invite().await;
    stage.clock.advance(Duration::from_hours(25));
    assert!(matches!(
        stage.find(&old).await.state,
        InvitationState::Expired { .. }
    ));
    let mut op = stage.op().await;
    assert_eq!(invitation::expire(&mut op).await.unwrap().invitations, 1);
    assert_eq!(invitation::expire(&mut op).await.unwrap().invitations, 0);
    op.commit().await.unwrap();
    assert_eq!(stage.find(&young).await.state, InvitationState::Open);
    let stored: String = stage
        .look("select string_agg(state, ',' order by created_at) from invitations")
        .await;
    assert_eq!(stored, "expired,open");
}

#[tokio::test]
async fn asking_for_a_new_link_marks_a_known_one_and_ignores_others() {
    let stage = Stage::set().await;
    let (created, _) = stage.invite().await;
    let mut op = stage.op().await;
    invitation::ask_new_link(&mut op, None).await.unwrap();
    let unknown = LinkToken::parse(&format!("inv_{}", "A".repeat(43))).unwrap();
    invitation::ask_new_link(&mut op, Some(&unknown))
        .await
        .unwrap();
    invitation::ask_new_link(&mut op, Some(&created.token))
        .await
        .unwrap();
    op.commit().await.unwrap();
    assert!(stage.find(&created).await.new_link_asked_at.is_some());
    assert_eq!(
        stage.audit().await,
        ["invitation.created", "invitation.new_link_asked"]
    );
}

#[tokio::test]
async fn each_mail_is_counted() {
    let stage = Stage::set().await;
    let (created, invitation) = stage.invite().await;
    for _ in 0..2 {
        let mut op = stage.op().await;
        invitation::record_sent(&mut op, &invitation).await.unwrap();
        op.commit().await.unwrap();
    }
    let invitation = stage.find(&created).await;
    assert_eq!(invitation.email_sent_count, 2);
    assert!(invitation.email_sent_at.is_some());
}

#[tokio::test]
async fn the_list_filters_by_state_and_finds_text_as_typed() {
    let stage = Stage::set().await;
    let (open, _) = stage.invite().await;
    let (revoked, _) = stage.invite().await;
    tenant::add(&stage.web, "fabrikam").await;
    let mut op = stage.op().await;
    invitation::revoke(&mut op, Scope::all(), revoked.id)
        .await
        .unwrap();
    for (state, search, expected) in [
        (None, "", vec![revoked.id, open.id]),
        (Some("pending"), "", vec![open.id]),
        (Some("open"), "", vec![open.id]),
        (Some("revoked"), "", vec![revoked.id]),
        (Some("started"), "", vec![]),
        (None, "CONTOSO ltd", vec![revoked.id, open.id]),
        (None, "admin@contoso", vec![revoked.id, open.id]),
        (None, "fabrikam", vec![]),
        (None, "%", vec![]),
        (None, "_", vec![]),
        (None, "'; --", vec![]),
    ] {
        let filter = Filter {
            state: state.map(str::to_owned),
            search: search.to_owned(),
        };
        let (rows, total) = invitation::list(&mut op, Scope::all(), &filter, 10, 0)
            .await
            .unwrap();
        let ids: Vec<_> = rows.iter().map(|row| row.invitation.id).collect();
        assert_eq!(ids, expected, "{state:?} {search:?}");
        assert_eq!(usize::try_from(total).unwrap(), expected.len());
    }
    let counts = invitation::counts(&mut op, Scope::all()).await.unwrap();
    assert_eq!((counts.open, counts.revoked, counts.expired), (1, 1, 0));
}
