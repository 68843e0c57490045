//! The secret that binds a flow to one browser, and the OAuth states that follow from it.

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};

use super::Flow;
use crate::clock;

/// 256 random bits in the browser's cookie; the row holds their SHA-256. Silent in `Debug`.
#[derive(Clone, Debug)]
pub struct FlowSecret(SecretString);

impl FlowSecret {
    pub(super) fn generate() -> Self {
        Self(SecretString::from(
            URL_SAFE_NO_PAD.encode(clock::random_bytes::<32>()),
        ))
    }

    /// A text of the right shape, as the cookie brings it back.
    pub fn parse(text: &str) -> Option<Self> {
        let shape = URL_SAFE_NO_PAD.decode(text).is_ok_and(|b| b.len() == 32);
        shape.then(|| Self(SecretString::from(text.to_owned())))
    }

    /// For the cookie; the caller keeps it out of logs.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    pub(super) fn hash(&self) -> Vec<u8> {
        sha256(self.expose())
    }

    /// The OAuth state of the trip to Microsoft that this secret was made for. It follows from the secret, so that the page
    /// can show its link again without storing it; each trip gets a new secret, and so a new state.
    pub fn leg_state(&self) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.expose().as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, b"tenantry oauth state"))
    }

    /// Is the trip that this secret was made for still out?
    pub fn leg_is_out(&self, flow: &Flow) -> bool {
        flow.leg_hash.as_ref().is_some_and(|stored| {
            constant_time::verify_slices_are_equal(stored, &sha256(&self.leg_state())).is_ok()
        })
    }
}

pub(super) fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes())
        .as_ref()
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_from_its_cookie_with_the_same_state() {
        let secret = FlowSecret::generate();
        let again = FlowSecret::parse(secret.expose()).unwrap();
        assert_eq!(secret.hash(), again.hash());
        assert_eq!(secret.leg_state(), again.leg_state());
    }

    #[test]
    fn the_state_does_not_give_the_secret_away_and_differs_for_each_trip() {
        let (a, b) = (FlowSecret::generate(), FlowSecret::generate());
        assert_ne!(a.leg_state(), b.leg_state());
        assert_ne!(a.leg_state(), a.expose());
        assert_eq!(a.leg_state().len(), 43);
    }

    #[test]
    fn what_is_no_secret_is_none() {
        for bad in ["", "abc", "!!!!", &"A".repeat(44)] {
            assert!(FlowSecret::parse(bad).is_none(), "{bad}");
        }
    }
}
