//! Reading a letter as its receiver does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A letter, decoded.
#[derive(Debug)]
pub struct Received {
    pub headers: String,
    pub subject: String,
    pub to: String,
    pub message_id: String,
    pub text: String,
    pub html: String,
}

impl Received {
    pub fn read(raw: &str) -> Self {
        let (headers, body) = raw.split_once("\n\n").unwrap();
        let unfolded = headers.replace("\n ", " ").replace("\n\t", " ");
        let boundary = unfolded
            .split("boundary=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .unwrap();
        let part = |kind: &str| {
            let edge = format!("--{boundary}");
            let found = body.split(&edge).find(|part| part.contains(kind));
            found.map(decode_part).unwrap_or_default()
        };
        Self {
            subject: decode_words(&header(&unfolded, "Subject")),
            to: header(&unfolded, "To"),
            message_id: header(&unfolded, "Message-ID"),
            text: part("text/plain"),
            html: part("text/html"),
            headers: unfolded,
        }
    }

    /// The invitation's link in it.
    pub fn link(&self) -> String {
        let start = self.text.find("http").expect("a link");
        self.text[start..].lines().next().unwrap().trim().to_owned()
    }
}

fn header(headers: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    let line = headers.lines().find_map(|line| line.strip_prefix(&prefix));
    line.unwrap_or_default().to_owned()
}

fn decode_part(part: &str) -> String {
    let (headers, body) = part.trim_start().split_once("\n\n").unwrap();
    let body = body.trim_end();
    if headers.contains("quoted-printable") {
        String::from_utf8(quoted(body, false)).unwrap()
    } else if headers.contains("base64") {
        let packed: String = body.split_whitespace().collect();
        String::from_utf8(STANDARD.decode(packed).unwrap()).unwrap()
    } else {
        body.to_owned()
    }
}

fn quoted(text: &str, in_word: bool) -> Vec<u8> {
    let text = text.replace("=\n", "");
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'=' => {
                let (code, after) = rest.split_at(2);
                out.push(u8::from_str_radix(std::str::from_utf8(code).unwrap(), 16).unwrap());
                rest = after;
            }
            b'_' if in_word => out.push(b' '),
            other => out.push(other),
        }
    }
    out
}

/// RFC 2047.
fn decode_words(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("=?utf-8?") {
        if !before.trim().is_empty() {
            out.extend_from_slice(before.as_bytes());
        }
        let (kind, after) = after.split_at(2);
        let (word, after) = after.split_once("?=").unwrap();
        out.extend(if kind.eq_ignore_ascii_case("b?") {
            STANDARD.decode(word).unwrap()
        } else {
            quoted(word, true)
        });
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    String::from_utf8(out).unwrap()
}
