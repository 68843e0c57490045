//! Sealed invitation links.

use tenantry::keeper::message::{Reply, Request};

use crate::support::keeper::{ADMIN, World, text};

#[tokio::test]
async fn a_link_opens_where_it_was_sealed_and_nowhere_else() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let (here, there) = (world.invite(ADMIN).await, world.invite(ADMIN).await);
    let sealed = keeper
        .ask(Request::SealLink {
            tenant_id: world.tenant,
            invitation_id: here,
            token: text("inv_secret"),
        })
        .await;
    let Reply::Sealed { ciphertext } = sealed else {
        panic!("{sealed:?}");
    };
    assert!(!ciphertext.windows(10).any(|bytes| bytes == b"inv_secret"));
    sqlx::query("update invitations set token_sealed = $1")
        .bind(&ciphertext)
        .execute(&world.pool)
        .await
        .unwrap();
    let open = |invitation_id| Request::OpenLink {
        tenant_id: world.tenant,
        invitation_id,
    };
    match keeper.ask(open(here)).await {
        Reply::Link { token } => assert_eq!(token.expose(), "inv_secret"),
        other => panic!("{other:?}"),
    }
    let moved = keeper.ask(open(there)).await;
    assert!(format!("{moved:?}").contains("Quarantined"), "{moved:?}");
}
