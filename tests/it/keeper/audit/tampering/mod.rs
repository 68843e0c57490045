//! A thousand random tamperings by somebody who may do everything in the database and has no key: each is found, and its
//! place is named. The seed is printed when one is not; `TENANTRY_SEED` tries it again.

mod columns;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tenantry::clock::{Clock, random_bytes};
use tenantry::keeper::Keyring;
use tenantry::keeper::audit::{Checkpoint, Inspector, Report, read_checkpoints};

use self::columns::{CHECKPOINT, COLUMNS, SEAL};
use super::{until_sealed, until_vouched, words, write};
use crate::support::keeper::World;

const TAMPERINGS: usize = 1000;
const ROWS: i32 = 50;
const WAITING: i64 = 3;

/// `SplitMix64`: what a seed needs to be tried again, and no more.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Where the first finding must lie.
#[derive(Debug, Default)]
struct Place {
    seq: Option<i64>,
    id: Option<i64>,
    checkpoint: Option<i64>,
}

impl Place {
    fn is_named_by(&self, report: &Report) -> bool {
        report.findings.first().is_some_and(|first| {
            (self.seq.is_some() && first.seq == self.seq)
                || (self.id.is_some() && first.row.map(|row| row.0) == self.id)
                || (self.checkpoint.is_some() && first.checkpoint == self.checkpoint)
        })
    }
}

/// What the tamperer may choose from.
struct Ground {
    /// Ids of the sealed rows, by seal.
    ids: Vec<i64>,
    /// Seals and ids of those that a technician wrote.
    full: Vec<(i64, i64)>,
    /// Ids of rows that wait.
    waiting: Vec<i64>,
    outside: Vec<Checkpoint>,
}

/// What is done, and where it must be found.
struct Deed {
    sql: String,
    place: Place,
    outside: Vec<Checkpoint>,
}

impl Ground {
    #[expect(clippy::too_many_lines, reason = "a list of deeds, one after another")]
    fn deed(&self, chance: &mut Chance) -> Deed {
        let n = self.ids.len();
        let k = chance.below(n);
        let (seq, id) = (i64::try_from(k).unwrap() + 1, self.ids[k]);
        let at_row = Place {
            seq: Some(seq),
            id: Some(id),
            checkpoint: None,
        };
        let last = i64::try_from(n).unwrap();
        let mut outside = self.outside.clone();
        let (sql, place) = match chance.below(16) {
            0..=3 => {
                // Of these every column holds something that can be changed.
                let (seq, id) = chance.of(&self.full);
                let (column, value) = chance.of(&COLUMNS);
                let place = Place {
                    seq: Some(seq),
                    id: Some(id),
                    checkpoint: None,
                };
                (
                    format!("update audit_events set {column} = {value} where id = {id}"),
                    place,
                )
            }
            4 => (format!("delete from audit_events where id = {id}"), at_row),
            5 => {
                let new = 5_000_000 + i64::try_from(chance.below(1000)).unwrap();
                let sql = format!(
                    "insert into audit_events overriding system value select {new}, at, tenant_id, actor_type, actor_id,
                       actor_name, ip, action, object_type, object_id, result, request_id, details, key_id
                     from audit_events where id = {id}"
                );
                (
                    sql,
                    Place {
                        id: Some(new),
                        ..Place::default()
                    },
                )
            }
            6 => {
                let other = self.ids[(k + 1 + chance.below(n - 1)) % n];
                let sql = format!(
                    "update audit_events e set object_id = o.object_id, tenant_id = o.tenant_id, request_id = o.request_id,
                       details = o.details, actor_id = o.actor_id
                     from audit_events o where e.id in ({id}, {other}) and o.id in ({id}, {other}) and e.id <> o.id"
                );
                (
                    sql,
                    Place {
                        id: Some(id.min(other)),
                        ..Place::default()
                    },
                )
            }
            7 | 8 => {
                let (column, value) = chance.of(&SEAL);
                (
                    format!("update audit_seals set {column} = {value} where seq = {seq}"),
                    at_row,
                )
            }
            9 => {
                let other = i64::try_from((k + 1 + chance.below(n - 1)) % n).unwrap() + 1;
                let sql = format!(
                    "update audit_seals set seq = -seq where seq in ({seq}, {other});
                     update audit_seals set seq = case -seq when {seq} then {other} else {seq} end where seq < 0"
                );
                (
                    sql,
                    Place {
                        seq: Some(seq.min(other)),
                        ..Place::default()
                    },
                )
            }
            10 => {
                let also = if chance.below(2) == 0 {
                    format!("; delete from audit_events where id = {id}")
                } else {
                    String::new()
                };
                (
                    format!("delete from audit_seals where seq = {seq}{also}"),
                    at_row,
                )
            }
            // The end is cut off, and what the database says of itself made to fit.
            11 => {
                let from = last - i64::try_from(chance.below(n - 1)).unwrap();
                let rows = match chance.below(2) {
                    0 => "delete from audit_events where id in (select event_id from gone)",
                    _ => "insert into audit_unsealed select event_id, event_at from gone",
                };
                let sql = format!(
                    "create temp table gone as select * from audit_seals where seq >= {from};
                     delete from audit_seals where seq >= {from}; {rows}; drop table gone;
                     delete from audit_checkpoints where seq >= {from};
                     update audit_chain set seq = s.seq, hash = s.hash, checkpoint = (select coalesce(max(number), 0) from audit_checkpoints)
                     from audit_seals s where s.seq = {from} - 1"
                );
                (
                    sql,
                    Place {
                        seq: Some(from),
                        checkpoint: Some(1),
                        ..Place::default()
                    },
                )
            }
            // The beginning is taken away, with or without an excuse that nobody signed.
            12 => {
                let excuse = match chance.below(2) {
                    0 => String::new(),
                    _ => format!(
                        "; insert into audit_checkpoints
                           select number + 1, 'closing', seq, hash, now(), now(), {seq}, hash, key_id, signature
                           from audit_checkpoints order by number desc limit 1;
                         update audit_chain set checkpoint = checkpoint + 1"
                    ),
                };
                let sql = format!(
                    "delete from audit_events where id <= {id}; delete from audit_seals where seq <= {seq}{excuse}"
                );
                let next = self.ids.get(k + 1).copied();
                (
                    sql,
                    Place {
                        seq: Some(1),
                        id: next,
                        checkpoint: Some(1),
                    },
                )
            }
            13 => {
                let number = i64::try_from(chance.below(self.outside.len())).unwrap() + 1;
                let (column, value) = chance.of(&CHECKPOINT);
                let sql = match chance.below(4) {
                    0 => format!("delete from audit_checkpoints where number = {number}"),
                    _ => format!(
                        "update audit_checkpoints set {column} = {value} where number = {number}"
                    ),
                };
                (
                    sql,
                    Place {
                        checkpoint: Some(number),
                        ..Place::default()
                    },
                )
            }
            14 => {
                let which = chance.below(outside.len());
                let one = &mut outside[which];
                match chance.below(4) {
                    0 => one.seq += 1,
                    1 => one.hash[3] ^= 1,
                    2 => one.at += time::Duration::microseconds(1),
                    _ => one.signature[7] ^= 1,
                }
                let place = Place {
                    checkpoint: Some(one.number),
                    ..Place::default()
                };
                (String::new(), place)
            }
            _ => {
                let waits = chance.of(&self.waiting);
                let sql = match chance.below(4) {
                    0 => "update audit_chain set seq = seq + 1".to_owned(),
                    1 => "update audit_chain set hash = sha256(hash)".to_owned(),
                    2 => format!("delete from audit_unsealed where event_id = {waits}"),
                    _ => format!("delete from audit_events where id = {waits}"),
                };
                (
                    sql,
                    Place {
                        seq: Some(last + 1),
                        id: Some(waits),
                        checkpoint: None,
                    },
                )
            }
        };
        Deed {
            sql,
            place,
            outside,
        }
    }
}

/// Everything as it was.
const RESTORE: &str = "
    delete from audit_events; insert into audit_events overriding system value select * from saved.audit_events;
    delete from audit_seals; insert into audit_seals select * from saved.audit_seals;
    delete from audit_checkpoints; insert into audit_checkpoints select * from saved.audit_checkpoints;
    delete from audit_unsealed; insert into audit_unsealed select * from saved.audit_unsealed;
    delete from audit_chain; insert into audit_chain select * from saved.audit_chain;";

async fn ground(world: &mut World) -> Ground {
    let file = world.key_file.with_file_name("checkpoints.jsonl");
    world.settings.audit_checkpoint_file = Some(file.clone());
    world.settings.audit_checkpoint_rows = 10;
    let keeper = world.keeper().await;
    write(world, ROWS).await;
    until_sealed(world).await;
    keeper.stop().await;
    world.settings.audit_checkpoint_every = std::time::Duration::from_millis(10);
    let keeper = world.keeper().await;
    until_vouched(world).await;
    keeper.stop().await;
    until_vouched(world).await;
    write(world, i32::try_from(WAITING).unwrap()).await;
    let all = |sql: &'static str| sqlx::query_scalar(sql).fetch_all(&world.pool);
    Ground {
        ids: all("select event_id from audit_seals order by seq")
            .await
            .unwrap(),
        full: sqlx::query_as(
            "select s.seq, e.id from audit_seals s join audit_events e on e.id = s.event_id
             where e.action = 'tenant.edited' order by s.seq",
        )
        .fetch_all(&world.pool)
        .await
        .unwrap(),
        waiting: all("select event_id from audit_unsealed").await.unwrap(),
        outside: read_checkpoints(&std::fs::read_to_string(file).unwrap()).unwrap(),
    }
}

async fn run(db: &mut PgConnection, sql: String) {
    let sql = format!("begin; set local session_replication_role = replica; {sql}; commit");
    sqlx::raw_sql(AssertSqlSafe(sql.clone()))
        .execute(db)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}

#[tokio::test]
async fn every_tampering_is_found_and_its_place_named() {
    let mut world = World::new().await;
    let ground = ground(&mut world).await;
    let seed = std::env::var("TENANTRY_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| u64::from_be_bytes(random_bytes()));
    let mut chance = Chance(seed);
    let url = world.db.superuser_url();
    let mut db = PgConnection::connect(secrecy::ExposeSecret::expose_secret(&url))
        .await
        .unwrap();
    run(
        &mut db,
        "create schema saved; create table saved.audit_events as select * from audit_events;
         create table saved.audit_seals as select * from audit_seals;
         create table saved.audit_checkpoints as select * from audit_checkpoints;
         create table saved.audit_unsealed as select * from audit_unsealed;
         create table saved.audit_chain as select * from audit_chain;
         alter table audit_events alter column id drop identity;
         alter table audit_checkpoints drop constraint audit_checkpoints_closing_check"
            .to_owned(),
    )
    .await;
    let keys = Keyring::read(&world.key_file).unwrap();
    let inspector = Inspector::new(world.db.keeper(), keys, Clock::system());
    for number in 0..TAMPERINGS {
        let deed = ground.deed(&mut chance);
        run(&mut db, deed.sql.clone()).await;
        let report = inspector.verify(&deed.outside).await.unwrap();
        assert!(
            deed.place.is_named_by(&report),
            "TENANTRY_SEED={seed}, tampering {number}: {:#?}\n{}\nis not where it was found: {:#?}",
            deed.place,
            deed.sql,
            words(&report)
        );
        run(&mut db, RESTORE.to_owned()).await;
        // What was put back is whole again, so the next finding is the next deed's.
        if number % 50 == 0 {
            let report = inspector.verify(&ground.outside).await.unwrap();
            assert_eq!(words(&report), [""; 0], "TENANTRY_SEED={seed}, {number}");
            assert_eq!(report.waiting, WAITING);
        }
    }
}

/// Somebody who holds the key as well can rewrite the chain, and is given away by what was signed before.
#[tokio::test]
async fn a_chain_that_was_rewritten_with_the_key_does_not_fit_its_checkpoints() {
    let mut world = World::new().await;
    let ground = ground(&mut world).await;
    let pool = &world.pool;
    // Everything waits again, one row says something else, and the keeper seals it as it finds it.
    let again = "begin; set local session_replication_role = replica;
        update audit_events set actor_name = 'somebody else' where id = (select min(id) from audit_events);
        delete from audit_seals; delete from audit_checkpoints; delete from audit_unsealed;
        insert into audit_unsealed select id, at from audit_events;
        update audit_chain set seq = 0, hash = decode(repeat('00', 32), 'hex'), checkpoint = 0, checkpoint_seq = 0,
          checkpoint_at = 'epoch'; commit";
    sqlx::raw_sql(again).execute(pool).await.unwrap();
    world.settings.audit_checkpoint_file = None;
    let keeper = world.keeper().await;
    until_sealed(&world).await;
    keeper.stop().await;
    let report = super::verify(&world, &[]).await;
    assert_eq!(words(&report), [""; 0], "the database alone says nothing");
    let report = super::verify(&world, &ground.outside).await;
    let first = report.findings.first().expect("the file tells");
    assert_eq!(
        first.wrong,
        tenantry::keeper::audit::Wrong::Rewritten,
        "{first}"
    );
}
