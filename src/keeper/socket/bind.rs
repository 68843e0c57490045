//! Taking the socket's place in the file system: what a dead keeper left is replaced, a living one is not.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::time::Instant;

use super::path::{Reach, connect};

/// Whoever may reach the socket besides is told apart by the peer check; the mode keeps the rest from knocking.
const MODE: u32 = 0o660;

/// Why nobody can be listened to.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("another keeper answers at {0}; stop it first, or set keeper_socket to another path")]
    Taken(PathBuf),
    #[error("{0} is there and is no socket; set keeper_socket to another path")]
    NoSocket(PathBuf),
    #[error("{path} of setting `keeper_socket` cannot be listened on: {source}")]
    Bind { path: PathBuf, source: io::Error },
}

/// The right to be the only keeper at a path; given back when dropped, and by the kernel after `kill -9`.
#[derive(Debug)]
pub struct SocketLock {
    _file: File,
}

/// A bound socket; gone from its path when this is dropped.
#[derive(Debug)]
pub struct Listener {
    pub(super) socket: UnixListener,
    path: PathBuf,
    /// None once it was given away.
    lock: Option<SocketLock>,
}

impl Listener {
    /// Bind `path`, mode 0660. A keeper that is there and stops within `takeover` is waited for.
    pub async fn bind(path: &Path, takeover: Duration) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind {
            path: path.into(),
            source,
        };
        let lock = lock(path, takeover).await?;
        match fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(ListenError::NoSocket(path.into()));
            }
            // A program that knows nothing of our lock.
            Ok(_) if connect(path).await.is_ok() => return Err(ListenError::Taken(path.into())),
            _ => {}
        }
        let socket = bind_at(path).map_err(failed)?;
        Ok(Self {
            socket,
            path: path.into(),
            lock: Some(lock),
        })
    }

    /// Nobody finds the socket any more; its place stays ours until the lock is dropped.
    pub(super) fn close(mut self) -> Option<SocketLock> {
        self.lock.take()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Ours, by the lock; one that somebody removed is gone as well.
        let _ = fs::remove_file(&self.path);
    }
}

/// Wait until no keeper holds the place, for whoever is about to take its data away.
pub async fn wait_until_free(path: &Path, patience: Duration) -> Result<(), ListenError> {
    lock(path, patience).await.map(drop)
}

/// Bound under another name first, so that the path never names a socket that is open to more, or to nobody.
fn bind_at(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_extension("new");
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let reach = Reach::of(&fresh)?;
    let socket = UnixListener::bind(reach.as_ref())?;
    fs::set_permissions(&fresh, Permissions::from_mode(MODE))?;
    fs::rename(&fresh, path)?;
    Ok(socket)
}

async fn lock(path: &Path, takeover: Duration) -> Result<SocketLock, ListenError> {
    let failed = |source| ListenError::Bind {
        path: path.into(),
        source,
    };
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.with_extension("lock"))
        .map_err(failed)?;
    let deadline = Instant::now() + takeover;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(SocketLock { _file: file }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(ListenError::Taken(path.into()));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
