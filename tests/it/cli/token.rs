//! `tenantry token`: as a script on another machine uses it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tenantry::domain::api_key::{ApiScope, Rule};

use crate::api::stage::{Stage, everything};
use crate::support::program::{Run, run, tenantry};

/// A file with this key, readable by us alone.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{name}-{}", tenantry::clock::random_uuid()));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

async fn token(stage: &Stage, key: &PathBuf, arguments: &[&str]) -> Run {
    let mut command: Command = tenantry();
    command
        .env("TENANTRY_URL", stage.app.site.base_url.as_str())
        .env("TENANTRY_API_KEY_FILE", key)
        .arg("token")
        .args(arguments);
    tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_all_that_is_printed_and_a_helper_gets_json() {
    let stage = Stage::new().await;
    let (_, script) = stage.key(everything("script")).await;
    let key = file("key", &format!("{}\n", script.key));
    let plain = token(&stage, &key, &["--tenant", "contoso"]).await;
    assert_eq!(plain.code, 0, "{}", plain.err);
    let handed = script.token("contoso", "graph").await.json();
    assert_eq!(plain.out.trim_end(), handed["access_token"]);
    assert_eq!(plain.err, "");
    let helper = token(
        &stage,
        &key,
        &[
            "--tenant",
            "contoso",
            "--json",
            "--min-ttl",
            "600",
            "--reason",
            "nightly",
        ],
    )
    .await;
    let told: serde_json::Value = serde_json::from_str(&helper.out).unwrap();
    assert_eq!(told["access_token"], handed["access_token"]);
    assert!(told["expires_on"].as_i64().unwrap() > stage.app.clock.now().unix_timestamp());
    assert!(told.get("refresh_token").is_none());
    let reasons = stage.count("select count(*) from audit_events where action = 'token.hand_out' and details->>'reason' = 'nightly'").await;
    assert_eq!(reasons, 1);
    std::fs::remove_file(key).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_goes_to_standard_error_and_says_what_to_do() {
    let stage = Stage::new().await;
    let (_, script) = stage.key(everything("script")).await;
    let key = file("key", &script.key);
    let nowhere = token(&stage, &key, &["--tenant", "nowhere"]).await;
    assert_eq!((nowhere.code, nowhere.out.as_str()), (1, ""));
    assert!(nowhere.err.contains("Not found"), "{}", nowhere.err);
    let rule = Rule {
        scopes: vec![ApiScope::TenantsRead],
        ..everything("reader")
    };
    let (_, reader) = stage.key(rule).await;
    let refused = token(
        &stage,
        &file("reader", &reader.key),
        &["--tenant", "contoso"],
    )
    .await;
    assert!(
        refused.err.contains("This key may not do this"),
        "{}",
        refused.err
    );
    sqlx::query("update tenants set state = 'suspended' where short_name = 'contoso'")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let paused = token(&stage, &key, &["--tenant", "contoso", "--wait", "0"]).await;
    assert_eq!(paused.code, 1);
    assert!(
        paused.err.contains("suspended") && paused.err.contains("look at: http"),
        "{}",
        paused.err
    );
    let secret = script.key.rsplit('_').nth(1).unwrap();
    for told in [&nowhere, &refused, &paused] {
        assert!(!told.err.contains(secret));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_tell_usage_and_settings_apart_from_failure() {
    let stage = Stage::new().await;
    let open = file("open", "pk_x");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let others = token(&stage, &open, &["--tenant", "contoso"]).await;
    assert_eq!(others.code, 78, "{}", others.err);
    assert!(others.err.contains("chmod 0400"), "{}", others.err);
    let key = file("key", "pk_x");
    assert_eq!(token(&stage, &key, &[]).await.code, 2, "no tenant is named");
    let clear = token(
        &stage,
        &key,
        &["--tenant", "contoso", "--url", "http://portal.msp.example"],
    )
    .await;
    assert_eq!(clear.code, 2, "{}", clear.err);
    assert_eq!(
        token(&stage, &key, &["--tenant", "contoso"]).await.code,
        1,
        "no key of ours"
    );
    let gone = token(
        &stage,
        &key,
        &["--tenant", "contoso", "--url", "http://127.0.0.1:9"],
    )
    .await;
    assert!(
        gone.code == 1 && gone.err.contains("does not answer"),
        "{}",
        gone.err
    );
    let mut command = tenantry();
    command.args(["token", "--tenant", "contoso", "--url", "https://p.example"]);
    let none = tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .unwrap();
    assert!(
        none.code == 2 && none.err.contains("--key-file"),
        "{}",
        none.err
    );
}
