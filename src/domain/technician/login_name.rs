//! The name a technician signs in with: an e-mail address, normalised here and nowhere else.

use std::fmt;

/// An address such as `robin@msp.example`: trimmed, lower-case, ASCII (so there is only one way to write it).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginName(String);

/// The text is no address that can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address such as robin@msp.example")]
pub struct NotAnAddress;

impl LoginName {
    pub fn parse(typed: &str) -> Result<Self, NotAnAddress> {
        let text = typed.trim().to_ascii_lowercase();
        let (local, domain) = text.split_once('@').ok_or(NotAnAddress)?;
        let allowed = |c: char| {
            c.is_ascii_graphic()
                && !matches!(
                    c,
                    '@' | ',' | ';' | ':' | '<' | '>' | '"' | '(' | ')' | '\\'
                )
        };
        let well_formed = text.len() <= 254
            && !local.is_empty()
            && !domain.is_empty()
            && local.chars().chain(domain.chars()).all(allowed);
        well_formed.then(|| Self(text.clone())).ok_or(NotAnAddress)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LoginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_capitals_make_no_other_name() {
        let name = LoginName::parse("  Robin.Marlow@MSP.example ").unwrap();
        assert_eq!(name.as_str(), "robin.marlow@msp.example");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@msp.example", "a".repeat(250));
        for text in [
            "",
            "robin",
            "@msp.example",
            "robin@",
            "a@b@c",
            "ro bin@msp.example",
            "<a@b>",
            "rübin@msp.example",
            &long,
        ] {
            assert_eq!(LoginName::parse(text), Err(NotAnAddress), "{text}");
        }
    }
}
