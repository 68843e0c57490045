//! Finding the AADSTS numbers of an error and the one that decides. Numbers that merely look
//! like one (`80049228`, `0x80131500`, parts of an id) are none.

use super::catalogue::entry;
use super::scan::Text;

/// "Error validating credentials": only an envelope, unless it stands alone.
const WRAPPER: u32 = 70_002;
/// "There was an error issuing a token": an envelope when another number follows.
const WRAPPER_WHEN_FIRST: u32 = 50_000;

/// Labels before a bare number: error pages in Microsoft's larger languages, sign-in logs, MSAL.
const LABELS: [&str; 15] = [
    "error code",
    "errorcode",
    "error_code",
    "errorno",
    "errornumber",
    "error(s)",
    "serrorcode",
    "ierrorcode",
    "resulttype",
    "fehlercode",
    "foutcode",
    "code d'erreur",
    "código de error",
    "codice errore",
    "código de erro",
];

/// Words that stand directly before a bare number, `Sign-in error code 50126` or `invalid_grant (50173)`; only numbers
/// of the table count behind them.
const BEFORE: [&str; 8] = [
    "error code",
    "invalid_grant",
    "invalid_client",
    "interaction_required",
    "unauthorized_client",
    "access_denied",
    "consent_required",
    "login_required",
];

/// The numbers of one error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Codes {
    /// Each number once, in the order found.
    pub all: Vec<u32>,
    /// The number that decides.
    pub decisive: Option<u32>,
    /// Where it stands, to read the ids and dates that belong to it; 0 without a number.
    pub at: usize,
}

#[derive(Clone, Copy)]
struct Hit {
    code: u32,
    at: usize,
}

/// Reads the list `error_codes`, else every `AADSTS` number, else labelled ones.
pub(super) fn find(text: &Text) -> Codes {
    let listed: Vec<Hit> = text
        .values("error_codes")
        .chain(text.values("errorcodes"))
        .flat_map(|start| list(text, start))
        .collect();
    let named = named(text);
    let labelled = labelled(text);
    let decisive = [&listed, &named, &labelled]
        .into_iter()
        .find_map(|hits| settled(hits))
        .or_else(|| listed.last().or(named.last()).or(labelled.last()).copied());
    let mut codes = Codes::default();
    for hit in listed.iter().chain(&named).chain(decisive.iter()) {
        if !codes.all.contains(&hit.code) && codes.all.len() < MOST {
            codes.all.push(hit.code);
        }
    }
    if let Some(hit) = decisive {
        codes.decisive = Some(hit.code);
        let told = named.iter().rfind(|named| named.code == hit.code);
        codes.at = told.map_or(hit.at, |told| told.at);
    }
    codes
}

/// More different numbers than any real error holds; it bounds the work on nonsense.
const MOST: usize = 32;

/// The last number that is no wrapper.
fn settled(hits: &[Hit]) -> Option<Hit> {
    let last = hits.iter().rfind(|hit| hit.code != WRAPPER)?;
    let alone = hits.iter().all(|hit| hit.code == last.code);
    (!(alone && last.code == WRAPPER_WHEN_FIRST)).then_some(*last)
}

/// The numbers of a list in JSON, Python, PHP (`[0] => 50173`), YAML or JavaScript (`70_020`).
fn list(text: &Text, start: usize) -> Vec<Hit> {
    const LONGEST: usize = 400;
    let mut hits = Vec::new();
    let mut digits = String::new();
    let mut letters = 0;
    let bytes = text.lower.as_bytes().get(start..).unwrap_or_default();
    for (offset, byte) in bytes.iter().take(LONGEST).chain(b" ").enumerate() {
        if byte.is_ascii_digit() {
            digits.push(char::from(*byte));
            continue;
        }
        if *byte == b'_' && !digits.is_empty() {
            continue;
        }
        let at = start + offset;
        hits.extend(number(&digits).map(|code| Hit { code, at }));
        digits.clear();
        letters += usize::from(byte.is_ascii_alphabetic());
        let closed = b"])}".contains(byte) && !hits.is_empty();
        // `Array` before the numbers is PHP; any longer word is the next field.
        if closed || letters > 5 || (letters > 0 && !hits.is_empty()) {
            break;
        }
    }
    hits
}

/// Four to eight digits.
fn number(digits: &str) -> Option<u32> {
    (4..=8)
        .contains(&digits.len())
        .then(|| digits.parse().ok())?
}

/// Every `AADSTS` with a number, also where a console broke the line inside.
fn named(text: &Text) -> Vec<Hit> {
    let bytes = text.lower.as_bytes();
    let mut hits = Vec::new();
    let mut at = 0;
    while let Some(found) = text.lower.get(at..).and_then(|rest| rest.find('a')) {
        let start = at + found;
        at = start + 1;
        if let Some(code) = after_prefix(bytes, start).and_then(|digits| told(bytes, digits)) {
            hits.push(Hit { code, at: start });
        }
    }
    hits
}

/// Behind the word `aadsts` that begins at `start`.
fn after_prefix(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    for (place, letter) in b"aadsts".iter().enumerate() {
        if place > 0 {
            at = after_break(bytes, at);
        }
        if bytes.get(at) != Some(letter) {
            return None;
        }
        at += 1;
    }
    let marks = bytes.get(at..)?.iter().take(3);
    Some(at + marks.take_while(|byte| b" -_#:*`".contains(byte)).count())
}

/// The number whose digits begin at `start`. Digits after a line break belong to it only when a
/// colon follows them, as in every message of Entra.
fn told(bytes: &[u8], start: usize) -> Option<u32> {
    let (mut digits, end) = digits(bytes, after_break(bytes, start));
    let next = after_break(bytes, end);
    if next > end {
        let (more, behind) = self::digits(bytes, next);
        if !more.is_empty() && bytes.get(behind) == Some(&b':') {
            digits.push_str(&more);
        }
    }
    let cut = end == bytes.len();
    number(&digits).filter(|code| !cut || entry(*code).is_some())
}

/// The digits at `start`, at most nine so that a longer run is no number, and where they end.
fn digits(bytes: &[u8], start: usize) -> (String, usize) {
    let run: String = bytes
        .get(start..)
        .unwrap_or_default()
        .iter()
        .take(9)
        .take_while(|byte| byte.is_ascii_digit())
        .map(|byte| char::from(*byte))
        .collect();
    let end = start + run.len();
    (run, end)
}

/// Behind a line break with the indentation or the bar that PowerShell puts before the next line.
fn after_break(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at) != Some(&b'\n') {
        return at;
    }
    let rest = bytes.get(at + 1..).unwrap_or_default();
    let margin = rest.iter().take(40);
    at + 1 + margin.take_while(|byte| b" |+".contains(byte)).count()
}

/// `error?code=50173`, `Error Code: 53003`, `invalid_grant: 50173 - [2021-…`.
fn labelled(text: &Text) -> Vec<Hit> {
    let bytes = text.lower.as_bytes();
    let sure = text
        .lower
        .match_indices("error?code=")
        .map(|(at, label)| at + label.len())
        .chain(
            text.lower
                .match_indices(" - [")
                .filter_map(|(at, _)| number_before(bytes, at)),
        );
    let from_entra = [
        "correlation id",
        "correlation_id",
        "correlationid",
        "request id",
    ]
    .into_iter()
    .any(|id| text.flat.contains(id));
    let named = LABELS.into_iter().flat_map(|label| text.values(label));
    let bare = BEFORE
        .into_iter()
        .flat_map(|word| text.lower.match_indices(word))
        .filter_map(|(at, word)| behind_marks(bytes, at + word.len()));
    let mut hits: Vec<Hit> = sure
        .map(|at| (at, true))
        .chain(named.map(|at| (at, from_entra)))
        .chain(bare.map(|at| (at, false)))
        .filter_map(|(at, sure)| {
            let code = number(&digits(bytes, at).0)?;
            // Other programs label their numbers alike; one that Entra has is told by the table.
            let plausible = (10_000..10_000_000).contains(&code);
            (plausible && (sure || entry(code).is_some())).then_some(Hit { code, at })
        })
        .collect();
    hits.sort_by_key(|hit| hit.at);
    hits
}

/// Behind a few blanks and marks at `start`, if there are any.
fn behind_marks(bytes: &[u8], start: usize) -> Option<usize> {
    let marks = bytes.get(start..)?.iter().take(3);
    let count = marks.take_while(|byte| b" (:#[".contains(byte)).count();
    (count > 0).then_some(start + count)
}

/// Where the digits begin that end at `end` after a colon and a blank.
fn number_before(bytes: &[u8], end: usize) -> Option<usize> {
    let before = bytes.get(..end)?;
    let length = before
        .iter()
        .rev()
        .take(9)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    before
        .get(..end - length)?
        .ends_with(b": ")
        .then_some(end - length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decisive(text: &str) -> Option<u32> {
        find(&Text::new(text.to_owned())).decisive
    }

    #[test]
    fn takes_the_last_number_that_is_no_wrapper() {
        assert_eq!(
            decisive("AADSTS70002: Error. AADSTS50012: Wrong."),
            Some(50_012)
        );
        assert_eq!(
            decisive("AADSTS50012: Wrong. AADSTS70002: Error."),
            Some(50_012)
        );
        assert_eq!(decisive(r#""error_codes":[50000,50034]"#), Some(50_034));
        assert_eq!(
            decisive(r#"AADSTS50034 "error_codes":[70002]"#),
            Some(50_034)
        );
        assert_eq!(decisive("AADSTS70002: Error."), Some(70_002));
        assert_eq!(decisive("AADSTS50000: Error."), Some(50_000));
    }

    #[test]
    fn prefers_the_list_over_the_text() {
        let text = Text::new(r#"AADSTS50076: a "error_codes": ["50079"] AADSTS50076"#.to_owned());
        assert_eq!(find(&text).decisive, Some(50_079));
        assert_eq!(find(&text).all, [50_079, 50_076]);
    }

    #[test]
    fn reads_lists_of_every_language() {
        for text in [
            "error_codes: [\n    70_020,\n],",
            "[error_codes] => Array\n(\n [0] => 70020\n)",
            "error_codes:\n  - 70020\ntimestamp: 2026-03-02",
            r#""error_codes":["70020"],"timestamp":"2026""#,
            "error_codes=[70020], trace_id=1234",
            "ErrorCodes: 70020 Timestamp",
        ] {
            assert_eq!(decisive(text), Some(70_020), "{text}");
        }
        assert_eq!(
            decisive(r#"{"error_codes":[],"timestamp":"2026-03-02"}"#),
            None
        );
    }

    #[test]
    fn reads_a_number_that_a_console_broke() {
        for text in [
            "AADSTS7000\n222: The provided",
            "AADS\n     | TS7000222: The",
            "AADSTS\n7000222: The",
            "aadsts-7000222",
            "AADSTS7000222 - expired",
        ] {
            assert_eq!(decisive(text), Some(7_000_222), "{text}");
        }
        assert_eq!(decisive("AADSTS50076\n2026-03-02"), Some(50_076));
    }

    #[test]
    fn reads_labels_of_pages_logs_and_libraries() {
        assert_eq!(decisive("Error Code: 53003\nRequest Id: x"), Some(53_003));
        assert_eq!(decisive("Error Code: 530999\nRequest Id: x"), Some(530_999));
        assert_eq!(decisive(r#"{"status":{"errorCode":50126}}"#), Some(50_126));
        assert_eq!(
            decisive("https://login.microsoftonline.com/error?code=50057"),
            Some(50_057)
        );
        assert_eq!(
            decisive("invalid_grant: 50173 - [2021-10-18 15:18:52Z]"),
            Some(50_173)
        );
        assert_eq!(
            decisive("invalid_client: Error(s): 7000222 - Timestamp"),
            Some(7_000_222)
        );
    }

    #[test]
    fn leaves_numbers_alone_that_are_no_codes() {
        for text in [
            "CompactToken parsing failed with error code: 80049217",
            "validation failed with reason code: 80049228.",
            "AdalException (0x80131500): x",
            "Error Code: 10060",
            "AADSTS123456789: too long",
            "AADSTS7000",
            "for app '4d856d1f-8648-456c-9bb2-f36273bbe4e3'",
            "Error Code: 3399614475",
        ] {
            assert_eq!(decisive(text), None, "{text}");
        }
    }
}
