//! Is a backup good? Every piece opens, and restored into a server of its own it has the rows that it should.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::BackupError;
use super::format::{Header, Manifest, Reader};
use super::pump::{self, Program};
use super::take::agree;
use crate::keeper::Keyring;
use crate::storage::private_postgres::{DATABASE, Options, PrivatePostgres, SUPERUSER};
use crate::storage::{BACKUP_ROLE, LEFT_OUT, PgTools, count_rows};

/// A backup that is good.
#[derive(Clone, Debug)]
pub struct Verified {
    pub header: Header,
    pub manifest: Manifest,
}

/// Read `path` to its end and restore it into a throw-away server below `dir`, which is removed afterwards.
pub async fn verify(path: &Path, keys: &Keyring, dir: &Path) -> anyhow::Result<Verified> {
    let (header, manifest) = Reader::check(path, keys)?;
    check_master_keys(&manifest, keys)?;
    let scratch = Scratch::below(dir);
    let postgres = PrivatePostgres::start(Options {
        dir: scratch.0.clone(),
        volatile: true,
    })
    .await?;
    let restored = into(&postgres, path, keys, &manifest).await;
    postgres.stop().await;
    restored?;
    Ok(Verified { header, manifest })
}

async fn into(
    postgres: &PrivatePostgres,
    path: &Path,
    keys: &Keyring,
    manifest: &Manifest,
) -> Result<(), BackupError> {
    let tools = PgTools::find(Some(postgres));
    let program = tools.restore(&postgres.url(SUPERUSER, DATABASE))?;
    let mut reader = Reader::open(path, keys)?;
    pump::unpack(&mut reader, Program::start("pg_restore", program)?).await?;
    let mut found = count_rows(&postgres.url(BACKUP_ROLE, DATABASE)).await?;
    found.remove(LEFT_OUT);
    agree(&manifest.rows, &found)
}

/// Are the master keys at hand that the restored data will need?
pub(super) fn check_master_keys(manifest: &Manifest, keys: &Keyring) -> Result<(), BackupError> {
    let missing = manifest.master_keys.iter().find(|id| !keys.holds(id));
    match missing {
        Some(id) => Err(BackupError::MasterKey(id.clone())),
        None => Ok(()),
    }
}

/// A directory that goes when this does.
struct Scratch(PathBuf);

impl Scratch {
    fn below(dir: &Path) -> Self {
        let name = format!("verify-{}", hex::encode(crate::clock::random_bytes::<6>()));
        Self(dir.join(name))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
