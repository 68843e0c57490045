//! A certificate made here, from the button to the refreshes that use it; and its key, which nobody gets to see.

use std::time::Duration;

use super::{LATER, Stage};
use crate::support::keeper::SECRET;

const MAKE: &str = "form[action$='/generated']";

#[tokio::test]
async fn a_certificate_made_here_is_uploaded_tried_and_used() {
    let stage = Stage::new().await;
    let page = stage.send(MAKE, &[("years", "2")]).await;
    assert!(page.text().contains("Download its public part"));
    assert_eq!(
        stage.credentials().await,
        ["secret active", "certificate candidate"]
    );

    let link = page.attributes("a[href$='/certificate']", "href").remove(0);
    let file = stage.owner.get(&link).await;
    assert_eq!(file.header("content-type"), "application/x-x509-ca-cert");
    assert!(file.header("content-disposition").ends_with(".cer\""));
    assert!(file.body.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(!file.body.contains("PRIVATE"));

    // Tried too early: the keeper looks again by itself while it is uploaded.
    let page = stage.send("form[action$='/trial']", &[]).await;
    assert!(page.text().contains("Being tried"), "{}", page.text());
    assert!(page.has("meta[http-equiv=refresh]"));
    stage.certificate_at_microsoft(&file.body);
    stage
        .until_credentials(&["secret active", "certificate active"])
        .await;
    assert!(!stage.page().await.has("meta[http-equiv=refresh]"));

    // Nothing is left for the secret to do.
    stage.secrets_at_microsoft(&[]);
    let refreshed = super::rotation::refresh(&stage).await;
    assert!(refreshed.iter().all(|one| one.valid), "{refreshed:?}");
    let failures = "select count(*) from msal_errors";
    assert_eq!(stage.world.number(failures).await, 0);
    stage.world.judge().await;
}

#[tokio::test]
async fn one_that_never_arrives_at_microsoft_is_refused_in_words() {
    let stage = Stage::new().await;
    stage.send(MAKE, &[("years", "1")]).await;
    stage.send("form[action$='/trial']", &[]).await;
    stage
        .until_credentials(&["secret active", "certificate refused"])
        .await;
    let text = stage.page().await.text();
    assert!(
        text.contains("Microsoft does not know this certificate"),
        "{text}"
    );
    let trials = "select max(trials)::bigint from app_credentials";
    assert_eq!(stage.world.number(trials).await, 4);
}

#[tokio::test]
async fn a_trial_is_finished_by_the_next_keeper() {
    let mut stage = Stage::new().await;
    stage.world.settings.trial_pause = Duration::from_secs(1);
    stage.send(MAKE, &[("years", "1")]).await;
    let page = stage.page().await;
    let link = page.attributes("a[href$='/certificate']", "href").remove(0);
    let file = stage.owner.get(&link).await;
    stage.send("form[action$='/trial']", &[]).await;
    let next = stage.world.keeper().await;
    std::mem::replace(&mut stage.keeper, next).kill();
    stage.certificate_at_microsoft(&file.body);
    // Further than a trial's claim.
    stage.world.clock.advance(Duration::from_secs(61));
    stage
        .until_credentials(&["secret active", "certificate active"])
        .await;
}

#[tokio::test]
async fn keys_and_secrets_are_in_no_table_in_the_clear() {
    let stage = Stage::new().await;
    stage.secrets_at_microsoft(&[(SECRET, LATER), ("next8Q~canary", LATER)]);
    stage
        .send(super::SECRET_FORM, &[("secret", "next8Q~canary")])
        .await;
    stage.send(MAKE, &[("years", "1")]).await;
    // PKCS#8 begins with this in base64, whatever the key: version, algorithm RSA.
    let needles = [
        "next8Q~canary",
        "BEGIN PRIVATE KEY",
        "ADANBgkqhkiG9w0BAQEFAASC",
    ];
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    )
    .fetch_all(&stage.world.pool)
    .await
    .unwrap();
    assert!(tables.len() > 10);
    for table in tables {
        for needle in needles {
            let hex = hex::encode(needle);
            let sql = format!(
                "select count(*) from {table} t where t::text like '%' || $1 || '%' or t::text like '%' || $2 || '%'"
            );
            let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
                .bind(needle)
                .bind(hex)
                .fetch_one(&stage.world.pool)
                .await
                .unwrap();
            assert_eq!(found, 0, "{needle} in {table}");
        }
    }
}

#[tokio::test]
async fn the_portal_cannot_read_a_sealed_credential() {
    let stage = Stage::new().await;
    let web = stage.world.db.web();
    for column in ["ct", "fingerprint"] {
        let sql = format!("select {column} from app_credentials");
        let refused = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&web).await;
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("permission denied")
        );
    }
}
