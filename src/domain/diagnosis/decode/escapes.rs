//! Backslash escapes of JSON, Python, JavaScript and C, and the doubled quotes of CSV, C# and
//! PowerShell. A backslash before anything else (a Windows path) stays.

use std::iter::Peekable;
use std::str::Chars;

pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = rest.next() {
        match character {
            '\\' => escaped(&mut rest, &mut out),
            '"' if rest.peek() == Some(&'"') && is_doubled(before, &rest) => {
                rest.next();
                out.push('"');
            }
            other => out.push(other),
        }
        before = character;
    }
    out
}

/// `""error""` is a doubled quote, `"suberror":"",` an empty value.
fn is_doubled(before: char, rest: &Peekable<Chars<'_>>) -> bool {
    let after = rest.clone().nth(1);
    before.is_alphanumeric() || after.is_some_and(char::is_alphanumeric)
}

fn escaped(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match rest.peek() {
        Some('n') => out.push('\n'),
        Some('r') => out.push('\r'),
        Some('t') => out.push(' '),
        Some(&quoted @ ('"' | '\'' | '/' | '\\' | '`')) => out.push(quoted),
        Some('u') => return hexadecimal(rest, out, 4),
        Some('x') => return hexadecimal(rest, out, 2),
        _ => return out.push('\\'),
    }
    rest.next();
}

/// `\u0022` or `\x22`; halves of a surrogate pair become the replacement character, which no
/// rule cares about.
fn hexadecimal(rest: &mut Peekable<Chars<'_>>, out: &mut String, digits: usize) {
    let value: String = rest.clone().skip(1).take(digits).collect();
    let complete = value.len() == digits && value.chars().all(|c| c.is_ascii_hexdigit());
    match u32::from_str_radix(&value, 16) {
        Ok(number) if complete => {
            out.push(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest.nth(digits);
        }
        _ => out.push('\\'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_is_an_escape_and_nothing_else() {
        assert_eq!(decode(r#"\u0027a\u0027 \x41 \/ \""#), r#"'a' A / ""#);
        assert_eq!(decode(r"C:\AZURE \uZZZZ \u12"), r"C:\AZURE \uZZZZ \u12");
        assert_eq!(
            decode(r#"{""error"":""a"",""suberror"":""}"#),
            r#"{"error":"a","suberror":""}"#
        );
        assert_eq!(
            decode(r#"{"suberror":"","b":"c"}"#),
            r#"{"suberror":"","b":"c"}"#
        );
        assert_eq!(decode("\\"), "\\");
    }
}
