//! Forms that are good once. A second click, or a request that the browser repeats, brings the same hidden number again, and
//! what it asked for is there already.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use serde::Deserialize;
use uuid::Uuid;

use crate::clock;

/// The number in the hidden field `once`, new each time a form is shown. A form that comes without it (sent by a script, or
/// shown by the release before) counts as one of its own.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
pub struct Once(Uuid);

impl Once {
    /// SHA-256 of the number and what was typed: who goes back and types something else asks for something else.
    pub fn hash(self, typed: &[&str]) -> [u8; 32] {
        let mut hash = Context::new(&SHA256);
        hash.update(self.0.as_bytes());
        for text in typed {
            hash.update(&text.len().to_be_bytes());
            hash.update(text.as_bytes());
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.finish().as_ref());
        bytes
    }
}

impl Default for Once {
    fn default() -> Self {
        Self(clock::ordered_uuid())
    }
}

impl fmt::Display for Once {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_form_is_known_again_and_another_is_not() {
        let once = Once::default();
        assert_eq!(once.hash(&["a", "b"]), once.hash(&["a", "b"]));
        for other in [&["ab", ""][..], &["a", "c"], &["a"], &[]] {
            assert_ne!(once.hash(&["a", "b"]), once.hash(other), "{other:?}");
        }
        assert_ne!(once.hash(&["a"]), Once::default().hash(&["a"]));
    }
}
