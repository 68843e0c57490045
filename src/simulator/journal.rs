//! Refresh tokens on disk the moment they are issued, a line each, so that a kill between two saves of the whole state
//! makes no token unknown that a client already holds. Not a log to read: each save of the state empties it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::directory::State;
use super::tokens::RefreshToken;

/// The journal beside a state file.
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Go on with the journal beside `state_file`.
    pub fn open(state_file: &Path) -> anyhow::Result<Self> {
        let path = state_file.with_extension("journal");
        Ok(Self {
            file: append_to(&path)?,
            path,
        })
    }

    /// Write `tokens`. What was written survives the end of this process, not that of the machine.
    pub fn write(&mut self, tokens: &[RefreshToken]) {
        for token in tokens {
            let line = serde_json::to_string(token).map(|line| line + "\n");
            let written = line
                .map_err(std::io::Error::from)
                .and_then(|line| self.file.write_all(line.as_bytes()));
            if let Err(error) = written {
                tracing::error!(%error, "a simulated token was not written to the journal");
            }
        }
    }

    /// Begin a new file, as what stands in the present one is about to be saved with the state. If an earlier one still
    /// waits to be removed, its save failed and both are kept.
    pub fn turn_over(&mut self) {
        let old = old(&self.path);
        if old.exists() || std::fs::rename(&self.path, &old).is_err() {
            return;
        }
        match append_to(&self.path) {
            Ok(file) => self.file = file,
            Err(error) => tracing::error!(error = format!("{error:#}"), "no new journal"),
        }
    }
}

/// Put into `state` what the journals beside `state_file` know and it does not. A last line that was cut is left out:
/// its token was never answered.
pub fn recover(state: &mut State, state_file: &Path) -> anyhow::Result<()> {
    let path = state_file.with_extension("journal");
    for path in [old(&path), path] {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        for token in text.lines().filter_map(|l| serde_json::from_str(l).ok()) {
            state.ledger.recover(token);
        }
    }
    Ok(())
}

/// The state that holds the older journal's tokens is on disk.
pub fn forget_old(state_file: &Path) {
    let path = old(&state_file.with_extension("journal"));
    if let Err(error) = std::fs::remove_file(&path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the old journal stays");
    }
}

fn old(path: &Path) -> PathBuf {
    path.with_extension("journal.old")
}

fn append_to(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}
