//! Master keys (KEKs): one primary that wraps, others that only unwrap, each with an id. They come from a file that
//! nobody else may read; never from the environment or an argument. What they wrap is not known here.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::clock::random_bytes;

/// Largest key file read, bytes.
const FILE_LIMIT: u64 = 64 * 1024;

/// One master key.
#[derive(ZeroizeOnDrop)]
pub struct MasterKey {
    #[zeroize(skip)]
    id: String,
    bytes: [u8; 32],
}

impl MasterKey {
    /// The name under which wrapped data keys refer to it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// Why a key file cannot be used. Never quotes the file's content.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("the master key file {path} cannot be read: {source}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the master key file {0} can be read by others: make it 0400 and owned by the user that runs Tenantry"
    )]
    Exposed(PathBuf),
    #[error(
        "the master key file {path}, line {line}, is not `<id> <32 bytes in base64>`: restore the file or make a new installation"
    )]
    Shape { path: PathBuf, line: usize },
    #[error("the master key file {0} holds no key")]
    Empty(PathBuf),
    #[error("the master key file {path} names the key id {id} twice")]
    Duplicate { path: PathBuf, id: String },
    #[error("the master key file {path} cannot be written: {source}")]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
}

/// The master keys at hand; the first one of the file is the primary. No `Debug`, no `Clone`.
pub struct Keyring {
    keys: Vec<MasterKey>,
}

impl Keyring {
    /// Read a key file: a line `<id> <base64 of 32 bytes>` per key, the primary first; empty lines and `#` are skipped.
    /// The file must belong to this user or root and be closed to everybody else.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let unreadable = |source| KeyringError::Read {
            path: path.into(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let about = file.metadata().map_err(unreadable)?;
        let owner_known = about.uid() == rustix::process::geteuid().as_raw() || about.uid() == 0;
        if about.mode() & 0o077 != 0 || !owner_known {
            return Err(KeyringError::Exposed(path.into()));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_LIMIT)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        Self::parse(&text, path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, KeyringError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = parse_line(line).ok_or_else(|| KeyringError::Shape {
                path: path.into(),
                line: at + 1,
            })?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(KeyringError::Duplicate {
                    path: path.into(),
                    id: key.id.clone(),
                });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty(path.into()));
        }
        Ok(Self { keys })
    }

    /// A keyring of one random key that is written nowhere; for tests.
    pub fn ephemeral() -> Self {
        Self {
            keys: vec![random_key()],
        }
    }

    /// The key that wraps new data keys.
    pub(super) fn primary(&self) -> &MasterKey {
        self.keys
            .first()
            .expect("parse and ephemeral refuse an empty keyring")
    }

    /// The key with this id, primary or not.
    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }
}

/// Write a new key file with one random key, mode 0400; refuses to replace a file. For a first start and the demo.
pub fn create_key_file(path: &Path) -> Result<Keyring, KeyringError> {
    let unwritable = |source| KeyringError::Write {
        path: path.into(),
        source,
    };
    let key = random_key();
    let line = Zeroizing::new(format!(
        "# Tenantry's master key. Without it no stored token can be opened: keep a copy where the backups are not.\n{} {}\n",
        key.id,
        Zeroizing::new(STANDARD.encode(key.bytes)).as_str()
    ));
    // Under another name first: a program killed in between must not leave half a key behind.
    let draft = path.with_extension("new");
    let _ = fs::remove_file(&draft);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o400)
        .open(&draft)
        .map_err(unwritable)?;
    file.write_all(line.as_bytes()).map_err(unwritable)?;
    file.sync_all().map_err(unwritable)?;
    let placed = fs::hard_link(&draft, path).map_err(unwritable);
    let _ = fs::remove_file(&draft);
    placed?;
    Ok(Keyring { keys: vec![key] })
}

fn random_key() -> MasterKey {
    MasterKey {
        id: format!("kek-{}", hex::encode(random_bytes::<6>())),
        bytes: random_bytes(),
    }
}

fn parse_line(line: &str) -> Option<MasterKey> {
    let (id, encoded) = line.split_once(char::is_whitespace)?;
    let usable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if id.len() > 64 || !id.chars().all(usable) {
        return None;
    }
    let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let bytes = <[u8; 32]>::try_from(decoded.as_slice()).ok()?;
    Some(MasterKey {
        id: id.to_owned(),
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn directory() -> PathBuf {
        let path = std::env::temp_dir().join(format!(
            "tenantry-keyring-{}",
            hex::encode(random_bytes::<8>())
        ));
        fs::create_dir(&path).unwrap();
        path
    }

    #[test]
    fn a_created_file_reads_back_and_is_never_replaced() {
        let dir = directory();
        let path = dir.join("master.key");
        let made = create_key_file(&path).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o400
        );
        let read = Keyring::read(&path).unwrap();
        assert_eq!(read.primary().id(), made.primary().id());
        assert_eq!(read.primary().bytes(), made.primary().bytes());
        assert!(matches!(
            create_key_file(&path),
            Err(KeyringError::Write { .. })
        ));
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let dir = directory();
        let path = dir.join("master.key");
        create_key_file(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(matches!(
            Keyring::read(&path),
            Err(KeyringError::Exposed(_))
        ));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn the_first_key_is_primary_and_the_others_are_found() {
        let (a, b) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let ring = Keyring::parse(&format!("# two\nnew {a}\n\nold {b}\n"), Path::new("k")).unwrap();
        assert_eq!(ring.primary().id(), "new");
        assert_eq!(ring.find("old").unwrap().bytes(), &[2; 32]);
        assert!(ring.find("other").is_none());
    }

    #[test]
    fn a_broken_file_says_which_line_and_not_what_it_holds() {
        let short = STANDARD.encode([7; 31]);
        for text in [
            "just-one-word",
            &format!("id {short}"),
            "id !!!!",
            &format!("a/b {short}"),
        ] {
            let error = Keyring::parse(text, Path::new("k"))
                .err()
                .unwrap()
                .to_string();
            assert!(
                error.contains("line 1") && !error.contains(&short),
                "{error}"
            );
        }
        assert!(matches!(
            Keyring::parse("# nothing\n", Path::new("k")),
            Err(KeyringError::Empty(_))
        ));
    }
}
