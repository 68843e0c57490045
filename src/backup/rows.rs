//! Counts the rows in the text that `pg_restore` makes of an archive: what the archive really holds, table by table. Keeps
//! no row.

use crate::storage::RowCounts;

/// A `COPY` line that is longer is none of ours.
const LONGEST: usize = 64 * 1024;
const END: &[u8] = br"\.";

/// The text so far.
#[derive(Debug, Default)]
pub struct RowCounter {
    counts: RowCounts,
    /// The table whose rows are being read.
    table: Option<String>,
    /// The line so far, as much of it as matters.
    line: Vec<u8>,
}

impl RowCounter {
    /// The next bytes of the text.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = bytes.split_at(at);
            self.keep(line);
            self.end_line();
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.keep(bytes);
    }

    /// Rows of each table. None when the text ended in the middle of a table.
    pub fn finish(self) -> Option<RowCounts> {
        self.table.is_none().then_some(self.counts)
    }

    fn keep(&mut self, part: &[u8]) {
        // Of a row only its first bytes matter: is it the end mark?
        let limit = if self.table.is_some() {
            END.len() + 1
        } else {
            LONGEST
        };
        let room = limit.saturating_sub(self.line.len());
        self.line.extend(part.iter().take(room));
    }

    fn end_line(&mut self) {
        match &self.table {
            Some(_) if self.line == END => self.table = None,
            Some(table) => {
                if let Some(count) = self.counts.get_mut(table) {
                    *count += 1;
                }
            }
            None => {
                self.table = copied_table(&self.line);
                if let Some(table) = &self.table {
                    self.counts.entry(table.clone()).or_default();
                }
            }
        }
        self.line.clear();
    }
}

/// `public.tenants` from `COPY public.tenants (id, …) FROM stdin;`.
fn copied_table(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let rest = line.strip_prefix("COPY ")?.strip_suffix(" FROM stdin;")?;
    let (table, _) = rest.split_once(" (").unwrap_or((rest, ""));
    Some(table.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "--\n-- Data\n--\nSET x = 1;\n\nCOPY public.tenants (id, name) FROM stdin;\n1\tAlder\n\
        2\tCOPY public.x (a) FROM stdin;\n3\t\\\\.\n\\.\n\n\nCOPY public.\"Odd (name\" (a) FROM stdin;\n\\.\n\nCOPY public.one (a) FROM stdin;\n\n\\.\n";

    fn counted(parts: impl IntoIterator<Item = Vec<u8>>) -> Option<RowCounts> {
        let mut counter = RowCounter::default();
        for part in parts {
            counter.feed(&part);
        }
        counter.finish()
    }

    #[test]
    fn rows_are_counted_by_table_whatever_stands_in_them() {
        let counts = counted([TEXT.as_bytes().to_vec()]).unwrap();
        let counts: Vec<_> = counts
            .iter()
            .map(|(name, rows)| (name.as_str(), *rows))
            .collect();
        assert_eq!(
            counts,
            [
                ("public.\"Odd", 0),
                ("public.one", 1),
                ("public.tenants", 3)
            ]
        );
    }

    #[test]
    fn a_text_that_ends_in_a_table_is_no_text() {
        let cut = TEXT.find("3\t").unwrap();
        assert_eq!(counted([TEXT.as_bytes()[..cut].to_vec()]), None);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_text_is_cut(size in 1_usize..40) {
            let whole = counted([TEXT.as_bytes().to_vec()]);
            let parts = TEXT.as_bytes().chunks(size).map(<[u8]>::to_vec);
            prop_assert_eq!(counted(parts), whole);
        }

        #[test]
        fn any_bytes_at_all_are_read_to_the_end(parts: Vec<Vec<u8>>) {
            let _ = counted(parts);
        }
    }
}
