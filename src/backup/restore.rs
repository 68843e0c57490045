//! Bringing a backup back into an empty database. What comes out of here cannot serve yet: `super::finish` makes it ready.

use std::path::Path;
use std::time::Duration;

use sqlx::PgPool;
use tokio::time::Instant;
use uuid::Uuid;

use super::error::BackupError;
use super::format::{Header, Manifest, Reader};
use super::pump::{self, Program};
use super::take::agree;
use super::verify::check_master_keys;
use crate::clock::Clock;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::restoration::{self, Origin};
use crate::keeper::Keyring;
use crate::storage::{LEFT_OUT, PgTools, Storage, Target, count_rows, wanted_schema};

/// For the connections of a process that was just stopped.
const PATIENCE: Duration = Duration::from_secs(5);

/// Restore `path`; with `replace`, instead of what is there. Everything that can be known before is known before anything is
/// dropped.
pub async fn restore(
    storage: &Storage,
    keys: &Keyring,
    path: &Path,
    replace: bool,
) -> anyhow::Result<(Header, Manifest)> {
    let (url, count_url) = (storage.restore_url()?, storage.backup_url()?);
    let (header, manifest) = Reader::check(path, keys)?;
    check_master_keys(&manifest, keys)?;
    let known = wanted_schema();
    if header.schema > known {
        let schema = header.schema;
        return Err(BackupError::Newer { schema, known }.into());
    }
    let mut target = Target::open(&url).await.map_err(BackupError::from)?;
    make_room(&mut target, replace).await?;
    let program = PgTools::find(storage.private())
        .restore(&url)
        .map_err(BackupError::from)?;
    let mut reader = Reader::open(path, keys)?;
    pump::unpack(&mut reader, Program::start("pg_restore", program)?).await?;
    let mut found = count_rows(&count_url).await.map_err(BackupError::from)?;
    found.remove(LEFT_OUT);
    agree(&manifest.rows, &found)?;
    target.analyze().await.map_err(BackupError::from)?;
    target.close().await.map_err(BackupError::from)?;
    storage.migrate().await?;
    Ok((header, manifest))
}

/// Postgres takes a moment to notice that a process was stopped: whoever restores right after it need not try twice.
async fn none_at_work(target: &mut Target) -> Result<(), BackupError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let users = target.users().await?;
        if users.is_empty() {
            return Ok(());
        }
        if Instant::now() >= until {
            return Err(BackupError::InUse(users.join(", ")));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn make_room(target: &mut Target, replace: bool) -> Result<(), BackupError> {
    none_at_work(target).await?;
    if target.is_empty().await? {
        return Ok(());
    }
    if !replace {
        return Err(BackupError::NotEmpty);
    }
    Ok(target.clear().await?)
}

/// Begin the steps that make it ready. `pool` is the portal's.
pub async fn begin(pool: &PgPool, clock: &Clock, header: &Header) -> Result<Uuid, BackupError> {
    let actor = Actor::Command("restore");
    let mut op = Op::begin_within(pool, clock, actor, Scope::all()).await?;
    let origin = Origin {
        backup: header.id,
        taken_at: header.taken_at,
    };
    let id = restoration::begin(&mut op, Some(origin)).await?;
    op.commit().await?;
    Ok(id)
}
