//! Master keys (KEKs): one primary that wraps, others that only unwrap, each with an id. Where they come from is
//! [`super::source`]'s; what they wrap is not known here.

use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::key_file;
use super::source::{FileSource, KeySource};
use crate::clock::random_bytes;

/// One master key. No `Debug`.
#[derive(Clone, ZeroizeOnDrop)]
pub struct MasterKey {
    #[zeroize(skip)]
    id: String,
    bytes: [u8; 32],
}

impl MasterKey {
    /// A new random one.
    pub(super) fn random() -> Self {
        Self {
            id: format!("kek-{}", hex::encode(random_bytes::<6>())),
            bytes: random_bytes(),
        }
    }

    /// The name under which wrapped data keys refer to it.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// As it stands in a source: `<id> <base64>`.
    pub(super) fn line(&self) -> Zeroizing<String> {
        let encoded = Zeroizing::new(STANDARD.encode(self.bytes));
        Zeroizing::new(format!("{} {}\n", self.id, encoded.as_str()))
    }
}

/// Why master keys cannot be had. Never quotes a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("{origin} cannot be read: {error}")]
    Read {
        origin: String,
        error: std::io::Error,
    },
    #[error("{0} is no file: name the file itself in `master_key_file`")]
    NoFile(String),
    #[error(
        "{0} can be read by others: make it 0400 and owned by the user that runs Tenantry (chmod 0400, chown)"
    )]
    Exposed(String),
    #[error("{0} is larger than 64 KiB: that is no list of master keys")]
    TooLong(String),
    #[error("{0} is no text: expected a line `<id> <32 bytes in base64>` per key")]
    NoText(String),
    #[error(
        "{origin}, line {line}, is not `<id> <32 bytes in base64>`: restore it from your copy of the master keys"
    )]
    Shape { origin: String, line: usize },
    #[error("{0} holds no key: restore it from your copy of the master keys")]
    Empty(String),
    #[error("{origin} names the key id {id} twice: keep the line that is right")]
    Duplicate { origin: String, id: String },
    #[error("{origin} cannot be started: {error}")]
    Start {
        origin: String,
        error: std::io::Error,
    },
    #[error("{origin} ended with {status}{}{said}", if said.is_empty() { "" } else { ": " })]
    Failed {
        origin: String,
        status: String,
        /// The first line of its standard error.
        said: String,
    },
    #[error("{origin} did not end within {seconds} s")]
    Hangs { origin: String, seconds: u64 },
    #[error("the master key file {path} cannot be written: {error}")]
    Write {
        path: std::path::PathBuf,
        error: std::io::Error,
    },
    #[error("another `tenantry keys` is changing {0} right now")]
    Busy(std::path::PathBuf),
}

/// The master keys at hand; the first is the primary. No `Debug`.
pub struct Keyring {
    keys: Vec<MasterKey>,
    source: Arc<dyn KeySource>,
}

impl Keyring {
    /// Ask a source for its keys.
    pub async fn load(source: Arc<dyn KeySource>) -> Result<Self, KeyringError> {
        let text = source.read().await?;
        Self::parse(&text, source)
    }

    /// Read a key file, which must belong to this user or root and be closed to everybody else.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let text = key_file::read(path)?;
        Self::parse(&text, Arc::new(FileSource::new(path)))
    }

    /// A list that was put together from elsewhere, such as shares.
    pub fn of_text(list: &str) -> Result<Self, KeyringError> {
        Self::parse(list, Arc::new(FileSource::new(Path::new("the list"))))
    }

    /// The names of the keys, the primary first.
    pub fn ids(&self) -> Vec<&str> {
        self.keys.iter().map(MasterKey::id).collect()
    }

    /// The first of these keys that `other` has not, or has otherwise.
    pub fn differs_from(&self, other: &Self) -> Option<&str> {
        let is_same = |key: &MasterKey| {
            let found = other.find(key.id());
            found.is_some_and(|found| verify_slices_are_equal(key.bytes(), found.bytes()).is_ok())
        };
        self.keys
            .iter()
            .find(|key| !is_same(key))
            .map(MasterKey::id)
    }

    /// A line `<id> <base64 of 32 bytes>` per key, the primary first; empty lines and `#` are skipped.
    pub(super) fn parse(text: &str, source: Arc<dyn KeySource>) -> Result<Self, KeyringError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = parse_line(line).ok_or_else(|| KeyringError::Shape {
                origin: source.describe(),
                line: at + 1,
            })?;
            if keys.iter().any(|known| known.id == key.id) {
                return Err(KeyringError::Duplicate {
                    origin: source.describe(),
                    id: key.id.clone(),
                });
            }
            keys.push(key);
        }
        if keys.is_empty() {
            return Err(KeyringError::Empty(source.describe()));
        }
        Ok(Self { keys, source })
    }

    pub(super) fn of(keys: Vec<MasterKey>, source: Arc<dyn KeySource>) -> Self {
        Self { keys, source }
    }

    pub(super) fn source(&self) -> &Arc<dyn KeySource> {
        &self.source
    }

    pub(super) fn keys(&self) -> &[MasterKey] {
        &self.keys
    }

    /// The key that wraps new data keys.
    pub(super) fn primary(&self) -> &MasterKey {
        self.keys
            .first()
            .expect("parse and create refuse an empty keyring")
    }

    /// The key with this id, primary or not.
    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The id of a key that both hold with different bytes: one of the two sources is not ours.
    pub(super) fn contradiction(&self, other: &Self) -> Option<&str> {
        let differs = |key: &&MasterKey| {
            let same = other.find(key.id());
            same.is_some_and(|same| verify_slices_are_equal(key.bytes(), same.bytes()).is_err())
        };
        self.keys.iter().find(differs).map(MasterKey::id)
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
    use super::*;

    fn parse(text: &str) -> Result<Keyring, KeyringError> {
        Keyring::parse(text, Arc::new(FileSource::new(Path::new("k"))))
    }

    fn refused(text: &str) -> KeyringError {
        parse(text).err().unwrap()
    }

    #[test]
    fn the_first_key_is_primary_and_the_others_are_found() {
        let (a, b) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let ring = parse(&format!("# two\nnew {a}\n\nold {b}\n")).unwrap();
        assert_eq!(ring.primary().id(), "new");
        assert_eq!(ring.find("old").unwrap().bytes(), &[2; 32]);
        assert!(ring.find("other").is_none());
    }

    #[test]
    fn a_written_key_reads_back() {
        let key = MasterKey::random();
        let ring = parse(&key.line()).unwrap();
        assert_eq!(ring.primary().id(), key.id());
        assert_eq!(ring.primary().bytes(), key.bytes());
    }

    #[test]
    fn a_broken_line_is_named_and_not_quoted() {
        let short = STANDARD.encode([7; 31]);
        for text in [
            "just-one-word",
            &format!("id {short}"),
            "id !!!!",
            &format!("a/b {short}"),
        ] {
            let error = refused(text).to_string();
            assert!(
                error.contains("line 1") && !error.contains(&short),
                "{error}"
            );
        }
    }

    #[test]
    fn no_key_and_two_of_one_name_are_refused() {
        assert!(matches!(refused("# nothing\n"), KeyringError::Empty(_)));
        let line = MasterKey::random().line();
        let twice = format!("{}{}", line.as_str(), line.as_str());
        assert!(matches!(refused(&twice), KeyringError::Duplicate { .. }));
    }

    #[test]
    fn one_name_for_two_keys_is_a_contradiction() {
        let (a, b) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let ours = parse(&format!("x {a}\ny {a}")).unwrap();
        let same = parse(&format!("z {b}\nx {a}")).unwrap();
        let other = parse(&format!("z {b}\ny {b}")).unwrap();
        assert_eq!(ours.contradiction(&same), None);
        assert_eq!(ours.contradiction(&other), Some("y"));
    }
}
