//! How deep a JSON text nests, seen before it is parsed.

/// Objects and lists within each other (`reference` security section 8).
const DEEPEST: usize = 32;

/// Whether nothing nests deeper than 32. What is no JSON may be called shallow; the parser says the rest.
pub fn is_shallow(text: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_shallow;

    #[test]
    fn thirty_two_levels_are_the_most() {
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert!(is_shallow(nested(32).as_bytes()));
        assert!(!is_shallow(nested(33).as_bytes()));
        assert!(!is_shallow("{\"a\":".repeat(33).as_bytes()));
        let beside = "[],".repeat(100);
        assert!(is_shallow(beside.as_bytes()));
    }

    #[test]
    fn brackets_in_a_text_do_not_nest() {
        let text = format!("[\"{}\\\"{}\"]", "[".repeat(50), "{".repeat(50));
        assert!(is_shallow(text.as_bytes()));
    }
}
