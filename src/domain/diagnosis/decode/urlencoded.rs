//! Percent- and plus-encoding, word by word: only a word that looks encoded is touched, so that
//! a plus in a time zone stays.

pub(super) fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive([' ', '\n']) {
        if is_query(word) || has_escape(word) {
            decode_word(word, &mut out);
        } else {
            out.push_str(word);
        }
    }
    out
}

/// A redirect or a form body that carries an error.
fn is_query(word: &str) -> bool {
    word.contains("error_description=") || (word.contains("error=") && word.contains('&'))
}

fn has_escape(word: &str) -> bool {
    word.split('%')
        .skip(1)
        .any(|after| escape(after.as_bytes()).is_some())
}

/// The byte written as two hexadecimal digits after a percent sign.
fn escape(after: &[u8]) -> Option<u8> {
    let [high, low] = *after.first_chunk::<2>()?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// In a query the ampersand ends a field; a line end does the same for the rules that follow.
fn decode_word(word: &str, out: &mut String) {
    let query = is_query(word);
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'%' => {
                let decoded = escape(tail);
                bytes.push(decoded.unwrap_or(b'%'));
                rest = decoded.and_then(|_| tail.get(2..)).unwrap_or(tail);
            }
            b'+' => bytes.push(b' '),
            b'&' if query => bytes.push(b'\n'),
            other => bytes.push(other),
        }
    }
    out.push_str(&String::from_utf8_lossy(&bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_encoded_words_only() {
        assert_eq!(decode("a+b 1%2b1 50%"), "a+b 1+1 50%");
        assert_eq!(decode("%7B%22error%22%3A1%7D"), r#"{"error":1}"#);
        assert_eq!(
            decode("?error=access_denied&error_description=the+user+canceled"),
            "?error=access_denied\nerror_description=the user canceled"
        );
    }
}
