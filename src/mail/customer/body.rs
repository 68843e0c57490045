//! From a text with placeholders to paragraphs, lists and the link.

use std::borrow::Cow;

/// A part of a body, its values put in.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// The lines of a paragraph.
    Text(Vec<String>),
    List(Vec<String>),
    /// The link on a line of its own.
    Link,
}

/// `text` with its values, each on one line; the list's lines are joined by `join`. What names no value stays as it is.
pub fn fill(text: &str, values: &[(&'static str, String)], join: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| {
            let (name, value) = values.iter().find(|(known, _)| *known == name)?;
            let join = if *name == "resources" { join } else { " " };
            Some((one_line(value, join), after))
        });
        if let Some((value, after)) = known {
            out.push_str(&value);
            rest = after;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

fn one_line<'a>(value: &'a str, join: &str) -> Cow<'a, str> {
    if value.contains('\n') {
        Cow::Owned(value.lines().collect::<Vec<_>>().join(join))
    } else {
        Cow::Borrowed(value)
    }
}

/// The parts of a body.
pub fn blocks(body: &str, values: &[(&'static str, String)]) -> Vec<Block> {
    let mut all = Vec::new();
    for line in body.lines() {
        let line = line.trim();
        if line.is_empty() {
            all.push(Block::Text(Vec::new()));
        } else if line == "{link}" {
            all.push(Block::Link);
        } else if line == "{resources}" {
            let value = values.iter().find(|(name, _)| *name == "resources");
            let items = value.map_or("", |(_, value)| value).lines();
            all.push(Block::List(items.map(str::to_owned).collect()));
        } else if let Some(item) = line.strip_prefix("- ") {
            let item = fill(item, values, ", ");
            match all.last_mut() {
                Some(Block::List(items)) => items.push(item),
                _ => all.push(Block::List(vec![item])),
            }
        } else {
            let line = fill(line, values, ", ").trim().to_owned();
            match all.last_mut() {
                Some(Block::Text(lines)) => lines.push(line),
                _ => all.push(Block::Text(vec![line])),
            }
        }
    }
    all.retain(|block| match block {
        Block::Text(lines) => lines.iter().any(|line| !line.is_empty()),
        Block::List(items) => !items.is_empty(),
        Block::Link => true,
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_and_the_link_are_told_apart() {
        let values = [("x", "1\r\n2".to_owned()), ("resources", "a\nb".to_owned())];
        let text = |lines: &[&str]| Block::Text(lines.iter().map(|&one| one.into()).collect());
        let list = |items: &[&str]| Block::List(items.iter().map(|&one| one.into()).collect());
        assert_eq!(
            blocks(
                "One {x}\ntwo\n\n\n- p\n- q {x}\n\n{link}\n{resources}\n{none}",
                &values
            ),
            [
                text(&["One 1 2", "two"]),
                list(&["p", "q 1 2"]),
                Block::Link,
                list(&["a", "b"]),
                text(&["{none}"]),
            ]
        );
    }
}
