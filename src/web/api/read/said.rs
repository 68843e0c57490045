//! What serde says of a field, in our words: the field, and what it should be; never what was sent.

/// `place`: the field, such as `tags[2]`; `.` or nothing when it is the whole.
pub fn sentence(place: &str, said: &str) -> String {
    let said = said.split(" at line").next().unwrap_or_default();
    let expected = said.rsplit_once(", expected ").map(|(_, what)| what);
    if let Some(field) = said.strip_prefix("missing field ") {
        return format!("{field} is missing.");
    }
    if let Some(field) = said.strip_prefix("duplicate field ") {
        return format!("{field} comes twice.");
    }
    // Before ", expected" stands what was sent, and somebody sends a key in the wrong place.
    if said.starts_with("unknown field ") {
        let known = expected.unwrap_or("no field");
        return format!("The body has a field that this call does not know; expected {known}.");
    }
    if expected.is_some_and(|what| what.starts_with("struct ")) {
        return format!(
            "{} is a JSON object with named fields.",
            named(place, "The body")
        );
    }
    let name = named(place, "A field");
    if said.starts_with("unknown variant ") {
        let known = expected.unwrap_or("another word");
        return format!("{name} has an odd value; expected {known}.");
    }
    if said.starts_with("invalid ") || said.contains("in string") || said.contains("integer") {
        let expected = plainly(expected.unwrap_or("u64"));
        return format!("{name} has an odd value; expected {expected}.");
    }
    if said.contains("`true` or `false`") {
        return format!("{name} has an odd value; expected true or false.");
    }
    if said.starts_with("number too") {
        return format!("{name} is out of range.");
    }
    // Ours: the types of the API say what they take and quote nothing.
    format!("{name} has an odd value: {said}.")
}

/// A type of Rust as everybody would call it.
fn plainly(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" => "a whole number, not negative and not too large",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a sequence" => "a list",
        "a boolean" => "true or false",
        other => other,
    }
}

/// When nothing is known but the place.
pub fn odd(place: &str) -> String {
    format!(
        "{} has an odd value; /api/docs says what it takes.",
        named(place, "The body")
    )
}

fn named(place: &str, whole: &str) -> String {
    match place {
        "" | "." => whole.to_owned(),
        place => format!("`{place}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_not_said_again() {
        let said = sentence(
            "count",
            "invalid type: string \"my secret\", expected u32 at line 1 column 9",
        );
        assert_eq!(
            said,
            "`count` has an odd value; expected a whole number, not negative and not too large."
        );
        let said = sentence(
            "pk_secret",
            "unknown field `pk_secret`, expected `name` or `count`",
        );
        assert_eq!(
            said,
            "The body has a field that this call does not know; expected `name` or `count`."
        );
        let said = sentence(
            "resource",
            "unknown variant `pk_secret`, expected `graph` or `azure`",
        );
        assert_eq!(
            said,
            "`resource` has an odd value; expected `graph` or `azure`."
        );
        let said = sentence(
            ".",
            "invalid type: sequence, expected struct Asked with 3 elements",
        );
        assert_eq!(said, "The body is a JSON object with named fields.");
        let said = sentence("limit", "number too large to fit in target type");
        assert_eq!(said, "`limit` is out of range.");
        let said = sentence("state", "it is one of: a, b");
        assert_eq!(said, "`state` has an odd value: it is one of: a, b.");
        assert_eq!(sentence(".", "missing field `name`"), "`name` is missing.");
    }
}
