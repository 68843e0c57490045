//! The file under way: written under another name with mode 0600, on the disk before it gets its own.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::macros::format_description;

use super::error::{BackupError, io};

/// A file that has not got its name yet; removed when dropped before that.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    part: PathBuf,
    /// Taken once it has its name.
    file: Option<File>,
}

impl Draft {
    /// For `out`, which must not exist, or for a name of its own in `out` when that is a directory.
    pub fn create(out: &Path, taken_at: OffsetDateTime) -> Result<Self, BackupError> {
        let path = if out.is_dir() {
            out.join(name(taken_at))
        } else {
            out.to_owned()
        };
        if fs::symlink_metadata(&path).is_ok() {
            return Err(BackupError::Exists(path));
        }
        let mut part = path.clone().into_os_string();
        part.push(format!(
            ".{}.part",
            hex::encode(crate::clock::random_bytes::<4>())
        ));
        let part = PathBuf::from(part);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)
            .map_err(io("create", &part))?;
        Ok(Self {
            path,
            part,
            file: Some(file),
        })
    }

    /// Where to write to.
    pub fn file(&mut self) -> Option<&mut File> {
        self.file.as_mut()
    }

    /// As it will be called.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Give it its name; never over another file.
    pub fn finish(mut self) -> Result<PathBuf, BackupError> {
        let path = self.path.clone();
        let Some(file) = self.file.take() else {
            return Err(BackupError::Exists(path));
        };
        let placed = || {
            file.sync_all()?;
            // A link, unlike a change of name, never replaces what is there.
            fs::hard_link(&self.part, &path)?;
            fs::remove_file(&self.part)?;
            let parent = path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
        };
        placed().map_err(io("write", &path))?;
        Ok(path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.part);
    }
}

/// `tenantry-20261121T180409Z.backup`
fn name(taken_at: OffsetDateTime) -> String {
    let utc = taken_at.to_offset(time::UtcOffset::UTC);
    let stamp = utc.format(format_description!(
        "[year][month][day]T[hour][minute][second]Z"
    ));
    format!("tenantry-{}.backup", stamp.unwrap_or_default())
}
