//! Master keys in escrow: the whole list split into three shares, of which any two bring it back and one says nothing
//! (Shamir's secret sharing over GF(256)). A sum inside tells when two shares do not belong together.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use blahaj::{Share, Sharks};
use zeroize::Zeroizing;

use super::keyring::Keyring;
use super::source::text;
use crate::clock::random_bytes;

/// Shares made, and shares needed.
pub const SHARES: usize = 3;
const NEEDED: u8 = 2;
const WORD: &str = "tenantry-share";
const SUM: usize = 32;

/// Why two shares bring nothing back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EscrowError {
    #[error("a share is not a line `{WORD} <set> <number> <base64>`: copy it whole")]
    Shape,
    #[error("the two shares are of different sets: each split makes a set of its own")]
    OtherSet,
    #[error("that is one share twice; another one of the three is needed")]
    Same,
    #[error("the two shares do not give a list of keys: one of them was changed")]
    Broken,
}

impl Keyring {
    /// Three shares, a text for a person to keep each.
    pub fn split(&self) -> Vec<Zeroizing<String>> {
        let mut list = Zeroizing::new(String::new());
        for key in self.keys() {
            list.push_str(&key.line());
        }
        let mut secret = Zeroizing::new(digest(&SHA256, list.as_bytes()).as_ref().to_vec());
        secret.extend(list.as_bytes());
        let set = hex::encode(random_bytes::<4>());
        let names = self.ids().join(", ");
        let shares = Sharks(NEEDED).dealer(&secret).take(SHARES);
        shares
            .enumerate()
            .map(|(at, share)| {
                let number = at + 1;
                let bytes = Zeroizing::new(Vec::from(&share));
                let encoded = Zeroizing::new(STANDARD.encode(&*bytes));
                Zeroizing::new(format!(
                    "# Share {number} of {SHARES} of Tenantry's master keys {names}. Any two bring them back; this one alone says nothing.\n\
                     {WORD} {set} {number} {}\n",
                    encoded.as_str()
                ))
            })
            .collect()
    }
}

/// The list of keys of two shares, as a key file holds it.
pub fn recombine(one: &str, other: &str) -> Result<Zeroizing<String>, EscrowError> {
    let ((set, one), (other_set, other)) = (parse(one)?, parse(other)?);
    if set != other_set {
        return Err(EscrowError::OtherSet);
    }
    // The first byte is the point at which the share was taken.
    if Vec::from(&one).first() == Vec::from(&other).first() {
        return Err(EscrowError::Same);
    }
    let secret = Sharks(NEEDED)
        .recover(&[one, other])
        .map(Zeroizing::new)
        .map_err(|_| EscrowError::Broken)?;
    let (sum, list) = secret.split_at_checked(SUM).ok_or(EscrowError::Broken)?;
    if digest(&SHA256, list).as_ref() != sum {
        return Err(EscrowError::Broken);
    }
    text(list).ok_or(EscrowError::Broken)
}

fn parse(share: &str) -> Result<(&str, Share), EscrowError> {
    let line = share
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with(WORD))
        .ok_or(EscrowError::Shape)?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, set, _, encoded] = words.as_slice() else {
        return Err(EscrowError::Shape);
    };
    let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| EscrowError::Shape)?);
    // A share at the point zero would be the secret itself; none is ever made there.
    if bytes.first().is_none_or(|point| *point == 0) {
        return Err(EscrowError::Shape);
    }
    let share = Share::try_from(bytes.as_slice()).map_err(|_| EscrowError::Shape)?;
    Ok((set, share))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::keyring::MasterKey;
    use super::super::source::FileSource;
    use super::*;

    fn ring(keys: usize) -> Keyring {
        let keys = (0..keys).map(|_| MasterKey::random()).collect();
        Keyring::of(keys, Arc::new(FileSource::new(Path::new("k"))))
    }

    fn lines(ring: &Keyring) -> String {
        ring.keys()
            .iter()
            .map(|key| key.line().to_string())
            .collect()
    }

    #[test]
    fn every_pair_of_shares_in_either_order_brings_every_key_back() {
        let ring = ring(3);
        let shares = ring.split();
        assert_eq!(shares.len(), SHARES);
        for (one, other) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
            let list = recombine(&shares[one], &shares[other]).unwrap();
            assert_eq!(*list, lines(&ring), "{one} and {other}");
        }
    }

    #[test]
    fn one_share_twice_or_of_another_set_brings_nothing() {
        let (first, second) = (ring(1).split(), ring(1).split());
        assert_eq!(recombine(&first[0], &first[0]), Err(EscrowError::Same));
        assert_eq!(recombine(&first[0], &second[1]), Err(EscrowError::OtherSet));
    }

    #[test]
    fn a_share_alone_holds_no_part_of_a_key() {
        let ring = ring(1);
        let list = lines(&ring);
        let key = list.split_whitespace().nth(1).unwrap();
        for share in ring.split() {
            assert!(!share.contains(key));
            let encoded = share.split_whitespace().last().unwrap();
            let bytes = STANDARD.decode(encoded).unwrap();
            assert!(
                !bytes
                    .windows(8)
                    .any(|part| key.as_bytes().windows(8).any(|of| of == part))
            );
        }
    }

    proptest! {
        #[test]
        fn a_changed_share_brings_nothing(at in 0_usize..100, bit in 0_u8..8) {
            let shares = ring(1).split();
            let (head, encoded) = shares[0].trim_end().rsplit_once(' ').unwrap();
            let mut bytes = STANDARD.decode(encoded).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let changed = format!("{head} {}\n", STANDARD.encode(bytes));
            prop_assert!(recombine(&changed, &shares[1]).is_err());
        }

        #[test]
        fn any_text_at_all_is_no_share(text: String) {
            let share = format!("{WORD} {text}");
            prop_assert!(recombine(&text, &share).is_err());
        }
    }
}
