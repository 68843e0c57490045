//! The list of MSAL errors as a file.

use super::{ERRORS, Stage};
use crate::support::fleet::Failure;

#[tokio::test]
async fn an_export_holds_what_the_filter_shows_with_secrets_masked_and_is_written_down() {
    let stage = Stage::new().await;
    let failure = Failure {
        message: "=HYPERLINK(\"https://evil.example\")",
        raw: r#"{"error":"invalid_grant","refresh_token":"0.AXoAsecretsecretsecretsecretsecretsecretsecret"}"#,
        ..Failure::default()
    };
    let id = stage.error(stage.alder, failure).await;
    stage.idle(stage.birch).await;
    let list = stage.page("?tenant=alder").await;
    let [csv, jsonl] = &list.attributes(".exports a", "href")[..] else {
        panic!("two files")
    };

    let csv = stage.browser.get(csv).await;
    assert!(csv.header("content-type").starts_with("text/csv"));
    assert!(csv.header("content-disposition").contains("msal-errors-"));
    let mut reader = csv::Reader::from_reader(csv.body.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1);
    let cell = |name: &str| {
        let place = heads.iter().position(|head| head == name).unwrap();
        rows[0][place].to_owned()
    };
    assert_eq!((cell("id"), cell("tenant")), (id.clone(), "alder".into()));
    assert!(cell("message").starts_with("'=HYPERLINK"));
    assert!(!csv.body.contains("secretsecret"));

    let lines = stage.browser.get(jsonl).await;
    let line: serde_json::Value = serde_json::from_str(lines.body.trim_end()).unwrap();
    assert_eq!(line["id"].to_string(), id);
    assert_eq!(line["cause"], "password_changed");
    assert!(!lines.body.contains("secretsecret"));
    assert_eq!(
        stage.app.audit().await,
        ["msal_errors.exported done", "msal_errors.exported done"]
    );
    let odd = format!("{ERRORS}/export.csv?from=2026-02-30");
    assert_eq!(stage.browser.get(&odd).await.status, 400);
    assert_eq!(stage.app.browser().get(&odd).await.status, 303);
}

#[tokio::test]
async fn an_export_goes_on_past_one_reading() {
    let stage = Stage::new().await;
    sqlx::query(
        "insert into msal_errors (tenant_id, at, operation, category, class, message, raw)
         select $1, now(), 'refresh', 'unknown', 'transient', 'Number ' || i, '' from generate_series(1, 1203) i",
    )
    .bind(stage.alder)
    .execute(&stage.fleet.pool)
    .await
    .unwrap();
    let file = stage.browser.get(&format!("{ERRORS}/export.jsonl")).await;
    let messages: Vec<String> = file
        .body
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].to_string())
        .collect();
    assert_eq!(messages.len(), 1203);
    assert_eq!(
        (messages[0].as_str(), messages[1202].as_str()),
        ("\"Number 1203\"", "\"Number 1\"")
    );
}
