//! A long stream sealed piece by piece under a key of its own, which a master key wraps: for backups. A piece opens in its
//! own turn of its own stream alone, and the last one only as the last, so that nothing can be cut off, moved or put in.

use uuid::Uuid;
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::record::{self, Broken, NONCE, Opened};
use crate::clock::random_bytes;

const PURPOSE: &str = "backup";

/// The key of one stream. No `Debug`, no `Clone`.
pub struct StreamKey(Zeroizing<[u8; 32]>);

/// What stands beside the stream: which master key wraps its key, and the wrapped key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedStreamKey {
    pub kek_id: String,
    pub wrapped: Vec<u8>,
}

/// Why a stream stays shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamKeyError {
    #[error(
        "it needs the master key {0}, which is not at hand: put that key back into the key file"
    )]
    UnknownMaster(String),
    #[error(
        "the master key {0} does not open it: another key of the same name, or the file was changed"
    )]
    Broken(String),
}

impl Keyring {
    /// A new key for the stream `id`, wrapped by the primary.
    pub fn make_stream_key(&self, id: Uuid) -> (StreamKey, WrappedStreamKey) {
        let master = self.primary();
        let key = StreamKey(Zeroizing::new(random_bytes()));
        let aad = record::wrap_aad(master.id(), id, None, PURPOSE);
        let wrapped = WrappedStreamKey {
            kek_id: master.id().to_owned(),
            wrapped: record::wrap(master.bytes(), &aad, &key.0),
        };
        (key, wrapped)
    }

    /// The key of the stream `id`.
    pub fn open_stream_key(
        &self,
        id: Uuid,
        stored: &WrappedStreamKey,
    ) -> Result<StreamKey, StreamKeyError> {
        let name = || stored.kek_id.clone();
        let master = self
            .find(&stored.kek_id)
            .ok_or_else(|| StreamKeyError::UnknownMaster(name()))?;
        let aad = record::wrap_aad(master.id(), id, None, PURPOSE);
        record::unwrap(master.bytes(), &aad, &stored.wrapped)
            .map(StreamKey)
            .map_err(|_| StreamKeyError::Broken(name()))
    }

    /// Is the master key of this id at hand?
    pub fn holds(&self, kek_id: &str) -> bool {
        self.find(kek_id).is_some()
    }
}

impl StreamKey {
    /// Seal piece number `turn`; `head` is what all pieces are bound to.
    pub fn seal(&self, head: &[u8], turn: u32, is_last: bool, plain: &[u8]) -> Vec<u8> {
        record::encrypt(&self.0, nonce(turn, is_last), &aad(head), plain)
    }

    /// Open it in its turn.
    pub fn open(
        &self,
        head: &[u8],
        turn: u32,
        is_last: bool,
        sealed: &[u8],
    ) -> Result<Opened, Broken> {
        record::decrypt(&self.0, nonce(turn, is_last), &aad(head), sealed)
    }
}

/// Each stream has its own key, so the turn makes the nonce unique.
fn nonce(turn: u32, is_last: bool) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    let (_, counted) = nonce.split_at_mut(NONCE - 5);
    let (turn_bytes, last) = counted.split_at_mut(4);
    turn_bytes.copy_from_slice(&turn.to_be_bytes());
    last.copy_from_slice(&[u8::from(is_last)]);
    nonce
}

fn aad(head: &[u8]) -> Vec<u8> {
    record::list(&[b"tenantry", PURPOSE.as_bytes(), head])
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::super::keyring::MasterKey;
    use super::super::source::FileSource;
    use super::*;

    fn ring(keys: Vec<MasterKey>) -> Keyring {
        Keyring::of(keys, Arc::new(FileSource::new(Path::new("k"))))
    }

    #[test]
    fn a_piece_opens_in_its_own_turn_alone() {
        let (key, _) = ring(vec![MasterKey::random()]).make_stream_key(Uuid::nil());
        let sealed = key.seal(b"head", 7, false, b"rows");
        assert_eq!(
            key.open(b"head", 7, false, &sealed).unwrap().as_slice(),
            b"rows"
        );
        assert!(key.open(b"head", 8, false, &sealed).is_err());
        assert!(key.open(b"head", 7, true, &sealed).is_err());
        assert!(key.open(b"other", 7, false, &sealed).is_err());
    }

    #[test]
    fn the_key_is_bound_to_its_stream_and_its_master() {
        let (master, other) = (MasterKey::random(), MasterKey::random());
        let id = Uuid::from_u128(1);
        let (_, stored) = ring(vec![master.clone()]).make_stream_key(id);
        let both = ring(vec![other.clone(), master]);
        assert!(both.open_stream_key(id, &stored).is_ok());
        assert!(both.holds(&stored.kek_id));
        let wrong = both.open_stream_key(Uuid::from_u128(2), &stored).err();
        assert!(matches!(wrong, Some(StreamKeyError::Broken(_))));
        let absent = ring(vec![other]).open_stream_key(id, &stored).err();
        assert!(matches!(absent, Some(StreamKeyError::UnknownMaster(_))));
    }
}
