//! The simulator's memory on disk: loaded at start, written after changes, whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use super::directory::{Directory, State};
use super::journal;

/// Changes that follow each other within this time are written together.
const SETTLE: Duration = Duration::from_millis(100);

/// The memory saved at `file`; `None`: nothing was saved yet.
pub fn load(file: &Path) -> anyhow::Result<Option<State>> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
    };
    let mut state = serde_json::from_slice(&bytes).with_context(|| {
        format!(
            "{} is no state of this simulator; delete it to start over",
            file.display()
        )
    })?;
    journal::recover(&mut state, file)?;
    Ok(Some(state))
}

/// Write after every change until `stop`, then once more.
pub async fn keep(directory: Directory, file: PathBuf, stop: CancellationToken) {
    loop {
        let stopping = tokio::select! {
            () = directory.changed() => false,
            () = stop.cancelled() => true,
        };
        if !stopping {
            tokio::time::sleep(SETTLE).await;
        }
        let (directory, target) = (directory.clone(), file.clone());
        let written = tokio::task::spawn_blocking(move || save(&directory, &target)).await;
        if let Ok(Err(error)) = written {
            tracing::error!(
                error = format!("{error:#}"),
                "the simulator's state was not saved"
            );
        }
        if stopping {
            return;
        }
    }
}

/// Write the memory beside `file` and move it there, so that a kill leaves the old or the new one.
pub fn save(directory: &Directory, file: &Path) -> anyhow::Result<()> {
    let bytes = directory.snapshot()?;
    let beside = file.with_extension("new");
    let mut writer = private(&beside)?;
    writer.write_all(&bytes)?;
    writer.sync_all()?;
    std::fs::rename(&beside, file).with_context(|| format!("cannot write {}", file.display()))?;
    journal::forget_old(file);
    Ok(())
}

/// The file holds tokens and keys, simulated as they are: nobody else reads it.
fn private(file: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot write {}", file.display()))
}
