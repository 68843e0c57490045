//! Masking secrets in what Microsoft answered, before it is kept. Works on any bytes: an answer that nobody could parse
//! may still hold a token.

const MASK: &str = "[removed]";
/// Characters kept of one answer (bytes of UTF-8).
const LONGEST: usize = 64 * 1024;
/// Shorter pieces of a secret at the end of a cut answer say nothing.
const SHORTEST_PIECE: usize = 6;
/// Fields whose value is a secret, as JSON member or form parameter.
const FIELDS: [&str; 9] = [
    "access_token",
    "refresh_token",
    "id_token",
    "device_code",
    "user_code",
    "client_secret",
    "client_assertion",
    "code_verifier",
    "client_info",
];

/// The body as text, at most 64 KiB, without `secrets` (what we sent), values of secret fields, and anything JWT-shaped.
pub(super) fn body(bytes: &[u8], secrets: &[&str]) -> String {
    let mut text = text(&String::from_utf8_lossy(bytes), secrets);
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
    }
    text
}

/// The same for a text of any length.
pub(super) fn text(text: &str, secrets: &[&str]) -> String {
    let mut masked = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        masked = without(&masked, secret);
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        if encoded != **secret {
            masked = without(&masked, &encoded);
        }
    }
    mask_runs(&masked)
}

/// `text` with every `secret` masked, also one that the end cuts off.
fn without(text: &str, secret: &str) -> String {
    let mut masked = text.replace(secret, MASK);
    let mut pieces = secret
        .char_indices()
        .map(|(end, _)| &secret[..end])
        .skip(SHORTEST_PIECE)
        .collect::<Vec<_>>();
    pieces.reverse();
    if let Some(piece) = pieces.into_iter().find(|piece| masked.ends_with(piece)) {
        masked.truncate(masked.len() - piece.len());
        masked.push_str(MASK);
    }
    masked
}

/// Mask field values and JWTs in one pass from left to right.
fn mask_runs(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((kept, after)) = field_value(rest).or_else(|| jwt(rest)) {
            masked.push_str(kept);
            masked.push_str(MASK);
            rest = after;
        } else {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    masked
}

/// A secret field at the start of `text`: the part up to its value, and what follows the value.
fn field_value(text: &str) -> Option<(&str, &str)> {
    let name = FIELDS.iter().find(|name| {
        text.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    })?;
    let tail = &text[name.len()..];
    let value_at =
        tail.find(|c: char| !matches!(c, '"' | '\'' | '\\' | ':' | '=') && !c.is_whitespace())?;
    let separator = &tail[..value_at];
    // In prose ("the refresh_token has expired") no value follows.
    if !separator.contains([':', '=']) {
        return None;
    }
    let value = &tail[value_at..];
    let ends =
        |c: char| matches!(c, '"' | '\'' | '\\' | '&' | '<' | ',' | '}') || c.is_whitespace();
    let end = value.find(ends).unwrap_or(value.len());
    let kept = &text[..name.len() + value_at];
    (end > 0).then(|| (kept, &value[end..]))
}

/// A JWT at the start of `text`, whole or cut: nothing kept, and what follows it.
fn jwt(text: &str) -> Option<(&str, &str)> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '=');
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    (end >= 16).then(|| ("", &text[end..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_secret_fields_are_masked_and_the_rest_stays() {
        for (raw, expected) in [
            (
                r#"{"token_type":"Bearer","access_token":"abc.def","refresh_token" : "1.A!x*$","x":1}"#,
                r#"{"token_type":"Bearer","access_token":"[removed]","refresh_token" : "[removed]","x":1}"#,
            ),
            (
                r#"{"refresh_token":"1.AXoA"#,
                r#"{"refresh_token":"[removed]"#,
            ),
            ("client_secret=hunter2&x=1", "client_secret=[removed]&x=1"),
            (
                "The refresh_token has expired.",
                "The refresh_token has expired.",
            ),
            (
                "see 'client_assertion' or 'client_secret'.",
                "see 'client_assertion' or 'client_secret'.",
            ),
            ("<p>eyJhbGciOiJSUzI1NiJ9.e30.sig</p>", "<p>[removed]</p>"),
        ] {
            assert_eq!(text(raw, &[]), expected);
        }
    }

    #[test]
    fn what_we_sent_is_masked_plain_encoded_and_cut() {
        let secrets = ["Q~s3cret/value+1"];
        assert_eq!(text("got Q~s3cret/value+1!", &secrets), "got [removed]!");
        assert_eq!(
            text("got Q%7Es3cret%2Fvalue%2B1!", &secrets),
            "got [removed]!"
        );
        assert_eq!(text("got Q~s3cret/va", &secrets), "got [removed]");
    }

    #[test]
    fn long_answers_are_cut_at_a_character() {
        let kept = body("ä".repeat(80_000).as_bytes(), &[]);
        assert!(kept.len() <= LONGEST && kept.ends_with('ä'));
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes: Vec<u8>, secret in "[ -~]{0,30}") {
            prop_assert!(body(&bytes, &[&secret]).len() <= LONGEST);
        }

        #[test]
        fn a_token_cut_anywhere_never_shows(token in "[A-Za-z0-9._~+/*!$-]{24,80}", cut in 0_usize..300) {
            let whole = format!(r#"{{"token_type":"Bearer","refresh_token":"{token}","scope":"x"}}"#);
            let kept = text(&whole[..cut.min(whole.len())], &[]);
            prop_assert!(!kept.contains(&token[..6]), "{}", kept);
        }

        #[test]
        fn a_sent_secret_never_shows(secret in "[A-Za-z0-9._~-]{16,60}", before in "[ -~]{0,40}", cut in 0_usize..120) {
            let whole = format!("{before}{secret} tail");
            let cut = cut.min(whole.len());
            let shown = text(&whole[..cut], &[&secret]);
            prop_assert!(!shown.contains(&secret[..SHORTEST_PIECE + 6]) || before.contains(&secret[..SHORTEST_PIECE + 6]), "{}", shown);
        }
    }
}
