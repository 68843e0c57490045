//! The HTTP status that an error text tells, in the words of common HTTP clients.

use crate::domain::diagnosis::scan::Text;

/// The last status that the text tells.
pub(super) fn status(text: &Text) -> Option<u16> {
    const BEFORE: [&str; 16] = [
        "status code",
        "statuscode",
        "status-code",
        "http_status",
        "status",
        "http error",
        "http",
        "http/1.1",
        "http/2",
        "http/1.0",
        "returned error",
        "returned an error",
        "response code",
        "indicate success",
        "error",
        "code",
    ];
    const AFTER: [&str; 4] = [" server error", " client error", " error: ", ")"];
    let after_label = BEFORE.into_iter().flat_map(|label| {
        text.flat.match_indices(label).filter_map(|(at, label)| {
            let rest = text.flat.get(at + label.len()..)?;
            let rest = rest.trim_start_matches([' ', ':', '=', '"', '\'', '`', '(', '>', '[']);
            Some((at, three_digits(rest)?))
        })
    });
    let before_word = AFTER.into_iter().flat_map(|word| {
        text.flat.match_indices(word).filter_map(move |(at, _)| {
            let start = at.checked_sub(3)?;
            let opening = text.flat.get(..start)?.chars().next_back().unwrap_or(' ');
            // `(429)` is a status, the column in `(app.js:12:429)` none.
            let stands_alone = opening == '(' || (opening == ' ' && word != ")");
            let status = three_digits(text.flat.get(start..)?)?;
            stands_alone.then_some((at, status))
        })
    });
    after_label
        .chain(before_word)
        .max_by_key(|(at, _)| *at)
        .map(|(_, status)| status)
}

/// An HTTP status at the start of `text`, with no digit behind it.
fn three_digits(text: &str) -> Option<u16> {
    let (digits, rest) = text.split_at_checked(3)?;
    let whole = !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
    let status = digits.parse().ok().filter(|_| whole)?;
    (100..600).contains(&status).then_some(status)
}
