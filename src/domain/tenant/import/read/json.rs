//! A JSON list of objects with the columns' names as keys.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;

use super::super::column::Column;
use super::{MOST_ROWS, ReadError, Sheet, Typed};

pub(super) fn read(text: &str) -> Result<Sheet, ReadError> {
    let items: Vec<Item> = serde_json::from_str(text).map_err(|error| match error.classify() {
        Category::Data => ReadError::NoList,
        _ => ReadError::Json(error.line(), error.column()),
    })?;
    if items.len() > MOST_ROWS {
        return Err(ReadError::TooManyRows);
    }
    let mut sheet = Sheet::default();
    for (number, item) in (1..).zip(items) {
        let mut row = Typed::new(number);
        match item {
            Item::Row(Members(members)) => fill(&mut row, members, &mut sheet),
            Item::Odd(_) => row.refuse(
                "row",
                "Write an object: {\"short_name\": \"…\", …}".to_owned(),
            ),
        }
        sheet.rows.push(row);
    }
    Ok(sheet)
}

fn fill(row: &mut Typed, members: Vec<(String, Value)>, sheet: &mut Sheet) {
    let mut seen = BTreeSet::new();
    for (key, value) in members {
        let Some(column) = Column::from_head(&key) else {
            sheet.leave_aside(&key);
            continue;
        };
        if !seen.insert(column.as_str()) {
            row.refuse(
                column.as_str(),
                "It stands twice in this row. Remove one of them.".to_owned(),
            );
            continue;
        }
        match text_of(value) {
            Ok(Some(text)) => row.set(column, text),
            Ok(None) => {}
            Err(()) => row.refuse(
                column.as_str(),
                "Write text in quotation marks, or a list of such texts.".to_owned(),
            ),
        }
    }
}

/// One of the list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Item {
    Row(Members),
    Odd(IgnoredAny),
}

/// An object's members as they stand there. A map would keep the last of those with one name, without a word.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Each)
    }
}

/// None for null, which says nothing.
fn text_of(value: Value) -> Result<Option<String>, ()> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Array(parts) => {
            let mut texts = Vec::with_capacity(parts.len());
            for part in parts {
                let Value::String(text) = part else {
                    return Err(());
                };
                texts.push(text);
            }
            Ok(Some(texts.join(" ")))
        }
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_texts_are_read_alike_and_null_says_nothing() {
        let sheet = read(
            r#"[{"short_name":"alder","tags":["gold","emea"],"domain":null},{"short_name":"birch","tags":"gold, emea"}]"#,
        )
        .unwrap();
        assert_eq!(sheet.rows[0].get(Column::Tags), Some("gold emea"));
        assert_eq!(sheet.rows[0].get(Column::Domain), None);
        assert_eq!(sheet.rows[1].get(Column::Tags), Some("gold, emea"));
    }

    #[test]
    fn what_is_no_list_of_objects_says_so() {
        assert_eq!(read("{}"), Err(ReadError::NoList));
        assert_eq!(read("[{]"), Err(ReadError::Json(1, 3)));
        for twice in [
            r#"{"short_name":"alder","domain":"a.example","Domain":"b.example"}"#,
            r#"{"short_name":"alder","domain":null,"domain":"b.example"}"#,
        ] {
            let sheet = read(&format!("[{{\"short_name\":\"birch\"}},{twice}]")).unwrap();
            assert!(sheet.rows[0].problem.is_none());
            assert_eq!(sheet.rows[1].problem.as_ref().unwrap().field, "domain");
        }
        for odd in [r#"["\ud800"]"#, "[1e999]"] {
            assert!(matches!(read(odd), Err(ReadError::Json(1, _))), "{odd}");
        }
        let sheet =
            read(r#"[7,{"short_name":{"a":1}},{"short_name":"a","colour":"red"}]"#).unwrap();
        assert_eq!(sheet.rows[0].problem.as_ref().unwrap().field, "row");
        assert_eq!(sheet.rows[1].problem.as_ref().unwrap().field, "short_name");
        assert_eq!(sheet.left_aside, ["colour"]);
    }
}
