//! Installations that wrote audit rows before there was a chain: nothing is lost, everything is sealed.

use std::path::Path;

use sqlx::Executor;

use super::{until_sealed, verify, words};
use crate::support::keeper::World;

fn migration(number: u32, direction: &str) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let prefix = format!("{}", 20_261_121_000_000_u64 + u64::from(number));
    let file = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with(&prefix) && name.ends_with(&format!(".{direction}.sql"))
        });
    std::fs::read_to_string(file.unwrap()).unwrap()
}

#[tokio::test]
async fn rows_of_before_keep_their_ids_and_are_sealed() {
    let world = World::new().await;
    let mut owner = world.pool.acquire().await.unwrap();
    for number in [143, 142, 141, 140] {
        owner
            .execute(sqlx::AssertSqlSafe(migration(number, "down")))
            .await
            .unwrap();
    }
    let rows = "insert into audit_events (at, actor_type, actor_name, action, details)
        select now() - n * interval '9 days', 'worker', 'w', 'w.' || n, jsonb_build_object('n', n) from generate_series(1, 90) as n";
    sqlx::query(rows).execute(&mut *owner).await.unwrap();
    // A gap, as a transaction that was rolled back leaves one.
    owner
        .execute("select nextval('audit_events_id_seq')")
        .await
        .unwrap();
    let fingerprint = "select md5(string_agg(id || action || at || details::text, ',' order by id)) from audit_events";
    let before: String = sqlx::query_scalar(fingerprint)
        .fetch_one(&mut *owner)
        .await
        .unwrap();
    for number in [140, 141, 142, 143] {
        owner
            .execute(sqlx::AssertSqlSafe(migration(number, "up")))
            .await
            .unwrap();
    }
    let after: String = sqlx::query_scalar(fingerprint)
        .fetch_one(&mut *owner)
        .await
        .unwrap();
    assert_eq!(after, before);
    let odd = "select count(*) from audit_events_default";
    assert_eq!(world.number(odd).await, 0, "every row has its month");
    sqlx::query("insert into audit_events (at, actor_type, actor_name, action) values (now(), 'worker', 'w', 'new')")
        .execute(&world.db.web())
        .await
        .unwrap();
    assert_eq!(world.number("select max(id) from audit_events").await, 91);
    let keeper = world.keeper().await;
    until_sealed(&world).await;
    keeper.stop().await;
    let report = verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0]);
    assert!(report.rows + report.past >= 91, "{report:?}");
}
