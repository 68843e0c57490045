//! Lines of CSV (RFC 4180) that are safe to open in a spreadsheet, and cells as they were before they were made safe.

/// What begins a formula in some spreadsheet.
const BEGINS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', '\0'];

/// One line with its end. A field that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
/// injection); so does one that looks like a field which got it, so that [`plain`] gives back every field as it was.
pub fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = String::new();
    for (n, field) in fields.into_iter().enumerate() {
        if n > 0 {
            line.push(',');
        }
        push(&mut line, field);
    }
    line.push_str("\r\n");
    line
}

fn push(line: &mut String, field: &str) {
    let formula = is_formula(field);
    if !formula && !field.contains([',', '"', '\r', '\n']) {
        line.push_str(field);
        return;
    }
    line.push('"');
    if formula {
        line.push('\'');
    }
    line.push_str(&field.replace('"', "\"\""));
    line.push('"');
}

/// Behind any apostrophes.
fn is_formula(field: &str) -> bool {
    field.trim_start_matches('\'').starts_with(BEGINS)
}

/// A cell without the apostrophe that [`line()`] put before it.
pub fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::{line, plain};

    #[test]
    fn fields_are_quoted_when_they_must_be() {
        assert_eq!(
            line(["a", "b, c", "d \"e\"", ""]),
            "a,\"b, c\",\"d \"\"e\"\"\",\r\n"
        );
    }

    #[test]
    fn no_field_is_a_formula() {
        assert_eq!(line(["=1+1", "@x", "-3"]), "\"'=1+1\",\"'@x\",\"'-3\"\r\n");
    }

    #[test]
    fn an_apostrophe_of_a_name_stays() {
        assert_eq!(line(["'t Hart"]), "'t Hart\r\n");
        assert_eq!(plain("'t Hart"), "'t Hart");
        assert_eq!(line(["'=x"]), "\"''=x\"\r\n");
        assert_eq!(plain("''=x"), "'=x");
    }

    proptest::proptest! {
        #[test]
        fn every_field_comes_back_as_it_was(field in "['=+@a,\"\r\n-]{0,6}|.{0,12}") {
            let written = line(["begin", field.as_str(), "end"]);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(written.as_bytes());
            let read = reader.records().next().unwrap().unwrap();
            proptest::prop_assert_eq!(plain(&read[1]), field);
        }
    }
}
