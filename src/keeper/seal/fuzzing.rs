//! For fuzzing: sealed records and wrapped keys.

use uuid::Uuid;

use super::record::{self, Place};
use crate::fuzzing::Target;

/// Bytes where a sealed record is expected.
pub(crate) const RECORD: Target = Target {
    name: "record",
    seeds: &[
        &[1; 62],
        b"\x01\x01aaaaaaaaaaaaaaaannnnnnnnnnnncttttttttttttttttt",
        b"\x01\x02",
    ],
    run: |bytes| {
        const KEY: [u8; 32] = [7; 32];
        let place = Place {
            table: "t",
            column: "c",
            tenant_id: Uuid::nil(),
            row_id: "r",
            row_version: 1,
        };
        let _ = record::data_key_of(bytes);
        assert!(record::open(&KEY, &place, bytes).is_err());
        assert!(record::unwrap(&KEY, b"aad", bytes).is_err());
        // What is sealed opens, and with one bit flipped at a place of the input's choosing it does not.
        let mut sealed = record::seal(&KEY, Uuid::nil(), &place, bytes);
        let opened = record::open(&KEY, &place, &sealed);
        assert!(opened.is_ok_and(|opened| opened.as_slice() == bytes));
        let chosen = bytes.iter().fold(0_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(*byte))
        });
        let at = chosen % sealed.len().max(1);
        if let Some(byte) = sealed.get_mut(at) {
            *byte ^= 1 << (chosen % 8);
        }
        assert!(record::open(&KEY, &place, &sealed).is_err());
    },
};
