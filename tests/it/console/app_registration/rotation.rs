//! Credentials change without a refused refresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tenantry::keeper::message::{Reply, Request, ResourceResult};

use super::{LATER, SECRET_FORM, Stage};
use crate::support::keeper::SECRET;

const NEXT: &str = "next8Q~secret-of-the-tests";

pub async fn refresh(stage: &Stage) -> Vec<ResourceResult> {
    let question = Request::Refresh {
        tenant_id: stage.world.tenant,
    };
    match stage.keeper.ask(question).await {
        Reply::Refreshed { resources } => resources,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_secret_is_tried_and_then_used() {
    let stage = Stage::new().await;
    sqlx::query("delete from app_credentials")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    assert!(stage.page().await.text().contains("No credential yet"));
    stage.secrets_at_microsoft(&[(NEXT, LATER)]);
    let page = stage
        .send(
            SECRET_FORM,
            &[("secret", NEXT), ("not_after", "2098-12-31")],
        )
        .await;
    let said = page.text_of("main [role=status]");
    assert_eq!(
        said,
        "Microsoft accepted it: Client secret …ests is in use from now on."
    );
    assert!(page.text().contains("2098-12-31"));
    assert_eq!(stage.credentials().await, ["secret active"]);
    assert!(refresh(&stage).await.iter().all(|one| one.valid));
    assert_eq!(
        stage.audit().await[2..],
        [
            "app_credential.added done technician",
            "app_credential.accepted done keeper"
        ]
    );
}

#[tokio::test]
async fn rotation_under_load_refuses_no_refresh() {
    let stage = Arc::new(Stage::new().await);
    let over = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn({
        let (stage, over) = (Arc::clone(&stage), Arc::clone(&over));
        async move {
            let mut rounds = 0;
            while !over.load(Ordering::Relaxed) {
                let refreshed = refresh(&stage).await;
                let required = refreshed.iter().filter(|one| one.required);
                assert!(required.clone().all(|one| one.valid), "{refreshed:?}");
                rounds += 1;
            }
            rounds
        }
    });
    let rounds = || async { tokio::time::sleep(Duration::from_millis(300)).await };
    rounds().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, LATER)]);
    stage.send(SECRET_FORM, &[("secret", NEXT)]).await;
    assert_eq!(
        stage.credentials().await,
        ["secret active", "secret active"]
    );
    rounds().await;
    let page = stage.page().await;
    let old = page.attributes("a[href$='/retirement']", "href").remove(1);
    let asked = stage.owner.get(&old).await;
    let done = stage.owner.submit(&asked, "dialog form", &[]).await;
    assert_eq!(done.status, 303);
    assert_eq!(
        stage.credentials().await,
        ["secret retired", "secret active"]
    );
    // What began before is over now, so nobody holds the old one any more.
    refresh(&stage).await;
    stage.secrets_at_microsoft(&[(NEXT, LATER)]);
    rounds().await;
    over.store(true, Ordering::Relaxed);
    assert!(load.await.unwrap() > 2);
    let failures = "select count(*) from msal_errors where code in (7000215, 7000222)";
    assert_eq!(stage.world.number(failures).await, 0);
    stage.world.judge().await;
}

#[tokio::test]
async fn the_next_credential_goes_on_when_microsoft_refuses_one() {
    let stage = Stage::new().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, LATER)]);
    stage.send(SECRET_FORM, &[("secret", NEXT)]).await;
    // The later end comes first.
    sqlx::query("update app_credentials set not_after = $1 where created_by = 'settings'")
        .bind(LATER)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    // What was accepted minutes ago may be unknown somewhere; nothing is concluded from that.
    stage.world.clock.advance(Duration::from_mins(11));
    // Deleted at Microsoft, and nobody told us.
    stage.secrets_at_microsoft(&[(NEXT, LATER)]);
    stage.world.make_due().await;
    assert!(refresh(&stage).await.iter().all(|one| one.valid));
    stage
        .until_credentials(&["secret refused", "secret active"])
        .await;
    let text = stage.page().await.text();
    assert!(
        text.contains("Microsoft does not know this value"),
        "{text}"
    );
    assert!(
        stage
            .audit()
            .await
            .contains(&"app_credential.refused done keeper".to_owned())
    );
    stage.world.judge().await;
}

#[tokio::test]
async fn the_last_usable_one_goes_only_with_a_typed_word() {
    let stage = Stage::new().await;
    for step in ["retirement", "removal"] {
        let page = stage.page().await;
        let link = page
            .attributes(&format!("a[href$='/{step}']"), "href")
            .remove(0);
        let asked = stage.owner.get(&link).await;
        assert!(asked.text().contains("It is the last usable credential."));
        let refused = stage
            .owner
            .submit(&asked, "dialog form", &[("confirmation", "yes")])
            .await;
        assert_eq!(refused.status, 422);
        assert_eq!(
            refused.field_error("confirmation"),
            "Type Tenantry (tests) to go on."
        );
        assert_eq!(refused.value("confirmation"), "yes");
    }
    assert_eq!(stage.credentials().await, ["secret active"]);

    let page = stage.page().await;
    let link = page.attributes("a[href$='/retirement']", "href").remove(0);
    let asked = stage.owner.get(&link).await;
    stage
        .owner
        .submit(
            &asked,
            "dialog form",
            &[("confirmation", " Tenantry (tests) ")],
        )
        .await;
    assert_eq!(stage.credentials().await, ["secret retired"]);
    let text = stage.page().await.text();
    assert!(text.contains("None of the stored credentials of our app registration is usable."));

    let back = stage.send("form[action$='/trial']", &[]).await;
    assert!(back.text().contains("Microsoft accepted it"));
    assert_eq!(stage.credentials().await, ["secret active"]);
}

#[tokio::test]
async fn dates_of_connections_follow_the_credentials() {
    let stage = Stage::new().await;
    let ends = "select expires_reason || ' ' || expires_at::date from connections where id = $1";
    let id = stage.world.current().await;
    let now = stage.world.clock.now();
    let soon = now + time::Duration::days(20);
    sqlx::query("update app_credentials set not_after = $1")
        .bind(soon)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    sqlx::query("update connections set expires_at = $1, expires_reason = 'credential'")
        .bind(soon)
        .execute(&stage.world.pool)
        .await
        .unwrap();
    stage.secrets_at_microsoft(&[(SECRET, LATER), (NEXT, LATER)]);
    let later = (now + time::Duration::days(40)).date();
    stage
        .send(
            SECRET_FORM,
            &[("secret", NEXT), ("not_after", &later.to_string())],
        )
        .await;
    let expected = format!("credential {later}");
    assert_eq!(stage.world.text(ends, id).await, expected);
}
