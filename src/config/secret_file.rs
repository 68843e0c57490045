//! A file that holds one secret. Read when the secret is needed, by the process that needs it: the portal never opens
//! the keeper's.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use zeroize::Zeroizing;

/// Largest file read, in bytes; a private key with its chain of certificates is below 20 KiB.
const LIMIT: u64 = 64 * 1024;

/// Which file, and which setting named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretFile {
    setting: &'static str,
    path: PathBuf,
}

/// Why the secret is not used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    #[error("the file {} of setting `{setting}` cannot be read", path.display())]
    Unreadable {
        setting: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the file {0} of setting `{setting}` may be read by others (mode {mode:04o}); run chmod 0400 {0}", path.display())]
    Open {
        setting: &'static str,
        path: PathBuf,
        mode: u32,
    },
    #[error("the file {} of setting `{setting}` belongs to user {owner}, expected root or the user tenantry runs as", path.display())]
    Foreign {
        setting: &'static str,
        path: PathBuf,
        owner: u32,
    },
    #[error("the file {} of setting `{setting}` is {what}", path.display())]
    Content {
        setting: &'static str,
        path: PathBuf,
        what: &'static str,
    },
}

impl SecretFile {
    /// A relative path is looked for among the service's credentials (systemd `LoadCredential=`) first.
    pub fn new(setting: &'static str, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY")
            .map(|dir| Path::new(&dir).join(&path))
            .filter(|credential| path.is_relative() && credential.exists());
        Self {
            setting,
            path: credential.unwrap_or(path),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret without the line break at its end.
    pub fn read(&self) -> Result<SecretString, SecretFileError> {
        let bytes = self.read_bytes()?;
        let text = std::str::from_utf8(&bytes).map_err(|_| self.content("no text"))?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(self.content("empty"));
        }
        Ok(text.into())
    }

    /// The file as it is, wiped from memory when dropped.
    pub fn read_bytes(&self) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
        self.check()?;
        let bytes = Zeroizing::new(fs::read(&self.path).map_err(|source| self.unreadable(source))?);
        Ok(bytes)
    }

    /// Whether it is there, and nobody else's business.
    pub fn check(&self) -> Result<(), SecretFileError> {
        let file = fs::metadata(&self.path).map_err(|source| self.unreadable(source))?;
        let (setting, path) = (self.setting, self.path.clone());
        if !file.is_file() {
            return Err(self.content("no file"));
        }
        if file.len() > LIMIT {
            return Err(self.content("too long for a secret"));
        }
        // Systemd guards its directory, and lets the service in by an access list that shows as group bits.
        let guarded =
            std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|dir| self.path.starts_with(dir));
        let mode = file.mode() & 0o7777;
        if mode & 0o077 != 0 && !guarded {
            return Err(SecretFileError::Open {
                setting,
                path,
                mode,
            });
        }
        let owner = file.uid();
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return Err(SecretFileError::Foreign {
                setting,
                path,
                owner,
            });
        }
        Ok(())
    }

    fn unreadable(&self, source: io::Error) -> SecretFileError {
        SecretFileError::Unreadable {
            setting: self.setting,
            path: self.path.clone(),
            source,
        }
    }

    fn content(&self, what: &'static str) -> SecretFileError {
        SecretFileError::Content {
            setting: self.setting,
            path: self.path.clone(),
            what,
        }
    }
}
