//! One line as somebody typed it.

/// Trimmed; what cannot be shown or stored (control characters, NUL among them) is a blank.
pub fn plain(typed: &str) -> String {
    let shown: String = typed
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_cannot_be_stored_is_a_blank() {
        assert_eq!(super::plain(" a\0b\n"), "a b");
        assert_eq!(super::plain("\0"), "");
    }
}
