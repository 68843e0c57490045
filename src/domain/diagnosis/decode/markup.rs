//! HTML: entities and tags. Only tags that HTML has are dropped, because Microsoft's messages
//! hold placeholders in angle brackets.

/// Longer than any tag of an error page; what is longer stays as text.
const LONGEST_TAG: usize = 4096;

/// Entities that stand in error pages and in escaped JSON inside them.
const ENTITIES: [(&str, &str); 9] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", " "),
    ("&amp;", "&"),
];

/// Tags that stand inside a line.
const INLINE: [&str; 14] = [
    "a", "b", "code", "em", "font", "i", "img", "input", "label", "small", "span", "strong", "tt",
    "u",
];

/// Tags that end a line.
const BLOCK: [&str; 34] = [
    "!doctype", "body", "br", "button", "center", "div", "footer", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "head", "header", "hr", "html", "li", "link", "main", "meta", "noscript", "ol",
    "p", "pre", "script", "section", "style", "table", "td", "title", "tr", "ul",
];

pub(super) fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('&');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        // `split` took the ampersand; the table has it.
        let known = ENTITIES
            .iter()
            .find_map(|(entity, meaning)| Some((piece.strip_prefix(entity.get(1..)?)?, meaning)));
        if let Some((rest, meaning)) = known {
            out.push_str(meaning);
            out.push_str(rest);
        } else {
            out.push('&');
            out.push_str(piece);
        }
    }
    out
}

pub(super) fn without_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pieces = text.split('<');
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        if let Some((block, rest)) = after_tag(piece) {
            out.push_str(if block { "\n" } else { "" });
            out.push_str(rest);
        } else {
            out.push('<');
            out.push_str(piece);
        }
    }
    out
}

/// What follows when `piece`, the text after a `<`, begins with a tag; and whether it ends a line.
fn after_tag(piece: &str) -> Option<(bool, &str)> {
    let name = piece.strip_prefix('/').unwrap_or(piece);
    let length = name
        .bytes()
        .take(9)
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'!')
        .count();
    let name = name.get(..length)?.to_ascii_lowercase();
    let block = BLOCK.contains(&name.as_str());
    if !block && !INLINE.contains(&name.as_str()) {
        return None;
    }
    let end = piece
        .bytes()
        .take(LONGEST_TAG)
        .position(|byte| byte == b'>')?;
    Some((block, piece.get(end + 1..)?))
}
