//! What a new password must be. Length is what counts (NIST SP 800-63B section 3.1.1): no rule of composition, no expiry,
//! no trimming; every byte that was typed is the password.

use secrecy::{ExposeSecret, SecretString};

use super::breached::Breached;

/// Characters, not bytes.
pub const SHORTEST: usize = 15;
pub const LONGEST: usize = 128;
/// Shorter names occur in innocent passwords by chance.
const SHORTEST_NAME: usize = 4;
const PRODUCT: &str = "tenantry";

/// A password that passed the rules.
#[derive(Debug)]
pub struct Password(SecretString);

/// Why a password is refused; the text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("Use at least {SHORTEST} characters.")]
    TooShort,
    #[error("Use at most {LONGEST} characters.")]
    TooLong,
    #[error("Use more different characters.")]
    Monotonous,
    #[error(
        "This password, or the word it is made of, is on lists that guessers try first. Use several words of your own."
    )]
    Breached,
    #[error("Leave out “{0}”: names of the people and companies around a login are guessed first.")]
    Guessable(String),
}

impl Password {
    /// `names` are those a guesser would try: the MSP's name and the technician's own address and name.
    pub fn parse(
        typed: SecretString,
        names: &[&str],
        breached: &Breached,
    ) -> Result<Self, PasswordError> {
        let text = typed.expose_secret();
        let length = text.chars().count();
        if length < SHORTEST {
            return Err(PasswordError::TooShort);
        }
        if length > LONGEST {
            return Err(PasswordError::TooLong);
        }
        let mut distinct: Vec<char> = text.chars().collect();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < 5 {
            return Err(PasswordError::Monotonous);
        }
        let folded = text.to_lowercase();
        if let Some(word) = guessable(names).find(|word| folded.contains(word.as_str())) {
            return Err(PasswordError::Guessable(word));
        }
        if breached.contains(text) {
            return Err(PasswordError::Breached);
        }
        Ok(Self(typed))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The words of these names that are long enough to mean something.
fn guessable<'a>(names: &'a [&'a str]) -> impl Iterator<Item = String> + 'a {
    names
        .iter()
        .flat_map(|name| name.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= SHORTEST_NAME)
        .map(str::to_lowercase)
        .chain([PRODUCT.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(), PasswordError> {
        let names = ["Harbourline IT", "robin.marlow@harbourline.example"];
        Password::parse(text.to_owned().into(), &names, &Breached::bundled()).map(drop)
    }

    #[test]
    fn any_long_text_will_do() {
        assert_eq!(parse("correct horse battery"), Ok(()));
        assert_eq!(parse(" пароль длиной 15"), Ok(()));
        assert_eq!(parse(&"xqzvk".repeat(25)), Ok(()));
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(parse("fourteen chars"), Err(PasswordError::TooShort));
        assert_eq!(parse(&"äöüß€".repeat(3)), Ok(()));
        assert_eq!(parse(&"xqzvk".repeat(26)), Err(PasswordError::TooLong));
    }

    #[test]
    fn names_around_the_login_are_refused() {
        let word = |w: &str| Err(PasswordError::Guessable(w.to_owned()));
        assert_eq!(parse("my Tenantry password"), word("tenantry"));
        assert_eq!(parse("HARBOURLINE rules 2026"), word("harbourline"));
        assert_eq!(parse("who is marlow anyway"), word("marlow"));
        assert_eq!(
            parse("it is what it is, it is"),
            Ok(()),
            "short words mean nothing"
        );
    }

    #[test]
    fn what_guessers_try_first_is_refused() {
        for listed in ["Password12345678", "qwertyuiopqwertyuiop"] {
            assert_eq!(parse(listed), Err(PasswordError::Breached), "{listed}");
        }
    }

    #[test]
    fn one_key_held_down_is_refused() {
        assert_eq!(parse(&"a".repeat(20)), Err(PasswordError::Monotonous));
    }
}
