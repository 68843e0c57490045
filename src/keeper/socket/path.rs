//! A socket's path, however long: `sockaddr_un` holds 107 bytes, a data directory may lie deeper.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use tokio::net::UnixStream;

/// Longest path that `sockaddr_un` of Linux holds (unix(7)), without the final zero.
const LONGEST: usize = 107;

/// A path that fits, good while this lives.
pub struct Reach {
    path: PathBuf,
    _dir: Option<File>,
}

impl Reach {
    /// The path itself, or for a long one its name below the open directory as `/proc` shows it.
    pub fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= LONGEST {
            return Ok(Self {
                path: path.into(),
                _dir: None,
            });
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidFilename.into());
        };
        let dir = File::open(parent)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name);
        Ok(Self {
            path,
            _dir: Some(dir),
        })
    }
}

impl AsRef<Path> for Reach {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// Connect to whoever listens at `path`.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    let reach = Reach::of(path)?;
    UnixStream::connect(reach.as_ref()).await
}
