//! Lines of CSV (RFC 4180) that are safe to open in a spreadsheet.

/// One line with its end. A field that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV
/// injection).
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
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']);
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

#[cfg(test)]
mod tests {
    use super::line;

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
}
