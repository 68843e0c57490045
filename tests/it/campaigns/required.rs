//! The keeper goes by the version that holds: Validate says what is missing, an onboarding waits for it, and nobody who is
//! connected loses anything by a new version.

use sqlx::PgPool;
use tenantry::keeper::message::{CheckKind, CheckOutcome, Reply, Request};

use crate::support::keeper::{ADMIN, World};

async fn require(pool: &PgPool, resource: &str, kind: &str, name: &str) {
    sqlx::query(
        "with made as (insert into permission_sets (version, created_at, note)
           select max(version) + 1, now(), 'more' from permission_sets returning version)
         insert into permission_set_items (version, resource, kind, name)
         select made.version, i.resource, i.kind, i.name from made, permission_set_items i where i.version = made.version - 1
         union all select made.version, $1, $2, $3 from made",
    )
    .bind(resource)
    .bind(kind)
    .bind(name)
    .execute(pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn validate_names_what_a_new_version_requires_and_the_connection_lives_on() {
    let world = World::new().await;
    let keeper = world.keeper().await;
    let connection = world.onboard(&keeper).await;
    require(&world.pool, "graph", "delegated", "Policy.Read.All").await;
    let lacking = "select permissions_lacking::text from tenant_status where connection_id = $1";
    assert_eq!(world.text(lacking, connection).await, "1");
    let reply = keeper
        .ask(Request::Validate {
            tenant_id: world.tenant,
        })
        .await;
    let Reply::Validated { checks, .. } = reply else {
        panic!("{reply:?}");
    };
    for check in &checks {
        let expected = if check.check == CheckKind::Permissions {
            assert!(
                check
                    .detail
                    .contains("Microsoft Graph lacks Policy.Read.All"),
                "{check:?}"
            );
            CheckOutcome::Failed
        } else {
            CheckOutcome::Passed
        };
        assert_eq!(check.outcome, expected, "{check:?}");
    }
    assert_eq!(world.state(connection).await, "active");
    world.judge().await;
}

#[tokio::test]
async fn an_onboarding_waits_for_what_the_version_requires() {
    let world = World::new().await;
    require(&world.pool, "graph", "delegated", "Policy.Read.All").await;
    // Consent as it was before: everything but the new permission.
    world.consent();
    let keeper = world.keeper().await;
    let (flow, code) = world.code(&keeper, ADMIN).await;
    world.approve(&code, ADMIN);
    world.until_flow(flow, "consent_needed").await;
    let short = "select count(*) from connections where state = 'active'";
    assert_eq!(world.number(short).await, 0);
}
