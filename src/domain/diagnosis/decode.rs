//! From any bytes to readable text: the wrappers in which errors arrive are peeled off without
//! parsing any of them as a whole, since what people paste is usually cut or broken somewhere.

use std::borrow::Cow;

mod escapes;
mod markup;
mod urlencoded;

/// JSON inside JSON inside a percent-encoded redirect is the deepest nesting seen; one to spare.
const LAYERS: usize = 4;

/// The text behind `raw`, its line ends `\n`, without control characters, colours and markup.
pub(super) fn decode(raw: &[u8]) -> String {
    let mut text = printable(&characters(raw));
    for _ in 0..LAYERS {
        let next = urlencoded::decode(&escapes::decode(&markup::entities(&text)));
        if next == text {
            break;
        }
        text = next;
    }
    printable(&markup::without_tags(&text))
}

/// UTF-8, or UTF-16 as `Out-File` of Windows PowerShell writes it.
fn characters(raw: &[u8]) -> Cow<'_, str> {
    let (little, body) = match raw {
        [0xFF, 0xFE, body @ ..] => (true, body),
        [0xFE, 0xFF, body @ ..] => (false, body),
        _ => return String::from_utf8_lossy(raw),
    };
    let units = body.as_chunks::<2>().0.iter().map(|pair| {
        if little {
            u16::from_le_bytes(*pair)
        } else {
            u16::from_be_bytes(*pair)
        }
    });
    Cow::Owned(
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// Drops terminal colours and control characters, and makes every line end `\n`.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.next_if_eq(&'[').is_some() => {
                // A colour is `ESC [ digits ; digits letter`.
                while characters
                    .next_if(|c| c.is_ascii_digit() || *c == ';')
                    .is_some()
                {}
                characters.next_if(char::is_ascii_alphabetic);
            }
            '\r' => {
                characters.next_if_eq(&'\n');
                out.push('\n');
            }
            '\t' | '\u{a0}' | '\u{feff}' => out.push(' '),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\n' => out.push('\n'),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peels_json_inside_json_inside_a_redirect() {
        assert_eq!(
            decode(br#"{"error":"{\"message\":\"AADSTS1: a\\r\\nb\"}"}"#),
            r#"{"error":"{"message":"AADSTS1: a
b"}"}"#
        );
        assert_eq!(
            decode(b"http://localhost/?error=x&error_description=AADSTS65004%253a+no%2bway"),
            "http://localhost/?error=x\nerror_description=AADSTS65004: no+way"
        );
    }

    #[test]
    fn reads_utf_16_and_drops_colours() {
        let utf16: Vec<u8> = [0xFF, 0xFE]
            .into_iter()
            .chain("AADSTS50076".encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        assert_eq!(decode(&utf16), "AADSTS50076");
        assert_eq!(decode(b"\x1b[31;1mAADSTS\x1b[0m50076\r\n"), "AADSTS50076\n");
    }

    #[test]
    fn reads_a_page_and_leaves_placeholders_in_messages() {
        assert_eq!(
            decode(b"<html><p>Error Code:<b> 53003</b><br/>Request&nbsp;Id: &quot;x&quot;"),
            "\n\nError Code: 53003\nRequest Id: \"x\""
        );
        assert_eq!(decode(b"the user <account ID>"), "the user <account ID>");
    }
}
