//! A text with placeholders, `{so}`, and nothing else but `**strong**`. What is put in is text and stays text: it is escaped
//! in HTML, and a placeholder or an asterisk within it means nothing.

use std::fmt;

use askama::FastWritable;
use askama::filters::HtmlSafe;
use serde::Deserialize;

/// A text of the book, as written by us.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Phrase(String);

/// A phrase with its values.
#[derive(Clone, Debug)]
pub struct Filled<'a> {
    phrase: &'a str,
    values: Vec<(&'static str, String)>,
}

impl Phrase {
    /// As it stands in the book.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With a value in place of `{name}`.
    pub fn with(&self, name: &'static str, value: impl fmt::Display) -> Filled<'_> {
        self.filled().with(name, value)
    }

    /// Plain, without placeholders.
    pub fn text(&self) -> String {
        self.filled().text()
    }

    fn filled(&self) -> Filled<'_> {
        Filled {
            phrase: &self.0,
            values: Vec::new(),
        }
    }
}

impl Filled<'_> {
    /// With one more value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// As plain text.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.pieces(|piece| match piece {
            Piece::Ours(text) => out.push_str(&text.replace("**", "")),
            Piece::Value(text) => out.push_str(text),
        });
        out
    }

    fn html(&self) -> String {
        let mut out = String::new();
        let mut strong = false;
        self.pieces(|piece| match piece {
            Piece::Ours(text) => {
                for (index, part) in text.split("**").enumerate() {
                    if index > 0 {
                        out.push_str(if strong { "</strong>" } else { "<strong>" });
                        strong = !strong;
                    }
                    escape(part, &mut out);
                }
            }
            Piece::Value(text) => escape(text, &mut out),
        });
        out
    }

    fn pieces(&self, mut each: impl FnMut(Piece<'_>)) {
        let mut rest = self.phrase;
        while let Some((before, after)) = rest.split_once('{') {
            each(Piece::Ours(before));
            let Some((name, after)) = after.split_once('}') else {
                each(Piece::Ours("{"));
                rest = after;
                continue;
            };
            let value = self.values.iter().find(|(known, _)| *known == name);
            debug_assert!(value.is_some(), "{name} has no value in {}", self.phrase);
            each(Piece::Value(value.map_or("", |(_, value)| value)));
            rest = after;
        }
        each(Piece::Ours(rest));
    }
}

enum Piece<'a> {
    Ours(&'a str),
    Value(&'a str),
}

/// Write `text` so that HTML shows it as it is, in an element or a quoted attribute.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&#60;"),
            '>' => out.push_str("&#62;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.filled().html())
    }
}

impl fmt::Display for Filled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.html())
    }
}

impl FastWritable for Phrase {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(dest.write_str(&self.filled().html())?)
    }
}

impl FastWritable for Filled<'_> {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(dest.write_str(&self.html())?)
    }
}

// Both write HTML that is escaped already.
impl HtmlSafe for Phrase {}
impl HtmlSafe for Filled<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_stays_text() {
        let phrase = Phrase("**{msp}** & {tenant}".into());
        let filled = phrase.with("msp", "<b>{tenant}**").with("tenant", "O'Neil");
        assert_eq!(
            filled.to_string(),
            "<strong>&#60;b&#62;{tenant}**</strong> &#38; O&#39;Neil"
        );
        assert_eq!(filled.text(), "<b>{tenant}** & O'Neil");
    }
}
