//! `tenantry tenant`: files of tenants, as an operator with a shell uses them.

use std::io::Write;
use std::process::{Command, Stdio};

use secrecy::ExposeSecret;

use crate::support::db::{TestDb, test_db};
use crate::support::program::{Run, tenantry};
use crate::support::scratch::Scratch;

/// Run `tenantry tenant …` against this database with this standard input.
async fn tenant(db: &TestDb, arguments: &[&str], input: &str) -> Run {
    let urls = db.urls();
    let mut command: Command = tenantry();
    command
        .env("TENANTRY_DATABASE__WEB_URL", urls.web.expose_secret())
        .env("TENANTRY_DATABASE__KEEPER_URL", urls.keeper.expose_secret())
        .env("TENANTRY_BASE_URL", "https://portal.msp.example")
        .arg("tenant")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let input = input.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // Whoever refuses the arguments reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    })
    .await
    .unwrap()
}

const FILE: &str =
    "short_name,full_name,domain\nalder,Alder Clinics,alder.example\nbirch,'=Birch,\n";

#[tokio::test]
async fn a_dry_run_tells_an_import_does_and_an_export_comes_back_unchanged() {
    let db = test_db().await;
    let told = tenant(&db, &["import", "-", "--dry-run"], FILE).await;
    assert_eq!(told.code, 0, "{}", told.err);
    assert_eq!(
        told.out,
        "row 2     new      alder\nrow 3     new      birch\n2 new, 0 changed, 0 unchanged, 0 refused\n"
    );
    let export = tenant(&db, &["export"], "").await;
    assert_eq!(
        export.out.lines().count(),
        1,
        "nothing was written: {}",
        export.out
    );
    let done = tenant(&db, &["import", "-"], FILE).await;
    assert_eq!((done.code, done.err.trim()), (0, "imported"));
    for format in ["csv", "json"] {
        let export = tenant(&db, &["export", "--format", format], "").await;
        let again = tenant(&db, &["import", "-", "--format", format], &export.out).await;
        assert_eq!(
            again.out, "0 new, 0 changed, 2 unchanged, 0 refused\n",
            "{}",
            again.err
        );
    }
    let changed = tenant(
        &db,
        &["import", "-"],
        "short_name,domain\nbirch,birch.example\n",
    )
    .await;
    assert_eq!(
        changed.out,
        "row 2     changed  birch\n  domain: \"\" -> \"birch.example\"\n0 new, 1 changed, 0 unchanged, 0 refused\n"
    );
    let by: String = sqlx::query_scalar("select actor_type || ' ' || actor_name from audit_events where action = 'tenants.imported' limit 1")
        .fetch_one(&db.superuser())
        .await
        .unwrap();
    assert_eq!(by, "command tenant");
}

#[tokio::test]
async fn codes_tell_failure_usage_and_settings_apart() {
    let db = test_db().await;
    let wrong = format!("{FILE}-cedar,Cedar,\n");
    let refused = tenant(&db, &["import", "-"], &wrong).await;
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .out
            .contains("row 4     refused  -cedar\n  short_name: Use letters"),
        "{}",
        refused.out
    );
    assert!(
        refused.err.contains("--leave-refused-out"),
        "{}",
        refused.err
    );
    let left = tenant(&db, &["import", "-", "--leave-refused-out"], &wrong).await;
    assert_eq!(left.code, 0, "{}", left.err);
    let none = tenant(&db, &["import", "/nowhere/tenants.csv"], "").await;
    assert_eq!(none.code, 1, "{}", none.err);
    let format = tenant(&db, &["import", "-", "--format", "xml"], FILE).await;
    assert_eq!(format.code, 2);
    let mut command = tenantry();
    command
        .env("TENANTRY_BASE_URL", "nonsense")
        .args(["tenant", "export"]);
    let settings = tokio::task::spawn_blocking(move || crate::support::program::run(&mut command))
        .await
        .unwrap();
    assert_eq!(settings.code, 78, "{}", settings.err);
}

#[tokio::test]
async fn where_no_installation_is_none_is_made() {
    let dir = Scratch::new();
    let told = tokio::task::spawn_blocking({
        let dir = dir.path().to_owned();
        move || {
            tenantry()
                .env("TENANTRY_DATA_DIR", dir)
                .env("TENANTRY_BASE_URL", "https://portal.msp.example")
                .args(["tenant", "export"])
                .output()
                .unwrap()
        }
    })
    .await
    .unwrap();
    assert_eq!(told.status.code(), Some(1));
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(said.contains("there is no installation in"), "{said}");
    assert!(!dir.path().join("postgres").exists());
}
