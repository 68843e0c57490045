//! Search patterns for `ilike`, with what was typed taken literally.

/// The pattern that finds `text` anywhere; its own `%`, `_` and `\\` stand for themselves.
pub fn contains(text: &str) -> String {
    between("%", text)
}

/// The pattern that finds `text` in a column with a blank before every word: anywhere, or, of fewer than three characters,
/// at the beginning of a word. Shorter pieces have no trigram, and would read every row; signs begin no word, and do.
pub fn search_pattern(text: &str) -> String {
    let short = text.chars().count() < 3 && text.chars().all(char::is_alphanumeric);
    between(if short { "% " } else { "%" }, text)
}

fn between(before: &str, text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 3);
    pattern.push_str(before);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_piece_is_sought_where_words_begin() {
        assert_eq!(search_pattern("ab"), "% ab%");
        assert_eq!(search_pattern("abc"), "%abc%");
        assert_eq!(search_pattern("_"), "%\\_%");
    }

    #[test]
    fn wildcards_are_taken_literally() {
        assert_eq!(contains("50%_a\\b"), "%50\\%\\_a\\\\b%");
    }
}
