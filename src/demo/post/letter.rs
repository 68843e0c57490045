//! Reading a letter of ours: to whom, about what, and its text. What is odd is shown as it came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A letter for the eye.
#[derive(Debug, PartialEq, Eq)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Letter {
    pub fn read(raw: &str) -> Self {
        let (headers, body) = raw.split_once("\n\n").unwrap_or((raw, ""));
        let headers = headers.replace("\n ", " ").replace("\n\t", " ");
        let header = |name: &str| {
            let value = headers.lines().find_map(|line| line.strip_prefix(name));
            words(value.unwrap_or_default().trim())
        };
        Self {
            to: header("To:"),
            subject: header("Subject:"),
            text: plain(&headers, body),
        }
    }
}

/// The part that is plain text, or all of it.
fn plain(headers: &str, body: &str) -> String {
    let boundary = headers
        .split_once("boundary=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(boundary, _)| format!("--{boundary}"));
    let part = boundary.and_then(|mark| {
        let mut parts = body.split(mark.as_str());
        parts.find_map(|part| {
            let (about, text) = part.trim_start().split_once("\n\n")?;
            about
                .contains("text/plain")
                .then(|| decoded(about, text.trim_end()))
        })
    });
    part.unwrap_or_else(|| decoded(headers, body.trim_end()))
}

fn decoded(about: &str, text: &str) -> String {
    let about = about.to_ascii_lowercase();
    let bytes = if about.contains("quoted-printable") {
        Some(quoted(&text.replace("=\n", ""), false))
    } else if about.contains("base64") {
        let packed: String = text.split_whitespace().collect();
        STANDARD.decode(packed).ok()
    } else {
        None
    };
    bytes.map_or_else(
        || text.to_owned(),
        |bytes| String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
    )
}

/// Quoted-printable; in a header's word an underscore is a blank.
fn quoted(text: &str, in_word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [b'=', high, low, after @ ..] => {
                let code = [*high, *low];
                let code = std::str::from_utf8(&code).ok();
                match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
                    Some(byte) => out.push(byte),
                    None => out.extend([b'=', *high, *low]),
                }
                after
            }
            [b'_', after @ ..] if in_word => {
                out.push(b' ');
                after
            }
            [byte, after @ ..] => {
                out.push(*byte);
                after
            }
            [] => return out,
        };
    }
}

/// Words of a header that are not ASCII (RFC 2047).
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, word, after)) = next_word(rest) {
        // Blanks between two such words are none.
        if !before.trim().is_empty() {
            out.push_str(before);
        }
        out.push_str(&word);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn next_word(text: &str) -> Option<(&str, String, &str)> {
    let (before, rest) = text.split_once("=?utf-8?")?;
    let (kind, rest) = rest.split_once('?')?;
    let (word, after) = rest.split_once("?=")?;
    let bytes = if kind.eq_ignore_ascii_case("b") {
        STANDARD.decode(word).ok()?
    } else {
        quoted(word, true)
    };
    let word = String::from_utf8_lossy(&bytes).into_owned();
    Some((before, word, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_two_parts_is_read_as_text() {
        let raw = "To: it@contoso.example\nSubject: =?utf-8?b?R3LDvMOfZQ==?=\n =?utf-8?q?_von_=C3=84nne?=\n\
            Content-Type: multipart/alternative;\n boundary=\"xyz\"\n\n--xyz\nContent-Type: text/plain; charset=utf-8\n\
            Content-Transfer-Encoding: quoted-printable\n\nBitte =C3=B6ffnen:\nhttp://localhost/onbo=\narding/x\n--xyz\n\
            Content-Type: text/html\n\n<p>no</p>\n--xyz--\n";
        assert_eq!(
            Letter::read(raw),
            Letter {
                to: "it@contoso.example".into(),
                subject: "Grüße von Änne".into(),
                text: "Bitte öffnen:\nhttp://localhost/onboarding/x".into(),
            }
        );
    }

    #[test]
    fn what_is_odd_is_shown_as_it_came() {
        for raw in ["", "no header", "Subject: =?utf-8?b?*?=\n\n=Z", "a\n\n=?"] {
            let letter = Letter::read(raw);
            assert!(letter.text.len() <= raw.len(), "{letter:?}");
        }
        assert_eq!(Letter::read("Subject: a\n\n50 = 50").text, "50 = 50");
    }
}
