//! Domains, e-mail addresses and sign-in names as people type them, and the characters that deceive the eye.

use url::Host;

use super::input::FieldError;

/// Control characters and those that nobody sees: they reorder or hide text, or make two names look like one
/// (Unicode: bidirectional controls, zero width, fillers, separators, tags).
pub(in crate::domain) fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The customer's mail domain, in lower case and ASCII (`xn--…` for the others). Empty is allowed.
pub(super) fn domain(typed: &str) -> Result<String, FieldError> {
    let text = typed.trim().trim_start_matches('@').to_lowercase();
    if text.is_empty() {
        return Ok(text);
    }
    let ascii = if text.is_ascii() {
        Some(text)
    } else {
        match Host::parse(&text) {
            Ok(Host::Domain(name)) if !text.chars().any(is_deceptive) => Some(name),
            _ => None,
        }
    };
    ascii.filter(|name| is_domain(name)).ok_or_else(|| {
        FieldError::new(
            "domain",
            "Enter a domain like contoso.com, without https:// or paths, or leave it empty.",
        )
    })
}

/// A name of at least two labels (RFC 1123 section 2.1), the last not a number: no address of a machine.
fn is_domain(text: &str) -> bool {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    let numeric = |l: &str| l.chars().all(|c| c.is_ascii_digit());
    text.len() <= 253
        && text.split('.').all(label)
        && text
            .rsplit_once('.')
            .is_some_and(|(_, last)| !numeric(last))
}

/// An e-mail address or user principal name; both are `local@domain`. Empty is allowed.
pub(in crate::domain) fn address(field: &'static str, typed: &str) -> Result<String, FieldError> {
    let text = typed.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    if text.chars().count() > 254 {
        return Err(FieldError::new(
            field,
            "Shorten the address to 254 characters.",
        ));
    }
    let well_formed = text
        .rsplit_once('@')
        .is_some_and(|(local, domain)| is_local(local) && is_domain(&domain.to_lowercase()));
    if well_formed {
        return Ok(text.to_owned());
    }
    let what = if field == "admin_username" {
        "Enter the sign-in name like admin@contoso.com, or leave it empty."
    } else {
        "Enter one address like it@contoso.com, or leave it empty to send no mail."
    };
    Err(FieldError::new(field, what))
}

/// The part before the `@`: a dot-atom (RFC 5322 section 3.2.3) of at most 64 characters. ASCII only, as Entra has it, so
/// that no look-alike of another alphabet passes for the expected administrator.
fn is_local(text: &str) -> bool {
    let atom = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    text.len() <= 64 && text.split('.').all(atom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_folded_and_written_in_ascii() {
        assert_eq!(domain(" @Contoso.COM ").unwrap(), "contoso.com");
        assert_eq!(domain("Bücher.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(domain("").unwrap(), "");
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for wrong in [
            "contoso",
            "https://contoso.com",
            "contoso.com/a",
            "con toso.com",
            "-a.com",
            "a..com",
            "10.0.0.1",
            "[::1]",
            "bü\u{200b}cher.example",
            "<b>.com",
        ] {
            assert!(domain(wrong).is_err(), "{wrong:?}");
        }
        assert!(domain(&format!("{}.com", "a".repeat(64))).is_err());
    }

    #[test]
    fn addresses_and_sign_in_names_pass() {
        for right in [
            "it@contoso.com",
            "o'brien.x+y@sub.contoso.com",
            "ada_contoso.com#EXT#@msp.onmicrosoft.com",
        ] {
            assert_eq!(address("invitation_email", right).unwrap(), right);
        }
        assert_eq!(address("admin_username", "  ").unwrap(), "");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "admin",
            "@contoso.com",
            "a@b@c.com",
            "a..b@contoso.com",
            ".a@contoso.com",
            "a@contoso",
            "a b@contoso.com",
            "a,b@contoso.com",
            "Ada <a@contoso.com>",
            "a@contoso.com\r\nBcc: x@evil.example",
            "\u{430}dmin@contoso.com",
        ] {
            assert!(address("admin_username", wrong).is_err(), "{wrong:?}");
        }
        let long = format!("a@{}.com", "b".repeat(260));
        let refusal = address("invitation_email", &long).unwrap_err();
        assert!(refusal.message.starts_with("Shorten"));
    }
}
