//! schemathesis, which is not ours, over the `OpenAPI` document with a valid key: no 5xx, and no answer that the document does not
//! tell of. `make schemathesis` runs the same with more examples.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::stage::{Stage, everything};
use crate::support::packages;

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemathesis");

fn setting(name: &str, usual: u32) -> u32 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(usual)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_answers_outside_its_document() {
    let packages = tokio::task::spawn_blocking(|| packages::pip("schemathesis"))
        .await
        .unwrap();
    let stage = Stage::with(|app| {
        app.limits.keys.calls = 1_000_000;
        app.limits.keys.hand_outs = 1_000_000;
    })
    .await;
    let (_, script) = stage.key(everything("schemathesis")).await;
    let examples = setting("TENANTRY_TEST_SCHEMA_EXAMPLES", 8);
    let given = json!({
        "url": stage.app.site.base_url.as_str(),
        "key": script.key,
        "examples": examples,
        // The bounds of every value are tried by the long form.
        "phases": if examples > 8 { "examples,coverage,fuzzing" } else { "examples,fuzzing" },
        "seed": setting("TENANTRY_TEST_SCHEMA_SEED", 1),
    });
    let run = tokio::task::spawn_blocking(move || {
        let mut child = Command::new("python3")
            .arg(Path::new(PLACE).join("run.py"))
            .env("PYTHONPATH", packages)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        serde_json::to_writer(child.stdin.take().unwrap(), &given).unwrap();
        child.wait_with_output().unwrap()
    });
    let output = run.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let asked = stage.count("select uses from api_key_uses").await;
    assert!(asked > 100, "it asked {asked} times");
}
