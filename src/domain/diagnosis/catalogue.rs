//! The table of AADSTS numbers, compiled in. It explains a number; it must never decide alone
//! whether a thing it does not know may be repeated.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::category::Category;
use super::party::{Retryable, WhoActs};

/// The table as maintained: one row per number, its columns named in the first line.
const TABLE: &str = include_str!("aadsts.csv");

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Row")]
pub struct Entry {
    pub code: u32,
    /// Microsoft's own name of the number.
    pub name: String,
    pub category: Category,
    pub retryable: Retryable,
    pub who_acts: WhoActs,
    /// What it means, for somebody who knows the protocol.
    pub meaning: String,
    /// What to do, in a sentence or two.
    pub remedy: String,
    /// Whether the row's meaning was documented or seen, and not only recalled.
    pub confirmed: bool,
}

/// The row as it stands in the file.
#[derive(serde::Deserialize)]
struct Row {
    code: u32,
    name: String,
    category: String,
    retryable: String,
    who_acts: String,
    meaning_short: String,
    remedy_short: String,
    source: String,
}

impl TryFrom<Row> for Entry {
    type Error = String;

    fn try_from(row: Row) -> Result<Self, String> {
        let text = |error: &dyn std::fmt::Display| format!("code {}: {error}", row.code);
        Ok(Self {
            category: row.category.parse().map_err(|error| text(&error))?,
            retryable: row.retryable.parse().map_err(|error| text(&error))?,
            who_acts: row.who_acts.parse().map_err(|error| text(&error))?,
            confirmed: !row.source.contains("unconfirmed")
                && !row.meaning_short.contains("unconfirmed"),
            code: row.code,
            name: row.name,
            meaning: row.meaning_short,
            remedy: row.remedy_short,
        })
    }
}

static ENTRIES: LazyLock<HashMap<u32, Entry>> = LazyLock::new(|| {
    rows()
        .map(|row| row.expect("the table is compiled in, and a unit test parses every row"))
        .map(|entry| (entry.code, entry))
        .collect()
});

fn rows() -> impl Iterator<Item = Result<Entry, csv::Error>> {
    csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize()
}

/// What is known about one AADSTS number.
pub fn entry(code: u32) -> Option<&'static Entry> {
    ENTRIES.get(&code)
}

/// The whole table, ordered by number.
pub fn catalogue() -> Vec<&'static Entry> {
    let mut all: Vec<_> = ENTRIES.values().collect();
    all.sort_by_key(|entry| entry.code);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_parses_and_no_number_comes_twice() {
        let rows: Vec<Entry> = rows()
            .collect::<Result<_, _>>()
            .expect("every row names known categories, parties and retries");
        assert_eq!(rows.len(), TABLE.lines().count() - 1);
        assert_eq!(rows.len(), catalogue().len(), "a number stands there twice");
        assert!(rows.iter().all(|row| !row.name.is_empty()));
        assert!(rows.iter().all(|row| !row.meaning.is_empty()));
        assert!(rows.iter().all(|row| !row.remedy.is_empty()));
    }

    #[test]
    fn the_table_uses_every_category() {
        for category in Category::ALL {
            assert!(
                catalogue().iter().any(|row| row.category == category),
                "{category:?} has no row"
            );
        }
    }

    #[test]
    fn a_recalled_row_is_not_confirmed() {
        assert!(entry(50173).is_some_and(|row| row.confirmed));
        assert!(entry(650_053).is_some_and(|row| !row.confirmed));
        assert!(entry(1).is_none());
    }
}
