//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 s). Pure but for the randomness of a new seed.

use time::OffsetDateTime;
use totp_rs::{Builder, Secret, Totp};

use crate::clock::random_bytes;
use crate::keeper::text::Text;

/// Seconds for which a code is shown.
pub const STEP_S: i64 = 30;
const DIGITS: usize = 6;

/// 160 random bits in base32 without padding.
pub fn new_seed() -> Text {
    Text::new(Secret::from(random_bytes::<20>()).to_base32())
}

/// The time step whose code this is: the present one or the one before, since codes are typed slowly. Exactly six ASCII
/// digits are a code.
pub fn step_of(seed: &str, code: &str, now: OffsetDateTime) -> Option<i64> {
    if code.len() != DIGITS || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let totp = totp(seed)?;
    let present = now.unix_timestamp().div_euclid(STEP_S);
    [present, present - 1].into_iter().find(|step| {
        let shown = generate(&totp, step * STEP_S);
        shown.is_some_and(|shown| same(shown.as_bytes(), code.as_bytes()))
    })
}

/// What an app shows at that instant; none when the seed is none.
pub fn code_at(seed: &str, at: OffsetDateTime) -> Option<String> {
    generate(&totp(seed)?, at.unix_timestamp())
}

fn generate(totp: &Totp, seconds: i64) -> Option<String> {
    let seconds = u64::try_from(seconds).ok()?;
    Some(totp.generate(seconds).to_string())
}

fn totp(seed: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(seed).ok()?;
    Builder::new().with_secret(secret).build().ok()
}

/// In a time that does not tell where they differ.
fn same(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The seed of RFC 6238 appendix B, "12345678901234567890".
    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn the_codes_of_the_standard_are_right_in_their_step_and_the_next() {
        // The last six digits of appendix B.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = seconds / 30;
            assert_eq!(step_of(SEED, code, at(seconds)), Some(step));
            assert_eq!(
                step_of(SEED, code, at(seconds + 30)),
                Some(step),
                "a step late"
            );
            assert_eq!(
                step_of(SEED, code, at(seconds + 60)),
                None,
                "two steps late"
            );
            assert_eq!(step_of(SEED, code, at(seconds - 30)), None, "a step early");
        }
    }

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        for code in [
            "",
            "28708",
            "0287082",
            " 287082",
            "287 082",
            "287082\n",
            "２８７０８２",
            "+87082",
            "28708a",
        ] {
            assert_eq!(step_of(SEED, code, at(59)), None, "{code:?}");
        }
    }

    #[test]
    fn a_seed_has_160_bits_and_is_never_the_same() {
        let (one, other) = (new_seed(), new_seed());
        assert_eq!(one.expose().len(), 32, "32 characters of 5 bits");
        assert_ne!(one.expose(), other.expose());
        assert!(totp(one.expose()).is_some());
    }

    proptest! {
        #[test]
        fn any_text_at_all_is_an_answer(seed: String, code: String, seconds in 0_i64..4_000_000_000) {
            let _ = step_of(&seed, &code, at(seconds));
            prop_assert!(step_of(SEED, &code, at(seconds)).is_none() || code.len() == 6);
        }
    }
}
