//! A JSON list of objects with the columns' names as keys.

use serde_json::{Map, Value};

use super::super::column::Column;
use super::{MOST_ROWS, ReadError, Sheet, Typed};

pub(super) fn read(text: &str) -> Result<Sheet, ReadError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| ReadError::Json(error.line(), error.column()))?;
    let Value::Array(items) = value else {
        return Err(ReadError::NoList);
    };
    if items.len() > MOST_ROWS {
        return Err(ReadError::TooManyRows);
    }
    let mut sheet = Sheet::default();
    for (number, item) in (1..).zip(items) {
        let mut row = Typed::new(number);
        match item {
            Value::Object(map) => fill(&mut row, map, &mut sheet)?,
            _ => row.refuse(
                "row",
                "Write an object: {\"short_name\": \"…\", …}".to_owned(),
            ),
        }
        sheet.rows.push(row);
    }
    Ok(sheet)
}

fn fill(row: &mut Typed, map: Map<String, Value>, sheet: &mut Sheet) -> Result<(), ReadError> {
    for (key, value) in map {
        let Some(column) = Column::from_head(&key) else {
            sheet.leave_aside(&key);
            continue;
        };
        if row.get(column).is_some() {
            return Err(ReadError::Twice(column.as_str()));
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
    Ok(())
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
        let sheet =
            read(r#"[7,{"short_name":{"a":1}},{"short_name":"a","colour":"red"}]"#).unwrap();
        assert_eq!(sheet.rows[0].problem.as_ref().unwrap().field, "row");
        assert_eq!(sheet.rows[1].problem.as_ref().unwrap().field, "short_name");
        assert_eq!(sheet.left_aside, ["colour"]);
    }
}
