//! The bytes of a sealed value and what they are bound to. AES-256-GCM-SIV (RFC 8452), which survives a repeated nonce;
//! a value opens only at the place it was sealed for. Which key is used is decided elsewhere.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::clock::random_bytes;
use crate::keeper::wiped::Wiped;

/// Format of the record.
const VERSION: u8 = 1;
/// AES-256-GCM-SIV.
const ALGORITHM: u8 = 1;
pub(super) const NONCE: usize = 12;
const TAG: usize = 16;
/// version, algorithm, data key id, nonce
const HEADER: usize = 1 + 1 + 16 + NONCE;

/// An opened value; zeroed when dropped.
pub type Opened = Wiped;

/// Where a sealed value lives. Moved to any other place it does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    pub table: &'static str,
    pub column: &'static str,
    /// Nil for the installation's own rows.
    pub tenant_id: Uuid,
    /// The row's key within the tenant, as text.
    pub row_id: &'a str,
    /// The row's version at which the value was written; 0 for rows that are never rewritten.
    pub row_version: i64,
}

/// A record that does not open: another key, another place, or changed bytes. Which of them cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open")]
pub struct Broken;

/// `version(1) | alg(1) | dk_id(16) | nonce(12) | ciphertext | tag(16)`.
pub fn seal(key: &[u8; 32], dk_id: Uuid, place: &Place<'_>, plain: &[u8]) -> Vec<u8> {
    let nonce = random_bytes::<NONCE>();
    let mut record = Vec::with_capacity(HEADER + plain.len() + TAG);
    record.extend([VERSION, ALGORITHM]);
    record.extend(dk_id.as_bytes());
    record.extend(nonce);
    record.extend(encrypt(key, nonce, &place_aad(place, dk_id), plain));
    record
}

/// The id of the data key that a record names, if it is a record.
pub fn data_key_of(record: &[u8]) -> Result<Uuid, Broken> {
    Ok(split(record)?.0)
}

/// Open a record at its place.
pub fn open(key: &[u8; 32], place: &Place<'_>, record: &[u8]) -> Result<Opened, Broken> {
    let (dk_id, nonce, sealed) = split(record)?;
    decrypt(key, nonce, &place_aad(place, dk_id), sealed)
}

/// Wrap a data key by a master key: `version(1) | alg(1) | nonce(12) | ciphertext | tag(16)`.
pub fn wrap(master: &[u8; 32], aad: &[u8], data_key: &[u8; 32]) -> Vec<u8> {
    let nonce = random_bytes::<NONCE>();
    let mut wrapped = vec![VERSION, ALGORITHM];
    wrapped.extend(nonce);
    wrapped.extend(encrypt(master, nonce, aad, data_key));
    wrapped
}

/// The reverse of [`wrap`].
pub fn unwrap(
    master: &[u8; 32],
    aad: &[u8],
    wrapped: &[u8],
) -> Result<Zeroizing<[u8; 32]>, Broken> {
    let (head, rest) = wrapped.split_at_checked(2).ok_or(Broken)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Broken)?;
    if head != [VERSION, ALGORITHM] {
        return Err(Broken);
    }
    let opened = decrypt(master, *nonce, aad, sealed)?;
    <[u8; 32]>::try_from(opened.as_slice())
        .map(Zeroizing::new)
        .map_err(|_| Broken)
}

/// What a wrapped data key is bound to.
pub fn wrap_aad(kek_id: &str, dk_id: Uuid, tenant_id: Option<Uuid>, purpose: &str) -> Vec<u8> {
    list(&[
        b"tenantry",
        b"data key",
        kek_id.as_bytes(),
        dk_id.as_bytes(),
        tenant_id.unwrap_or_default().as_bytes(),
        purpose.as_bytes(),
    ])
}

fn place_aad(place: &Place<'_>, dk_id: Uuid) -> Vec<u8> {
    list(&[
        b"tenantry",
        &[VERSION],
        &[ALGORITHM],
        place.table.as_bytes(),
        place.column.as_bytes(),
        place.tenant_id.as_bytes(),
        place.row_id.as_bytes(),
        &place.row_version.to_be_bytes(),
        dk_id.as_bytes(),
    ])
}

/// Each item after its length, so that no two lists share their bytes.
pub(super) fn list(items: &[&[u8]]) -> Vec<u8> {
    items.iter().fold(Vec::new(), |mut bytes, item| {
        bytes.extend((item.len() as u64).to_be_bytes());
        bytes.extend(*item);
        bytes
    })
}

fn split(record: &[u8]) -> Result<(Uuid, [u8; NONCE], &[u8]), Broken> {
    let (head, rest) = record.split_first_chunk::<2>().ok_or(Broken)?;
    let (dk_id, rest) = rest.split_first_chunk::<16>().ok_or(Broken)?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Broken)?;
    if head != &[VERSION, ALGORITHM] || sealed.len() < TAG {
        return Err(Broken);
    }
    Ok((Uuid::from_bytes(*dk_id), *nonce, sealed))
}

fn cipher(key: &[u8; 32]) -> LessSafeKey {
    let unbound = UnboundKey::new(&AES_256_GCM_SIV, key)
        .expect("a key of 32 bytes is what the algorithm takes");
    LessSafeKey::new(unbound)
}

pub(super) fn encrypt(key: &[u8; 32], nonce: [u8; NONCE], aad: &[u8], plain: &[u8]) -> Vec<u8> {
    // Room for the tag from the start: growing would leave a copy of the plain text behind in freed memory.
    let mut bytes = Vec::with_capacity(plain.len() + TAG);
    bytes.extend(plain);
    cipher(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut bytes,
        )
        .expect("the library refuses only texts of 64 GiB");
    bytes
}

pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: [u8; NONCE],
    aad: &[u8],
    sealed: &[u8],
) -> Result<Opened, Broken> {
    let mut bytes = Wiped::new(sealed.to_vec());
    let plain = cipher(key)
        .open_in_place(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut bytes,
        )
        .map_err(|_| Broken)?
        .len();
    bytes.truncate(plain);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [9; 32];
    const DK: Uuid = Uuid::from_u128(7);

    fn home() -> Place<'static> {
        Place {
            table: "connection_secrets",
            column: "ct_current",
            tenant_id: Uuid::from_u128(1),
            row_id: "2",
            row_version: 3,
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_at_its_place(plain: Vec<u8>) {
            let record = seal(&KEY, DK, &home(), &plain);
            prop_assert_eq!(data_key_of(&record), Ok(DK));
            prop_assert_eq!(open(&KEY, &home(), &record).unwrap().to_vec(), plain);
        }

        #[test]
        fn moved_to_any_other_place_it_stays_shut(
            plain: Vec<u8>, tenant: u128, row in "[0-9a-z]{1,8}", version: i64, other_table: bool, other_column: bool,
        ) {
            let elsewhere = Place {
                table: if other_table { "tokens" } else { "connection_secrets" },
                column: if other_column { "ct" } else { "ct_current" },
                tenant_id: Uuid::from_u128(tenant),
                row_id: &row,
                row_version: version,
            };
            prop_assume!(elsewhere != home());
            let record = seal(&KEY, DK, &home(), &plain);
            prop_assert_eq!(open(&KEY, &elsewhere, &record), Err(Broken));
        }

        #[test]
        fn any_bytes_at_all_are_no_record(bytes: Vec<u8>) {
            prop_assert_eq!(open(&KEY, &home(), &bytes), Err(Broken));
            prop_assert!(unwrap(&KEY, b"", &bytes).is_err());
        }
    }

    #[test]
    fn one_step_away_is_already_elsewhere() {
        let record = seal(&KEY, DK, &home(), b"a refresh token");
        let neighbours = [
            Place {
                table: "tokens",
                ..home()
            },
            Place {
                column: "ct_previous",
                ..home()
            },
            Place {
                tenant_id: Uuid::from_u128(2),
                ..home()
            },
            Place {
                row_id: "3",
                ..home()
            },
            Place {
                row_version: 4,
                ..home()
            },
        ];
        for place in neighbours {
            assert_eq!(open(&KEY, &place, &record), Err(Broken), "{place:?}");
        }
    }

    #[test]
    fn every_flipped_bit_shuts_it() {
        let record = seal(&KEY, DK, &home(), b"a refresh token");
        for at in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(open(&KEY, &home(), &flipped), Err(Broken), "bit {at}");
        }
        for short in 0..record.len() {
            assert_eq!(open(&KEY, &home(), &record[..short]), Err(Broken));
        }
    }

    #[test]
    fn a_wrapped_key_is_bound_to_its_owner_and_purpose() {
        let aad = wrap_aad("kek-1", DK, Some(Uuid::from_u128(1)), "connection");
        let wrapped = wrap(&KEY, &aad, &[5; 32]);
        assert_eq!(*unwrap(&KEY, &aad, &wrapped).unwrap(), [5; 32]);
        for other in [
            wrap_aad("kek-2", DK, Some(Uuid::from_u128(1)), "connection"),
            wrap_aad(
                "kek-1",
                Uuid::from_u128(8),
                Some(Uuid::from_u128(1)),
                "connection",
            ),
            wrap_aad("kek-1", DK, Some(Uuid::from_u128(2)), "connection"),
            wrap_aad("kek-1", DK, None, "connection"),
            wrap_aad("kek-1", DK, Some(Uuid::from_u128(1)), "flow"),
        ] {
            assert!(unwrap(&KEY, &other, &wrapped).is_err());
        }
    }

    #[test]
    fn lists_that_join_alike_differ() {
        assert_ne!(list(&[b"ab", b"c"]), list(&[b"a", b"bc"]));
    }
}
