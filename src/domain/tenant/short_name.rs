//! The short name by which a tenant is known in lists and addresses.

use std::fmt;

use super::input::FieldError;

/// 1 to 32 characters: `a`–`z`, `0`–`9` and inner hyphens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShortName(String);

/// Words that stand in a tenant's place in our own addresses (`/tenants/new`).
const RESERVED: [&str; 3] = ["new", "import", "export"];

impl ShortName {
    /// Parse as stored or as in an address: no trimming, no folding.
    pub fn parse(text: &str) -> Option<Self> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let shape = !text.is_empty()
            && text.len() <= 32
            && text.chars().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        shape.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A short name as typed: trimmed, in lower case.
pub(super) fn typed(text: &str) -> Result<ShortName, FieldError> {
    let error = |message: &str| Err(FieldError::new("short_name", message));
    let text = text.trim().to_lowercase();
    if text.is_empty() {
        return error("Enter a short name, for example contoso.");
    }
    if text.chars().count() > 32 {
        return error("Shorten it to 32 characters.");
    }
    if RESERVED.contains(&text.as_str()) {
        return error("The portal needs this word for itself. Choose another short name.");
    }
    ShortName::parse(&text).map_or_else(
        || {
            error(
                "Use letters a–z, digits and hyphens only; it may not begin or end with a hyphen.",
            )
        },
        Ok,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        typed(text).unwrap_err().message
    }

    #[test]
    fn what_was_typed_is_trimmed_and_folded() {
        assert_eq!(typed(" Contoso-2 ").unwrap().as_str(), "contoso-2");
        assert_eq!(typed(&"a".repeat(32)).unwrap().as_str().len(), 32);
    }

    #[test]
    fn each_refusal_says_what_to_do() {
        assert!(refusal("  ").starts_with("Enter"));
        assert!(refusal(&"a".repeat(33)).starts_with("Shorten"));
        for wrong in ["-a", "a-", "a b", "a/b", "ä", "a\u{0}", "../x"] {
            assert!(refusal(wrong).starts_with("Use letters"), "{wrong:?}");
        }
    }

    #[test]
    fn a_tenant_does_not_take_the_place_of_a_page() {
        for word in RESERVED {
            assert!(refusal(word).contains("another"), "{word}");
        }
        assert!(typed("new-york").is_ok());
    }

    #[test]
    fn an_address_is_taken_as_it_stands() {
        assert!(ShortName::parse("contoso").is_some());
        assert!(ShortName::parse("Contoso").is_none());
        assert!(ShortName::parse(" contoso").is_none());
    }
}
