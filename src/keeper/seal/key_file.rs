//! The file of master keys: read with care, made once, replaced whole. A program killed at any moment leaves the old file or
//! the new one.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::keyring::{Keyring, KeyringError, MasterKey};
use super::source::{FileSource, LIMIT, text};

const HEADING: &str = "# Tenantry's master keys, the primary first. Without them no stored token can be opened: keep a copy where the backups are not.\n";

/// How errors name it.
pub(super) fn describe(path: &Path) -> String {
    format!("the master key file {}", path.display())
}

/// Is it one of the service's credentials (systemd `LoadCredential=`)?
pub(super) fn is_credential(path: &Path) -> bool {
    std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|dir| path.starts_with(dir))
}

/// The lines of a file that is nobody else's business.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, KeyringError> {
    let unreadable = |error| KeyringError::Read {
        origin: describe(path),
        error,
    };
    // Asked before it is opened: the opening of a pipe would wait for a writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(KeyringError::NoFile(describe(path)));
    }
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let owner_known = about.uid() == rustix::process::geteuid().as_raw() || about.uid() == 0;
    // Systemd guards its directory, and lets the service in by an access list that shows as group bits.
    if (about.mode() & 0o077 != 0 && !is_credential(path)) || !owner_known {
        return Err(KeyringError::Exposed(describe(path)));
    }
    let capacity = usize::try_from(LIMIT + 1).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(KeyringError::TooLong(describe(path)));
    }
    text(&bytes).ok_or_else(|| KeyringError::NoText(describe(path)))
}

/// Write a new key file with one random key, mode 0400; refuses to replace a file. For a first start and the demo.
pub fn create_key_file(path: &Path) -> Result<Keyring, KeyringError> {
    create(path, vec![MasterKey::random()])
}

/// The same with the keys of `list`, a line each.
pub fn create_key_file_of(path: &Path, list: &str) -> Result<Keyring, KeyringError> {
    create(path, Keyring::of_text(list)?.keys().to_vec())
}

fn create(path: &Path, keys: Vec<MasterKey>) -> Result<Keyring, KeyringError> {
    let draft = draft(path, &keys, 0o400).map_err(|error| unwritable(path, error))?;
    // A link, unlike a change of name, never replaces what is there.
    let placed = fs::hard_link(&draft, path).map_err(|error| unwritable(path, error));
    let _ = fs::remove_file(&draft);
    placed?;
    keep_directory(path)?;
    Ok(Keyring::of(keys, Arc::new(FileSource::new(path))))
}

/// Put other keys in the place of a file's: owner and mode stay.
pub(super) fn replace(path: &Path, keys: &[MasterKey]) -> Result<(), KeyringError> {
    let real = path
        .canonicalize()
        .map_err(|error| unwritable(path, error))?;
    let written = || {
        let about = fs::metadata(&real)?;
        let draft = draft(&real, keys, about.permissions().mode() & 0o700)?;
        let ours = fs::metadata(&draft)?;
        if (ours.uid(), ours.gid()) != (about.uid(), about.gid()) {
            fchown(File::open(&draft)?, Some(about.uid()), Some(about.gid()))?;
        }
        fs::rename(&draft, &real)
    };
    written().map_err(|error| unwritable(path, error))?;
    keep_directory(&real)
}

/// Held by whoever changes the file; ends with the process.
pub(super) struct Hold(
    #[expect(dead_code, reason = "the lock lasts as long as the file is open")] File,
);

/// Let nobody else change the file meanwhile. The lock is on its directory, because the file itself is replaced.
pub(super) fn hold(path: &Path) -> Result<Hold, KeyringError> {
    let open = || File::open(parent(&path.canonicalize()?));
    let directory = open().map_err(|error| unwritable(path, error))?;
    match directory.try_lock() {
        Ok(()) => Ok(Hold(directory)),
        Err(fs::TryLockError::WouldBlock) => Err(KeyringError::Busy(path.into())),
        Err(fs::TryLockError::Error(error)) => Err(unwritable(path, error)),
    }
}

/// The whole list under another name, on the disk.
fn draft(path: &Path, keys: &[MasterKey], mode: u32) -> std::io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let draft = path.with_file_name(name);
    let _ = fs::remove_file(&draft); // of one who was killed
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&draft)?;
    file.write_all(HEADING.as_bytes())?;
    for key in keys {
        file.write_all(key.line().as_bytes())?;
    }
    file.sync_all()?;
    Ok(draft)
}

/// The new name survives a power failure too.
fn keep_directory(path: &Path) -> Result<(), KeyringError> {
    let synced = File::open(parent(path)).and_then(|directory| directory.sync_all());
    synced.map_err(|error| unwritable(path, error))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> KeyringError {
    KeyringError::Write {
        path: path.into(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::random_bytes;

    struct Directory(PathBuf);

    impl Directory {
        fn new() -> Self {
            let name = format!("tenantry-keyring-{}", hex::encode(random_bytes::<8>()));
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("master.key")
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_created_file_reads_back_and_is_never_replaced() {
        let dir = Directory::new();
        let made = create_key_file(&dir.file()).unwrap();
        assert_eq!(mode(&dir.file()), 0o400);
        let read = Keyring::read(&dir.file()).unwrap();
        assert_eq!(read.primary().id(), made.primary().id());
        assert_eq!(read.primary().bytes(), made.primary().bytes());
        assert!(matches!(
            create_key_file(&dir.file()),
            Err(KeyringError::Write { .. })
        ));
        assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1);
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_nothing_beside_it() {
        let dir = Directory::new();
        create_key_file(&dir.file()).unwrap();
        fs::set_permissions(dir.file(), fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(dir.0.join("master.key.new"), "half a k").unwrap();
        let keys = [MasterKey::random(), MasterKey::random()];
        replace(&dir.file(), &keys).unwrap();
        let read = Keyring::read(&dir.file()).unwrap();
        assert_eq!(read.primary().id(), keys[0].id());
        assert!(read.find(keys[1].id()).is_some());
        assert_eq!(mode(&dir.file()), 0o600);
        assert_eq!(fs::read_dir(&dir.0).unwrap().count(), 1);
    }

    #[test]
    fn one_at_a_time_may_change_it() {
        let dir = Directory::new();
        create_key_file(&dir.file()).unwrap();
        let held = hold(&dir.file()).unwrap();
        assert!(matches!(hold(&dir.file()), Err(KeyringError::Busy(_))));
        drop(held);
        assert!(hold(&dir.file()).is_ok());
    }

    #[test]
    fn what_is_no_guarded_file_is_refused() {
        let dir = Directory::new();
        create_key_file(&dir.file()).unwrap();
        fs::set_permissions(dir.file(), fs::Permissions::from_mode(0o440)).unwrap();
        assert!(matches!(
            Keyring::read(&dir.file()),
            Err(KeyringError::Exposed(_))
        ));
        assert!(matches!(
            Keyring::read(&dir.0),
            Err(KeyringError::NoFile(_))
        ));
        assert!(matches!(
            Keyring::read(&dir.0.join("absent")),
            Err(KeyringError::Read { .. })
        ));
        let flood = dir.0.join("flood");
        fs::write(&flood, "#\n".repeat(40_000)).unwrap();
        fs::set_permissions(&flood, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(matches!(
            Keyring::read(&flood),
            Err(KeyringError::TooLong(_))
        ));
    }
}
