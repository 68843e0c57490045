//! Taking a backup: one snapshot, counted and dumped, sealed on its way into the file.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::error::BackupError;
use super::file::Draft;
use super::format::{Header, Manifest, Source, Writer};
use super::pump::{self, Program};
use crate::clock::Clock;
use crate::keeper::Keyring;
use crate::storage::{LEFT_OUT, PgTools, RowCounts, Snapshot, Storage};

/// A backup that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub path: PathBuf,
    pub header: Header,
    pub manifest: Manifest,
    /// Of the file.
    pub bytes: u64,
    pub sha256: String,
}

/// Take one into `out`, a new file or a directory. `url` is `portal_backup`'s.
pub async fn take(
    storage: &Storage,
    keys: &Keyring,
    clock: &Clock,
    out: &Path,
) -> anyhow::Result<Taken> {
    let url = storage.backup_url()?;
    let tools = PgTools::find(storage.private());
    // Not later than the snapshot, so that whoever compares dates is on the safe side.
    let taken_at = clock.now();
    let mut snapshot = Snapshot::open(&url).await.map_err(BackupError::from)?;
    let taken = into_file(&mut snapshot, &tools, &url, keys, (out, taken_at)).await;
    // A session that is lost by now changes nothing about the file.
    let _ = snapshot.close().await;
    Ok(taken?)
}

async fn into_file(
    snapshot: &mut Snapshot,
    tools: &PgTools,
    url: &secrecy::SecretString,
    keys: &Keyring,
    (out, taken_at): (&Path, OffsetDateTime),
) -> Result<Taken, BackupError> {
    let mut rows = snapshot.count().await?;
    rows.remove(LEFT_OUT);
    let master_keys = snapshot.master_keys().await?;
    let mut draft = Draft::create(out, taken_at)?;
    let path = draft.path().to_owned();
    let Some(file) = draft.file() else {
        return Err(BackupError::Exists(path));
    };
    let source = Source {
        taken_at,
        schema: snapshot.schema,
        postgres: snapshot.postgres.clone(),
    };
    let (mut writer, header) = Writer::begin(file, &path, keys, source)?;
    let dump = Program::start("pg_dump", tools.dump(url, &snapshot.id)?)?;
    let list = Program::start("pg_restore", tools.rows())?;
    let dumped = pump::archive(dump, list, &mut writer).await?;
    agree(&rows, &dumped)?;
    let (manifest, bytes, sha256) = writer.finish(rows, master_keys)?;
    Ok(Taken {
        path: draft.finish()?,
        header,
        manifest,
        bytes,
        sha256,
    })
}

/// The same tables with the same number of rows; one that is missing is as good as empty.
pub(super) fn agree(expected: &RowCounts, found: &RowCounts) -> Result<(), BackupError> {
    let rows = |of: &RowCounts, table: &str| of.get(table).copied().unwrap_or_default();
    let wrong: Vec<String> = expected
        .keys()
        .chain(found.keys().filter(|table| !expected.contains_key(*table)))
        .filter(|table| rows(expected, table) != rows(found, table))
        .take(5)
        .map(|table| {
            let (expected, found) = (rows(expected, table), rows(found, table));
            format!("{table} has {found} of {expected}")
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(BackupError::Rows(wrong.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(all: &[(&str, u64)]) -> RowCounts {
        all.iter()
            .map(|(name, rows)| ((*name).to_owned(), *rows))
            .collect()
    }

    #[test]
    fn rows_must_agree_table_by_table() {
        let source = counts(&[("public.a", 3), ("public.b", 0)]);
        assert!(agree(&source, &counts(&[("public.a", 3)])).is_ok());
        for wrong in [
            counts(&[("public.a", 2), ("public.b", 1)]),
            counts(&[]),
            counts(&[("public.a", 3), ("public.c", 1)]),
        ] {
            assert!(matches!(agree(&source, &wrong), Err(BackupError::Rows(_))));
        }
    }
}
