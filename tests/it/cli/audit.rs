//! `tenantry audit`: what an operator reads, and how the command ends.

use std::path::Path;

use secrecy::ExposeSecret;

use crate::support::keeper::World;
use crate::support::program::{Run, run, tenantry};

async fn audit(world: &World, arguments: &[&str]) -> Run {
    let urls = world.db.urls();
    let mut command = tenantry();
    command
        .env("TENANTRY_DATABASE__WEB_URL", urls.web.expose_secret())
        .env("TENANTRY_DATABASE__KEEPER_URL", urls.keeper.expose_secret())
        .env("TENANTRY_MASTER_KEY_FILE", &world.key_file)
        .arg("audit")
        .args(arguments);
    tokio::task::spawn_blocking(move || run(&mut command))
        .await
        .unwrap()
}

/// A log with a few rows, sealed and vouched for in a file.
async fn sealed() -> (World, std::path::PathBuf) {
    let mut world = World::new().await;
    let file = world.key_file.with_file_name("checkpoints.jsonl");
    world.settings.audit_checkpoint_file = Some(file.clone());
    world.settings.audit_checkpoint_every = std::time::Duration::from_millis(50);
    let keeper = world.keeper().await;
    let sql = "insert into audit_events (at, actor_type, actor_name, action)
        select now(), 'worker', 'w', 'act.done' from generate_series(1, 25)";
    sqlx::query(sql).execute(&world.db.web()).await.unwrap();
    let behind =
        "select count(*) + (select seq - checkpoint_seq from audit_chain) from audit_unsealed";
    for _ in 0..200 {
        if world.number(behind).await == 0 && file.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    keeper.stop().await;
    (world, file)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_whole_log_is_said_to_be_whole() {
    let (world, file) = sealed().await;
    let verified = audit(&world, &["verify", "--checkpoints", text(&file)]).await;
    assert_eq!(verified.code, 0, "{} {}", verified.out, verified.err);
    assert!(
        verified.out.contains("The audit log is whole."),
        "{}",
        verified.out
    );
    assert!(
        verified.out.contains("Last checkpoint: "),
        "{}",
        verified.out
    );
    assert!(
        !verified.out.contains(" 0 from elsewhere"),
        "{}",
        verified.out
    );
}

#[tokio::test]
async fn the_first_bad_row_is_named_and_the_command_fails() {
    let (world, file) = sealed().await;
    let id = world.number("select max(id) - 3 from audit_events").await;
    let sql = format!(
        "set session_replication_role = replica; update audit_events set actor_name = 'x' where id = {id};
         set session_replication_role = default"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&world.pool)
        .await
        .unwrap();
    let verified = audit(&world, &["verify", "--checkpoints", text(&file)]).await;
    assert_eq!(verified.code, 1, "{}", verified.out);
    let line = format!("First bad row: row {id} of ");
    assert!(verified.out.contains(&line), "{}", verified.out);
    assert!(
        verified.out.contains("was changed after it was sealed"),
        "{}",
        verified.out
    );
    assert!(verified.err.contains("tampered with"), "{}", verified.err);
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused_by_line() {
    let (world, file) = sealed().await;
    std::fs::write(&file, "nonsense\n").unwrap();
    let verified = audit(&world, &["verify", "--checkpoints", text(&file)]).await;
    assert_eq!(verified.code, 1);
    assert!(verified.err.contains("line 1 of"), "{}", verified.err);
    let gone = audit(&world, &["verify", "--checkpoints", "/nowhere/c.jsonl"]).await;
    assert!(
        gone.err.contains("/nowhere/c.jsonl cannot be read"),
        "{}",
        gone.err
    );
}

#[tokio::test]
async fn the_public_key_is_one_that_others_can_read() {
    let (world, _) = sealed().await;
    let printed = audit(&world, &["public-key"]).await;
    assert_eq!(printed.code, 0, "{}", printed.err);
    let stored: Vec<u8> = sqlx::query_scalar("select public_key from audit_keys")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(printed.out.as_bytes()).unwrap();
    let (_, info) =
        <x509_parser::x509::SubjectPublicKeyInfo as x509_parser::prelude::FromDer<_>>::from_der(
            &pem.contents,
        )
        .unwrap();
    assert_eq!(&*info.subject_public_key.data, stored.as_slice());
}

#[tokio::test]
async fn before_the_first_keeper_there_is_nothing_to_verify() {
    let world = World::new().await;
    let verified = audit(&world, &["verify"]).await;
    assert_eq!(verified.code, 1);
    assert!(
        verified.err.contains("nothing was sealed yet"),
        "{}",
        verified.err
    );
}
