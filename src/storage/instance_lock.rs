//! One portal per data directory. The private Postgres could be shared, the keeper's files and the demo's simulator
//! could not, so a second `serve` or `demo` is refused here. Tools (`migrate`, `technician`, `doctor`) do not take it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The right to be the only portal on a data directory; given back when dropped, and by the kernel after `kill -9`.
#[derive(Debug)]
pub struct InstanceLock {
    _file: File,
}

/// Why the lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum InstanceLockError {
    #[error(
        "another tenantry{} already runs on {}; stop it, or give this one a data directory of its own (data_dir, --data-dir)",
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default(), dir.display()
    )]
    Held {
        dir: PathBuf,
        /// The other's process id, where it could be read.
        holder: Option<u32>,
    },
    #[error("cannot lock {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl InstanceLock {
    /// Take `tenantry.lock` in `dir`, making the directory when it is missing.
    pub fn take(dir: &Path) -> Result<Self, InstanceLockError> {
        let path = dir.join("tenantry.lock");
        let io = |source| InstanceLockError::Io {
            path: path.clone(),
            source,
        };
        super::private_postgres::make_data_dir(dir).map_err(io)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).map_err(io)?;
                file.rewind().map_err(io)?;
                writeln!(file, "{}", std::process::id()).map_err(io)?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let _ = file.read_to_string(&mut text);
                Err(InstanceLockError::Held {
                    dir: dir.to_owned(),
                    holder: text.trim().parse().ok(),
                })
            }
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}
