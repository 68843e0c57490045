//! The text of a key: `pk_`, eight characters that name it, 43 that are secret (256 bits), six that check the rest. The check is
//! done before anybody asks the database, and lets scanners of published code know a key of ours from look-alikes.

use aws_lc_rs::{constant_time, hmac};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::clock;

/// What every key begins with; registrable with services that scan published code for secrets.
pub const PREFIX: &str = "pk_";
const NAME: usize = 8;
const SECRET: usize = 43;
const CHECK: usize = 6;
const LENGTH: usize = 3 + NAME + 1 + SECRET + 1 + CHECK;
/// Base 62: a double click selects the whole key, and nothing in it has to be escaped.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A whole key. Shown once, never stored.
pub struct KeySecret(SecretString);

/// With what secrets are made into what is stored.
pub struct Pepper(hmac::Key);

impl Pepper {
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

impl KeySecret {
    /// A new key of this public part; none: a new one.
    pub fn new(public_id: Option<&str>) -> Self {
        let public_id = public_id.map_or_else(|| random(NAME).to_string(), str::to_owned);
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        text.push_str(&public_id);
        text.push('_');
        text.push_str(&random(SECRET));
        let check = check(text.as_bytes());
        text.push('_');
        text.push_str(&check);
        Self(text.as_str().to_owned().into())
    }

    /// Whether this is a key at all; no database is asked.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX).filter(|_| text.len() == LENGTH)?;
        let (name, rest) = rest.split_once('_')?;
        let (secret, end) = rest.split_once('_')?;
        let parts = [(name, NAME), (secret, SECRET), (end, CHECK)];
        let whole = parts.iter().all(|(part, length)| {
            part.len() == *length && part.bytes().all(|one| one.is_ascii_alphanumeric())
        });
        let told = text.get(..LENGTH - CHECK - 1)?;
        (whole && check(told.as_bytes()) == end).then(|| Self(text.to_owned().into()))
    }

    /// The part that names the key and may be shown.
    pub fn public_id(&self) -> &str {
        let text = self.0.expose_secret();
        text.get(PREFIX.len()..PREFIX.len() + NAME)
            .unwrap_or_default()
    }

    /// The whole key, for the one page that shows it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored of it.
    pub fn mac(&self, pepper: &Pepper) -> Vec<u8> {
        let tag = hmac::sign(&pepper.0, self.expose().as_bytes());
        tag.as_ref().to_vec()
    }

    /// Whether `mac` was stored of it, in constant time.
    pub fn is(&self, mac: &[u8], pepper: &Pepper) -> bool {
        let ours = hmac::sign(&pepper.0, self.expose().as_bytes());
        constant_time::verify_slices_are_equal(ours.as_ref(), mac).is_ok()
    }
}

/// So many random characters, each of the 62 as likely as any other.
fn random(length: usize) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(length));
    while text.len() < length {
        let bytes = Zeroizing::new(clock::random_bytes::<64>());
        for byte in bytes.iter() {
            // 248 is the largest multiple of 62 in a byte; what is beyond would favour the first characters.
            let one = ALPHABET.get(usize::from(byte % 62)).filter(|_| *byte < 248);
            if let Some(one) = one.filter(|_| text.len() < length) {
                text.push(char::from(*one));
            }
        }
    }
    text
}

/// CRC-32 of the text, in six characters.
fn check(text: &[u8]) -> String {
    let mut left = crc32(text);
    let mut digits = [b'0'; CHECK];
    for digit in digits.iter_mut().rev() {
        let at = usize::try_from(left % 62).unwrap_or_default();
        *digit = ALPHABET.get(at).copied().unwrap_or(b'0');
        left /= 62;
    }
    digits.iter().map(|one| char::from(*one)).collect()
}

/// As in zip and PNG. Sixty bytes are too few for a table.
fn crc32(text: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in text {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 & low.wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_is_the_crc_of_zip_and_png() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_has_its_parts_and_256_bits() {
        let key = KeySecret::new(None);
        let parts: Vec<usize> = key.expose().split('_').map(str::len).collect();
        assert_eq!(parts, [2, 8, 43, 6]);
        assert!(62_f64.log2() * 43.0 > 256.0);
        assert_eq!(KeySecret::new(Some("abcdEF12")).public_id(), "abcdEF12");
        assert_ne!(key.expose(), KeySecret::new(Some(key.public_id())).expose());
    }

    #[test]
    fn what_is_stored_depends_on_the_pepper_and_on_every_character() {
        let (key, other) = (KeySecret::new(None), KeySecret::new(None));
        let (one, two) = (Pepper::new(&[1; 32]), Pepper::new(&[2; 32]));
        assert!(key.is(&key.mac(&one), &one));
        assert!(!key.is(&key.mac(&two), &one) && !other.is(&key.mac(&one), &one));
        assert!(!key.is(b"", &one));
    }

    proptest! {
        #[test]
        fn every_new_key_is_read_back(_ in 0..32) {
            let key = KeySecret::new(None);
            let read = KeySecret::parse(key.expose()).map(|read| read.expose().to_owned());
            prop_assert_eq!(read.as_deref(), Some(key.expose()));
        }

        #[test]
        fn one_character_changed_is_no_key(at in 0..LENGTH, to in any::<char>()) {
            let key = KeySecret::new(None);
            let mut chars: Vec<char> = key.expose().chars().collect();
            prop_assume!(chars[at] != to);
            chars[at] = to;
            prop_assert!(KeySecret::parse(&chars.into_iter().collect::<String>()).is_none());
        }

        #[test]
        fn anything_else_is_no_key(text in "(pk_)?[ -~]{0,80}") {
            prop_assert!(KeySecret::parse(&text).is_none());
        }
    }
}
