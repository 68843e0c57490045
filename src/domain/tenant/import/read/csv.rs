//! CSV with commas, semicolons or tabs between the cells, whichever the first line uses.

use csv::{ErrorKind, ReaderBuilder, StringRecord};

use super::super::column::Column;
use super::{MOST_ROWS, ReadError, Sheet, Typed};
use crate::domain::cells;

pub(super) fn read(text: &str) -> Result<Sheet, ReadError> {
    let (delimiter, text, skipped) = said_delimiter(text);
    let delimiter = delimiter.unwrap_or_else(|| delimiter_of(text));
    // The reader would take everything after it as one cell, and the rows in it would be lost without a word.
    if let Some(byte) = unclosed(text, delimiter) {
        return Err(ReadError::Line(Lines::new(text, skipped).at(byte)));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let line = |line: u64| line + skipped;
    let mut lines = Lines::new(text, skipped);
    let head = match records.next() {
        None => return Err(ReadError::Empty),
        Some(head) => head.map_err(|error| ReadError::Line(line(line_of(&error))))?,
    };
    let mut sheet = Sheet::default();
    let columns = columns(&head, &mut sheet)?;
    for record in records {
        let record = record.map_err(|error| ReadError::Line(line(line_of(&error))))?;
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if sheet.rows.len() == MOST_ROWS {
            return Err(ReadError::TooManyRows);
        }
        let start = record.position().map_or(0, csv::Position::byte);
        let number = lines.at(start);
        sheet.rows.push(row(&record, &columns, number));
    }
    Ok(sheet)
}

/// Where a quotation mark opens a cell that no other closes. RFC 4180: it opens at the beginning of a cell, and two of them
/// within stand for one.
fn unclosed(text: &str, delimiter: u8) -> Option<u64> {
    let (mut opened, mut begins) = (None, true);
    let mut bytes = (0..).zip(text.bytes()).peekable();
    while let Some((place, byte)) = bytes.next() {
        match (opened, byte) {
            (Some(_), b'"') if bytes.peek().is_some_and(|(_, next)| *next == b'"') => {
                bytes.next();
            }
            (Some(_), b'"') => opened = None,
            (None, b'"') if begins => opened = Some(place),
            _ => {}
        }
        begins = byte == delimiter || byte == b'\n' || byte == b'\r';
    }
    opened
}

/// Lines counted as an editor counts them. The reader's own count takes a record to begin before the end of the line above it,
/// when that end has two bytes, and before empty lines.
struct Lines<'a> {
    rest: &'a [u8],
    passed: u64,
    line: u64,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, skipped: u64) -> Self {
        Self {
            rest: text.as_bytes(),
            passed: 0,
            line: 1 + skipped,
        }
    }

    /// The line of the first cell at or after this byte; asked in ascending order.
    fn at(&mut self, byte: u64) -> u64 {
        while let [first, rest @ ..] = self.rest {
            if self.passed >= byte && !matches!(first, b'\r' | b'\n') {
                break;
            }
            let ends = *first == b'\n' || *first == b'\r' && rest.first() != Some(&b'\n');
            self.line += u64::from(ends);
            self.passed += 1;
            self.rest = rest;
        }
        self.line
    }
}

/// Excel's own first line `sep=;`.
fn said_delimiter(text: &str) -> (Option<u8>, &str, u64) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    match first.trim_end_matches('\r').as_bytes() {
        [b's', b'e', b'p', b'=', delimiter @ (b',' | b';' | b'\t')] => (Some(*delimiter), rest, 1),
        _ => (None, text, 0),
    }
}

/// The one that the first line has most of.
fn delimiter_of(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.unwrap_or_default();
    [b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|one| first.bytes().filter(|byte| byte == one).count())
        .unwrap_or(b',')
}

fn columns(head: &StringRecord, sheet: &mut Sheet) -> Result<Vec<Option<Column>>, ReadError> {
    let mut columns: Vec<Option<Column>> = Vec::new();
    for cell in head {
        let name = cells::plain(cell);
        let column = Column::from_head(name);
        if let Some(column) = column
            && columns.contains(&Some(column))
        {
            return Err(ReadError::Twice(column.as_str()));
        }
        if column.is_none() {
            sheet.leave_aside(name);
        }
        columns.push(column);
    }
    if columns.contains(&Some(Column::ShortName)) {
        Ok(columns)
    } else {
        Err(ReadError::NoShortName)
    }
}

fn row(record: &StringRecord, columns: &[Option<Column>], number: u64) -> Typed {
    let mut row = Typed::new(number);
    for (column, cell) in columns.iter().zip(record) {
        if let Some(column) = column {
            row.set(*column, cells::plain(cell).to_owned());
        }
    }
    if record.len() > columns.len() {
        let message = format!(
            "It has {} cells where the first line names {}. Put cells with a separator in quotation marks.",
            record.len(),
            columns.len()
        );
        row.refuse("row", message);
    }
    row
}

fn line_of(error: &csv::Error) -> u64 {
    match error.kind() {
        ErrorKind::Utf8 { pos: Some(at), .. } | ErrorKind::UnequalLengths { pos: Some(at), .. } => {
            at.line()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_separator_is_known_by_the_first_line() {
        for text in [
            "short_name,full_name\nalder,\"Alder; Clinics\"\n",
            "short_name;full_name\r\nalder;Alder, Clinics\r\n",
            "Short name\tFull name\nalder\tAlder, Clinics",
            "sep=;\r\nshort_name;full_name\r\nalder;Alder",
        ] {
            let sheet = read(text).unwrap();
            assert_eq!(sheet.rows.len(), 1, "{text}");
            let row = &sheet.rows[0];
            assert_eq!(row.get(Column::ShortName), Some("alder"), "{text}");
            assert!(row.get(Column::FullName).unwrap().starts_with("Alder"));
            assert_eq!(row.get(Column::Domain), None);
        }
    }

    #[test]
    fn rows_are_numbered_as_an_editor_numbers_lines() {
        let sheet = read("short_name,full_name\n\nalder,\"Alder\nClinics\"\nbirch,x\n").unwrap();
        let numbers: Vec<u64> = sheet.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [3, 5]);
        for end in ["\r\n", "\r"] {
            let text = "short_name,full_name|alder,x||birch,x|".replace('|', end);
            let sheet = read(&text).unwrap();
            let numbers: Vec<u64> = sheet.rows.iter().map(|row| row.number).collect();
            assert_eq!(numbers, [2, 4], "{end:?}");
        }
    }

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_told_with_its_line() {
        let open = "short_name,tags\r\nalder,\"x\r\nbirch,y\r\n";
        assert_eq!(read(open), Err(ReadError::Line(2)));
        assert_eq!(
            read("sep=;\nshort_name;tags\nalder;x\nbirch;\"y"),
            Err(ReadError::Line(4))
        );
        for whole in ["a \"b\"", "\"a \"\"b\"\"\"", "\"a\nb\"", "\"\"", "5\" disk"] {
            let text = format!("short_name,full_name\nalder,{whole}\nbirch,Birch\n");
            assert_eq!(read(&text).unwrap().rows.len(), 2, "{whole}");
        }
    }

    #[test]
    fn a_guard_against_formulas_is_taken_off_again() {
        let sheet = read("short_name,full_name\nalder,'=Alder\nbirch,'t Hart\n").unwrap();
        assert_eq!(sheet.rows[0].get(Column::FullName), Some("=Alder"));
        assert_eq!(sheet.rows[1].get(Column::FullName), Some("'t Hart"));
    }

    #[test]
    fn columns_nobody_knows_are_named_and_left_aside() {
        let sheet = read("short_name,domian,state\nalder,alder.example,active\n").unwrap();
        assert_eq!(sheet.left_aside, ["domian"]);
        assert_eq!(
            read("short_name,Short Name\na,b\n"),
            Err(ReadError::Twice("short_name"))
        );
        assert_eq!(read("name\nAlder\n"), Err(ReadError::NoShortName));
    }

    #[test]
    fn a_row_with_too_many_cells_is_refused_alone() {
        let sheet = read("short_name,full_name\nalder,Alder, Inc\nbirch,Birch\ncedar\n").unwrap();
        assert_eq!(sheet.rows[0].problem.as_ref().unwrap().field, "row");
        assert_eq!(sheet.rows[1].problem, None);
        assert_eq!(sheet.rows[2].get(Column::FullName), None);
    }

    #[test]
    fn ten_thousand_rows_are_the_most() {
        let rows = |n| format!("short_name\n{}", "a\n".repeat(n));
        assert_eq!(read(&rows(MOST_ROWS)).unwrap().rows.len(), MOST_ROWS);
        assert_eq!(read(&rows(MOST_ROWS + 1)), Err(ReadError::TooManyRows));
    }
}
