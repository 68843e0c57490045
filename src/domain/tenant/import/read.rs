//! A file's bytes as rows of text. CSV as spreadsheets of several countries write it, or a JSON list of objects.

mod csv;
mod json;

use super::column::{Column, is_told};
use crate::domain::line::plain;
use crate::domain::tenant::FieldError;

/// Bytes of the largest file, ends of lines counted as one.
pub const LARGEST: usize = 1024 * 1024;
/// Rows of the longest.
pub const MOST_ROWS: usize = 10_000;
/// Columns left aside that are told of, and characters of each.
const MOST_TOLD: usize = 100;
const LONGEST_TOLD: usize = 60;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    pub const ALL: [Self; 2] = [Self::Csv, Self::Json];

    /// As the command line takes it and files end.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// What a file is, told by how it begins.
    pub fn of(text: &str) -> Self {
        match text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .chars()
            .next()
        {
            Some('[' | '{') => Self::Json,
            _ => Self::Csv,
        }
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| "choose csv or json".to_owned())
    }
}

/// The rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub rows: Vec<Typed>,
    /// Columns that an import does not know, as the file names them.
    pub left_aside: Vec<String>,
}

impl Sheet {
    /// A column that no import knows; those that only an export has need not be told of.
    fn leave_aside(&mut self, name: &str) {
        let name: String = plain(name).chars().take(LONGEST_TOLD).collect();
        let is_news = !name.is_empty() && !is_told(&name) && !self.left_aside.contains(&name);
        if is_news && self.left_aside.len() < MOST_TOLD {
            self.left_aside.push(name);
        }
    }
}

/// One row as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The line of a CSV file, the place in a JSON list; counted from 1.
    pub number: u64,
    values: [Option<String>; Column::ALL.len()],
    /// Why its values cannot be read, when they cannot.
    pub problem: Option<FieldError>,
}

impl Typed {
    fn new(number: u64) -> Self {
        Self {
            number,
            ..Self::default()
        }
    }

    /// What the file says; none when it does not speak of it.
    pub fn get(&self, column: Column) -> Option<&str> {
        self.values.get(column.index())?.as_deref()
    }

    fn set(&mut self, column: Column, value: String) {
        if let Some(place) = self.values.get_mut(column.index()) {
            *place = Some(value);
        }
    }

    fn refuse(&mut self, column: &'static str, message: String) {
        self.problem
            .get_or_insert_with(|| FieldError::new(column, message));
    }
}

/// Why a file cannot be read at all, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("The file is larger than 1 MiB. Split it and import the parts one after another.")]
    TooLarge,
    #[error("The file has more than 10,000 rows. Split it and import the parts one after another.")]
    TooManyRows,
    #[error(
        "The file is not text in UTF-8. In a spreadsheet, save it as “CSV UTF-8” and choose it again."
    )]
    NotUtf8,
    #[error(
        "There is nothing in it. Choose a file with a line of column names and a line for each tenant."
    )]
    Empty,
    #[error(
        "There is no column short_name. The first line must name the columns, for example: short_name,full_name,domain"
    )]
    NoShortName,
    #[error("The column {0} is there twice. Remove one of them.")]
    Twice(&'static str),
    #[error("Line {0} cannot be read as CSV. Look for a quotation mark that is not closed.")]
    Line(u64),
    #[error("This is no JSON: line {0}, column {1}. Correct it there.")]
    Json(usize, usize),
    #[error(
        "The JSON must be a list of objects, one for each tenant: [{{\"short_name\": \"contoso\", …}}, …]"
    )]
    NoList,
}

/// The rows of a file. What is wrong with a row is the row's; the others can still be looked at.
pub fn read(bytes: &[u8], format: Option<Format>) -> Result<Sheet, ReadError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ReadError::NotUtf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() - text.matches("\r\n").count() > LARGEST {
        return Err(ReadError::TooLarge);
    }
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    let sheet = match format.unwrap_or_else(|| Format::of(text)) {
        Format::Csv => csv::read(text)?,
        Format::Json => json::read(text)?,
    };
    if sheet.rows.is_empty() {
        return Err(ReadError::Empty);
    }
    Ok(sheet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sheet: &Sheet) -> Vec<&str> {
        let names = sheet.rows.iter().map(|row| row.get(Column::ShortName));
        names.map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn a_file_says_by_its_beginning_what_it_is() {
        assert_eq!(Format::of("\u{feff} \n["), Format::Json);
        assert_eq!(Format::of("short_name"), Format::Csv);
        let json = read(br#"[{"short_name":"alder"}]"#, None).unwrap();
        assert_eq!(names(&json), ["alder"]);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert_eq!(read(b"", None), Err(ReadError::Empty));
        assert_eq!(read(b"\xef\xbb\xbf \r\n", None), Err(ReadError::Empty));
        assert_eq!(read(b"short_name\r\n", None), Err(ReadError::Empty));
        assert_eq!(
            read(b"s\0h\0", Some(Format::Csv)),
            Err(ReadError::NoShortName)
        );
        assert_eq!(read(b"\xff\xfes\0", None), Err(ReadError::NotUtf8));
        let long = "x".repeat(LARGEST + 1);
        assert_eq!(read(long.as_bytes(), None), Err(ReadError::TooLarge));
    }
}
