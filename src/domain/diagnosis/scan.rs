//! Finding labelled values in decoded text, whatever quotes, colons and arrows stand between a
//! label and its value. Every search is one pass; every value has a bounded length.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Decoded text in the three shapes in which rules look at it.
pub(super) struct Text {
    /// As decoded.
    pub plain: String,
    /// ASCII lower case; the same offsets as `plain`.
    pub lower: String,
    /// Lower case with every run of white space one space, for phrases that a console wrapped.
    pub flat: String,
}

impl Text {
    pub(super) fn new(plain: String) -> Self {
        let lower = plain.to_ascii_lowercase();
        let mut flat = String::with_capacity(lower.len());
        for word in lower.split_whitespace() {
            flat.push_str(word);
            flat.push(' ');
        }
        Self { plain, lower, flat }
    }

    /// Where values of `label` (lower case) begin.
    pub(super) fn values<'a>(&'a self, label: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.lower
            .match_indices(label)
            .filter(|(at, _)| !self.is_inside_word(*at))
            .filter_map(|(at, label)| self.value_start(at + label.len()))
    }

    /// The value of any of `labels` that stands nearest to what is told at `at`: the first after
    /// it, else the last before it.
    pub(super) fn nearest<T>(
        &self,
        labels: &[&str],
        at: usize,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let (mut before, mut after) = (None::<(usize, T)>, None::<(usize, T)>);
        for start in labels.iter().flat_map(|label| self.values(label)) {
            let Some(value) = self.plain.get(start..).and_then(&read) else {
                continue;
            };
            if start < at {
                if before.as_ref().is_none_or(|(seen, _)| *seen < start) {
                    before = Some((start, value));
                }
            } else if after.as_ref().is_none_or(|(seen, _)| start < *seen) {
                after = Some((start, value));
            }
        }
        after.or(before).map(|(_, value)| value)
    }

    fn is_inside_word(&self, at: usize) -> bool {
        at.checked_sub(1)
            .and_then(|before| self.lower.as_bytes().get(before))
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    }

    /// Skips what stands between a label and its value: a closing quote or bracket, blanks, a
    /// colon, an equals sign or an arrow, an opening quote with Python's `u` or `b` before it.
    /// Without colon or equals sign it is no label.
    fn value_start(&self, end: usize) -> Option<usize> {
        let bytes = self.lower.as_bytes().get(end..)?;
        let between = bytes
            .iter()
            .take(24)
            .take_while(|byte| b" \n\"'`:=>[]*()-".contains(byte))
            .count();
        let skipped = bytes.get(..between)?;
        if !skipped.iter().any(|byte| b":=".contains(byte)) {
            return None;
        }
        let python = matches!(bytes.get(between..), Some([b'u' | b'b', b'\'' | b'"', ..]));
        Some(end + between + if python { 2 } else { 0 })
    }
}

/// A GUID at the start of `text`; a console may have broken its line inside.
pub(super) fn guid(text: &str) -> Option<String> {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let id: String = text
        .chars()
        .take(80)
        .filter(|character| !matches!(character, '\n' | ' '))
        .take(36)
        .collect();
    let fits = id.len() == 36
        && id.chars().enumerate().all(|(place, character)| {
            if DASHES.contains(&place) {
                character == '-'
            } else {
                character.is_ascii_hexdigit()
            }
        });
    fits.then(|| id.to_ascii_lowercase())
}

/// An instant at the start of `text`, as Microsoft writes them: `2026-03-02 08:15:42Z` or
/// `2026-03-02T08:15:42.1234567+00:00`; without a zone it is UTC.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    let date = text.get(..10)?;
    let time = text.get(11..19)?;
    let rest = text.get(19..).unwrap_or_default();
    let fraction: String = rest
        .chars()
        .take(10)
        .take_while(|character| character.is_ascii_digit() || *character == '.')
        .collect();
    let fraction = fraction.trim_end_matches('.');
    let zone = rest
        .get(fraction.len()..fraction.len() + 6)
        .filter(|zone| zone.starts_with(['+', '-']))
        .unwrap_or("Z");
    let parse = |zone| OffsetDateTime::parse(&format!("{date}T{time}{fraction}{zone}"), &Rfc3339);
    parse(zone).or_else(|_| parse("Z")).ok()
}

/// A word of letters, digits, `_` and `-` at the start of `text`, at most 64 characters long.
pub(super) fn word(text: &str) -> Option<&str> {
    let length = text
        .bytes()
        .take(65)
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
        .count();
    text.get(..length)
        .filter(|word| (1..=64).contains(&word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn finds_values_in_any_dress() {
        for text in [
            r#"{"trace_id":"x"}"#,
            "{u'trace_id': u'x'}",
            "trace_id=x",
            "[trace_id] => x",
            "trace_id: `x`",
        ] {
            let text = Text::new(text.to_owned());
            let found = text.nearest(&["trace_id"], 0, |value| word(value).map(str::to_owned));
            assert_eq!(found.as_deref(), Some("x"), "{}", text.plain);
        }
        let none = Text::new("my_trace_id: x, trace_id x".to_owned());
        assert_eq!(none.values("trace_id").count(), 0);
    }

    #[test]
    fn prefers_the_value_after_the_place() {
        let text = Text::new("id: a id: b HERE id: c id: d".to_owned());
        let at = text.plain.find("HERE").unwrap();
        let nearest = |at| text.nearest(&["id"], at, |value| word(value).map(str::to_owned));
        assert_eq!(nearest(at).as_deref(), Some("c"));
        assert_eq!(nearest(text.plain.len()).as_deref(), Some("d"));
    }

    #[test]
    fn reads_instants_with_and_without_fraction_and_zone() {
        let noon = datetime!(2026-03-02 12:00:00 UTC);
        for text in [
            "2026-03-02 12:00:00Z",
            "2026-03-02T12:00:00.0000000+00:00 and",
            "2026-03-02 13:00:00+01:00",
            "2026-03-02T12:00:00",
            "2026-03-02T12:00:00. More",
        ] {
            assert_eq!(instant(text), Some(noon), "{text}");
        }
        assert_eq!(instant("2026-13-02 12:00:00Z"), None);
        assert_eq!(instant("ä026-03-02 12:00:00Z"), None);
    }

    #[test]
    fn reads_a_guid_across_a_wrapped_line() {
        let id = "624f7355-f654-4e51-bf41-417b1c4b6200";
        assert_eq!(
            guid("624F7355-f654-4e51-bf4\n1-417b1c4b6200\"").as_deref(),
            Some(id)
        );
        assert_eq!(guid("703bc6a1-ad77-4b3b-a7ba-3aa6 Correlation"), None);
    }
}
