//! From the table into the file; a worker's operation. What is written twice, by two portals or after a crash, is read once.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::PgPool;

use super::{log, store};

/// Lines written at a time.
const BATCH: i64 = 1_000;

/// Why revocations wait.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("the revocation log {} of setting `backup.revocation_log` cannot be written", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Write what waits, and make the file when it is missing; gives how many lines.
pub async fn export(pool: &PgPool, path: &Path) -> Result<usize, ExportError> {
    let mut written = 0;
    loop {
        let waiting = store::waiting(pool, BATCH).await?;
        let ids: Vec<_> = waiting.iter().map(|one| one.id).collect();
        let file = path.to_owned();
        let appended = tokio::task::spawn_blocking(move || log::append(&file, &waiting)).await;
        let appended = appended.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()));
        appended.map_err(|source| ExportError::File {
            path: path.to_owned(),
            source,
        })?;
        if ids.is_empty() {
            return Ok(written);
        }
        store::mark_exported(pool, &ids).await?;
        written += ids.len();
    }
}
