//! `tenantry technician`: as an operator with a shell uses it.

use std::process::Command;

use secrecy::ExposeSecret;

use crate::support::db::{TestDb, test_db};
use crate::support::program::{Run, run, tenantry};

/// Run `tenantry technician …` against this database.
async fn technician(db: &TestDb, arguments: &[&str]) -> Run {
    let urls = db.urls();
    let mut command: Command = tenantry();
    command
        .env("TENANTRY_DATABASE__WEB_URL", urls.web.expose_secret())
        .env("TENANTRY_DATABASE__KEEPER_URL", urls.keeper.expose_secret())
        .env("TENANTRY_BASE_URL", "https://portal.msp.example")
        .arg("technician")
        .args(arguments);
    tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .unwrap()
}

const ADD: [&str; 7] = [
    "add",
    "--email",
    "Robin@MSP.example",
    "--name",
    "Robin Marlow",
    "--role",
    "owner",
];

#[tokio::test]
async fn adding_prints_a_link_and_never_a_password() {
    let db = test_db().await;
    let added = technician(&db, &ADD).await;
    assert_eq!(added.code, 0, "{}", added.err);
    let link = added.out.lines().last().unwrap();
    let token = link
        .strip_prefix("https://portal.msp.example/login/link/")
        .unwrap();
    assert_eq!(token.len(), 43);
    let listed = technician(&db, &["list"]).await;
    assert!(
        listed.out.starts_with("robin@msp.example"),
        "{}",
        listed.out
    );
    assert!(
        listed.out.contains("no password yet") && listed.out.contains("never signed in"),
        "{}",
        listed.out
    );
    let found: i64 = sqlx::query_scalar(
        "select count(*) from technician_links l where l::text like '%' || $1 || '%'",
    )
    .bind(token)
    .fetch_one(&db.superuser())
    .await
    .unwrap();
    assert_eq!(found, 0, "the database does not hold the link");
}

#[tokio::test]
async fn each_command_is_in_the_audit_log() {
    let db = test_db().await;
    technician(&db, &ADD).await;
    technician(
        &db,
        &[
            "add",
            "--email",
            "two@msp.example",
            "--name",
            "Two",
            "--role",
            "owner",
        ],
    )
    .await;
    for action in [
        &["reset"][..],
        &["reset", "--factors"],
        &["disable"],
        &["enable"],
    ] {
        let arguments = [action, &["robin@msp.example"]].concat();
        let done = technician(&db, &arguments).await;
        assert_eq!(done.code, 0, "{action:?}: {}", done.err);
    }
    let acts: Vec<String> = sqlx::query_scalar(
        "select action from audit_events where actor_type = 'command' order by id",
    )
    .fetch_all(&db.superuser())
    .await
    .unwrap();
    assert_eq!(
        acts,
        [
            "technician.added",
            "technician.added",
            "technician.reset",
            "technician.factors_reset",
            "technician.disabled",
            "technician.enabled"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_done_is_said_in_words() {
    let db = test_db().await;
    technician(&db, &ADD).await;
    for (arguments, code, words) in [
        (&ADD[..], 1, "exists already"),
        (&["reset", "nobody@msp.example"], 1, "no such technician"),
        (&["disable", "robin@msp.example"], 1, "last active owner"),
        (&["reset", "no address"], 2, "e-mail address"),
        (
            &[
                "add",
                "--email",
                "a@b.example",
                "--name",
                "A",
                "--role",
                "king",
            ],
            2,
            "owner, admin, technician or viewer",
        ),
        (
            &["add", "--email", "a@b.example", "--name", "  "],
            2,
            "a name of 1 to 100 characters",
        ),
    ] {
        let refused = technician(&db, arguments).await;
        assert_eq!(refused.code, code, "{arguments:?}: {}", refused.err);
        assert!(
            refused.err.contains(words),
            "{arguments:?}: {}",
            refused.err
        );
        assert_eq!(refused.out, "", "{arguments:?}");
    }
}
