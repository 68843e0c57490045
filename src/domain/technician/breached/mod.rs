//! Passwords that guessers try first: a list of those met in breaches. Since a password has at least 15 characters, people
//! pad a listed one; a listed word with a tail of digits and symbols, or repeated, is refused like the word itself.

mod walk;

use std::collections::HashSet;
use std::path::Path;

/// Comes with the program; where it is from stands on top of it.
const BUNDLED: &str = include_str!("passwords.txt");

/// Listed passwords, lower-case.
#[derive(Clone)]
pub struct Breached(HashSet<Box<str>>);

/// Why a list of one's own is not used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("the list of breached passwords {path} cannot be read")]
    Unreadable {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the list of breached passwords {path} holds no password; it has one a line")]
    Empty { path: String },
}

impl std::fmt::Debug for Breached {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Breached({} passwords)", self.0.len())
    }
}

impl Breached {
    /// The list that comes with the program.
    pub fn bundled() -> Self {
        Self::parse(BUNDLED)
    }

    /// The list in a file, one a line; lines that begin with `# ` are comments.
    pub fn read(path: &Path) -> Result<Self, ListError> {
        let shown = || path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| ListError::Unreadable {
            path: shown(),
            source,
        })?;
        let list = Self::parse(&String::from_utf8_lossy(&bytes));
        if list.0.is_empty() {
            return Err(ListError::Empty { path: shown() });
        }
        Ok(list)
    }

    fn parse(text: &str) -> Self {
        let lines = text.lines().map(str::trim_end);
        let listed = lines.filter(|line| !line.is_empty() && !line.starts_with("# "));
        Self(listed.map(|line| line.to_lowercase().into()).collect())
    }

    /// How many are listed.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a guesser with this list gets there at once: it is listed, or a listed word with a tail of digits and symbols, or
    /// such a one over and over.
    pub fn contains(&self, password: &str) -> bool {
        let folded = password.to_lowercase();
        let bare = without_tail(&folded);
        [folded.as_str(), bare]
            .into_iter()
            .flat_map(|text| [text, unit(text)])
            .flat_map(|text| [text, without_tail(text)])
            .any(|text| self.0.contains(text))
            || is_known_example(&folded)
            || walk::is_one(&folded)
    }
}

/// What people were told to do with words of their own, done with the words of the drawing (xkcd 936).
fn is_known_example(text: &str) -> bool {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .eq("correcthorsebatterystaple".chars())
}

/// Without the digits and symbols at its end.
fn without_tail(text: &str) -> &str {
    text.trim_end_matches(|c: char| !c.is_alphabetic())
}

/// What the text is a repetition of; itself when of nothing shorter.
fn unit(text: &str) -> &str {
    let repeats = |end: &usize| {
        let (head, rest) = (text.get(..*end), text.get(*end..));
        head.zip(rest).is_some_and(|(head, rest)| {
            rest.len() % end == 0
                && rest
                    .as_bytes()
                    .chunks(*end)
                    .all(|part| part == head.as_bytes())
        })
    };
    let shortest = (1..=text.len() / 2).find(repeats);
    shortest.and_then(|end| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bundled_list_is_long_and_knows_the_usual_ones() {
        let list = Breached::bundled();
        assert!(list.len() >= 20_000, "{}", list.len());
        for listed in ["password", "qwertyuiop", "iloveyou", "trustno1"] {
            assert!(list.contains(listed), "{listed}");
        }
    }

    #[test]
    fn padding_a_listed_word_does_not_help() {
        let list = Breached::bundled();
        for padded in [
            "Password1234567",
            "PASSWORD!!!!!!!!!!!",
            "passwordpassword",
            "PasswordPassword2026!",
            "password1password1",
            "qwertyuiop1234567890",
            "123456123456123456",
            "letmeinletmeinletmein",
            "123456789012345",
            "abcdefghijklmno",
            "zyxwvutsrqponmlk",
            "1q2w3e4r5t6y7u8i",
            "Correct-Horse-Battery-Staple",
        ] {
            assert!(list.contains(padded), "{padded}");
        }
        for fine in [
            "correct horse battery",
            "my password is a secret of mine",
            "demo-0123456789ab",
            "пароль длиной 15",
        ] {
            assert!(!list.contains(fine), "{fine}");
        }
    }

    #[test]
    fn a_list_of_ones_own_takes_the_place_of_ours() {
        let list = Breached::parse("# ours\nHarbourline rules\n\n#hashtag\n");
        assert_eq!(list.len(), 2);
        assert!(list.contains("harbourline RULES 99"));
        assert!(list.contains("#hashtag"));
        assert!(!list.contains("password1234567"));
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text: String) {
            let _ = Breached::parse("password").contains(&text);
        }

        #[test]
        fn a_repetition_is_found_out(word in "\\PC{1,8}", times in 2_usize..6) {
            let text = word.repeat(times);
            prop_assert_eq!(word.len() % unit(&text).len(), 0);
            prop_assert!(unit(&text).len() <= word.len());
        }
    }
}
