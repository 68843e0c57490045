//! The file: what is in it, what is not, who may make it, and what becomes of one that was changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;
use tenantry::backup::BackupError;
use tenantry::storage::Storage;

use super::stage::Stage;
use crate::support::program::run;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_every_row_and_can_be_verified() {
    let stage = Stage::new().await;
    let (file, said) = stage.backup();
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        fs::metadata(&file).unwrap().len(),
        said["bytes"].as_u64().unwrap()
    );
    let tables = stage
        .number("select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'")
        .await;
    // All but the row that makes a database serve.
    assert_eq!(said["tables"].as_i64().unwrap(), tables - 1);
    assert!(said["rows"].as_u64().unwrap() > 50, "{said}");
    let verified = stage.done(&["backup", "verify", file.to_str().unwrap(), "--json"]);
    let verified: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    assert_eq!(verified["rows"], said["rows"]);
    assert_eq!(verified["id"], said["id"]);
    let left: Vec<_> = fs::read_dir(stage.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("verify") || name.contains(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_it_can_be_read_without_the_master_key_which_is_not_in_it() {
    let stage = Stage::new().await;
    let (file, _) = stage.backup();
    let bytes = fs::read(&file).unwrap();
    let key = fs::read_to_string(&stage.world.key_file).unwrap();
    let key = key
        .lines()
        .last()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .to_owned();
    for secret in [
        "contoso",
        "PGDMP",
        "portal_keeper",
        "connection_secrets",
        key.as_str(),
    ] {
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{secret}");
    }
    let other = stage.dir.path().join("other.key");
    tenantry::keeper::create_key_file(&other).unwrap();
    let refused = run(stage
        .tenantry(&["backup", "verify", file.to_str().unwrap()])
        .env("TENANTRY_MASTER_KEY_FILE", &other));
    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(
        refused.err.contains("which is not at hand"),
        "{}",
        refused.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_role_may_take_one_and_none_is_ever_replaced() {
    let stage = Stage::new().await;
    let out = stage.dir.path().join("mine.backup");
    let out = out.to_str().unwrap();
    for role in ["portal_keeper", "portal_web", "portal_migrate"] {
        let refused = run(stage.tenantry(&["backup", "--out", out]).env(
            "TENANTRY_DATABASE__BACKUP_URL",
            stage.world.db.url(role).expose_secret(),
        ));
        assert_eq!(refused.code, 78, "{refused:?}");
        assert!(
            refused.err.contains("expected portal_backup"),
            "{}",
            refused.err
        );
    }
    assert_eq!(run(&mut stage.tenantry(&["backup"])).code, 2);
    stage.done(&["backup", "--out", out]);
    let before = fs::read(out).unwrap();
    let again = run(&mut stage.tenantry(&["backup", "--out", out]));
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.err.contains("never replaced"), "{}", again.err);
    assert_eq!(fs::read(out).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_role_cannot_read_makes_no_backup_without_it() {
    let stage = Stage::new().await;
    sqlx::query("revoke select on connection_secrets from portal_backup")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let refused =
        run(&mut stage.tenantry(&["backup", "--out", stage.dir.path().to_str().unwrap()]));
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused
            .err
            .contains("may not read public.connection_secrets"),
        "{}",
        refused.err
    );
    let left = fs::read_dir(stage.dir.path()).unwrap().count();
    assert_eq!(left, 1, "the revocation log alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_reads_every_table_and_sequence_also_those_to_come() {
    let stage = Stage::new().await;
    sqlx::raw_sql("set role portal_owner; create table newcomers (id bigint generated always as identity); reset role")
        .execute(&stage.world.pool)
        .await
        .unwrap();
    let unreadable = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'S')
        and not (case when relkind = 'S' then has_sequence_privilege('portal_backup', oid, 'select')
                 else has_table_privilege('portal_backup', oid, 'select') end)";
    assert_eq!(stage.number(unreadable).await, 0);
    let writable = "select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
        and has_table_privilege('portal_backup', oid, 'insert, update, delete, truncate')";
    assert_eq!(stage.number(writable).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_or_cut_file_is_found_out_before_anything_is_dropped() {
    let mut stage = Stage::new().await;
    let (file, _) = stage.backup();
    let whole = fs::read(&file).unwrap();
    stage.end_sessions().await;
    let config = stage.config();
    let keys = tenantry::process::keyring(&config).await.unwrap();
    let storage = Storage::join(&config).await.unwrap();
    let bad = stage.dir.path().join("bad.backup");
    let header = whole.iter().position(|byte| *byte == b'}').unwrap();
    let mut bads = vec![
        whole[..whole.len() - 1].to_vec(),
        whole[..header + 10].to_vec(),
        Vec::new(),
        [whole.as_slice(), b"x"].concat(),
        b"not a backup at all, but long enough to look at it".to_vec(),
    ];
    for at in (0..whole.len()).step_by(whole.len() / 200) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        bads.push(changed);
    }
    for changed in bads {
        fs::write(&bad, &changed).unwrap();
        let refused = tenantry::backup::restore(&storage, &keys, &bad, true).await;
        let error = refused.expect_err("it is not what was written");
        let error = error.downcast::<BackupError>().unwrap();
        assert!(
            matches!(
                error,
                BackupError::Damaged { .. }
                    | BackupError::NoBackup(_)
                    | BackupError::Key { .. }
                    | BackupError::Format { .. }
            ),
            "{error:?}"
        );
    }
    assert_eq!(stage.number("select count(*) from tenants").await, 1);
}
