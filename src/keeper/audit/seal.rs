//! One seal: a row's place in the chain.

use aws_lc_rs::hmac;
use time::OffsetDateTime;

use super::bytes::Bytes;
use super::row::Row;

/// As stored in `audit_seals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Counts from 1, without gaps.
    pub seq: i64,
    pub event_id: i64,
    pub event_at: OffsetDateTime,
    /// By the database's clock.
    pub sealed_at: OffsetDateTime,
    /// Of the row.
    pub digest: Vec<u8>,
    /// Of the seal and, by its `former` hash, of every seal before it.
    pub hash: Vec<u8>,
}

impl Seal {
    /// Seal `row` after the seal that has the hash `former`.
    pub(super) fn new(
        key: &hmac::Key,
        former: &[u8],
        seq: i64,
        row: &Row,
        sealed_at: OffsetDateTime,
    ) -> Self {
        let mut seal = Self {
            seq,
            event_id: row.id,
            event_at: row.at,
            sealed_at,
            digest: row.digest(key).to_vec(),
            hash: Vec::new(),
        };
        seal.hash = seal.hash_after(key, former).to_vec();
        seal
    }

    /// The hash that this seal must have after the seal with the hash `former`.
    pub(super) fn hash_after(&self, key: &hmac::Key, former: &[u8]) -> [u8; 32] {
        let bytes = Bytes::new("tenantry audit seal 1")
            .bytes(former)
            .number(self.seq)
            .number(self.event_id)
            .instant(Some(self.event_at))
            .instant(Some(self.sealed_at))
            .bytes(&self.digest);
        mac(key, &bytes)
    }
}

pub(super) fn mac(key: &hmac::Key, bytes: &Bytes) -> [u8; 32] {
    let mut hash = [0; 32];
    // The tag of HMAC-SHA-256 has 32 bytes.
    hash.iter_mut()
        .zip(hmac::sign(key, bytes.as_slice()).as_ref())
        .for_each(|(to, from)| *to = *from);
    hash
}
