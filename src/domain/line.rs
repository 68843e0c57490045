//! One line as somebody typed it, and the words of a list.

/// Trimmed; what cannot be shown or stored (control characters, NUL among them) is a blank, and so is what would turn round
/// the text beside it (bidirectional embeddings, overrides and isolates, Unicode annex 9).
pub fn plain(typed: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown: String = typed
        .chars()
        .map(|c| if c.is_control() || turns(c) { ' ' } else { c })
        .collect();
    shown.trim().to_owned()
}

/// The words of a list, however they are separated: by commas, semicolons, blanks, ends of lines, or a NUL, which no word has.
pub fn words(typed: &str) -> impl Iterator<Item = &str> {
    typed
        .split(|c: char| matches!(c, ',' | ';' | '\0') || c.is_whitespace())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_read_however_they_are_separated() {
        let read: Vec<_> = super::words("a@x.example, b;\r\n\tc\0,").collect();
        assert_eq!(read, ["a@x.example", "b", "c"]);
    }

    #[test]
    fn what_cannot_be_stored_is_a_blank() {
        assert_eq!(super::plain(" a\0b\n"), "a b");
        assert_eq!(super::plain("\0"), "");
        assert_eq!(super::plain("\u{202e}evil"), "evil");
    }
}
