//! Reading a stored or pasted error: which number and names it holds, what it says, and which
//! cause that is by itself. What follows from the connection's history is decided elsewhere.

use time::OffsetDateTime;

use super::catalogue::{Entry, entry};
use super::category::Category;
use super::codes;
use super::decide::Confidence;
use super::decode::decode;
use super::details::Details;
use super::mask::mask;
use super::oauth::Names;
use super::overrule::overruled;
use super::phrases;
use super::scan::{Text, guid, instant};

/// More of an error is not read; answers are cut to this size when they are recorded.
pub const MAX_BYTES: usize = 1 << 20;

/// Characters of a message that are worth showing.
const LONGEST_MESSAGE: usize = 800;

/// An error, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Every AADSTS number found, once each.
    pub codes: Vec<u32>,
    /// The number that decides; the others are envelopes or earlier attempts.
    pub code: Option<u32>,
    /// OAuth's `error`, or Graph's `code`.
    pub error: Option<String>,
    pub suberror: Option<String>,
    /// Microsoft's sentence, secrets hidden; the beginning of the text when there is none.
    pub message: String,
    /// Microsoft support asks for these three.
    pub trace_id: Option<String>,
    pub correlation_id: Option<String>,
    pub timestamp: Option<OffsetDateTime>,
    /// The cause as far as the error alone tells it.
    pub category: Category,
    pub basis: Basis,
    /// The number stands inside a sentence of somebody's (“no more AADSTS50173 since Monday”), which may say anything of it.
    pub mentioned: bool,
    pub details: Details,
}

/// What told the category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A number of the catalogue.
    Code,
    /// A number whose text says otherwise, and what it says.
    Overruled(&'static str),
    /// `error` or `suberror`.
    Name,
    /// Words of the text, and how sure they are.
    Words(&'static str, Confidence),
    Nothing,
}

impl Reading {
    /// The row of the catalogue for the deciding number.
    pub fn entry(&self) -> Option<&'static Entry> {
        entry(self.code?)
    }
}

/// Reads an error in any wrapper. Any bytes are fine; past [`MAX_BYTES`] they are not looked at.
pub fn read(raw: &[u8]) -> Reading {
    read_answer(None, raw)
}

/// Reads an answer whose HTTP status is known.
pub fn read_answer(status: Option<u16>, raw: &[u8]) -> Reading {
    let text = Text::new(decode(raw.get(..MAX_BYTES).unwrap_or(raw)));
    let codes = codes::find(&text);
    let names = Names::find(&text, codes.at);
    let (category, basis) = category(codes.decisive, &names, status, &text);
    let timestamp = |value: &str| instant(value);
    Reading {
        message: message(&text, codes.at, codes.decisive.is_some()),
        trace_id: text.nearest(&TRACE_LABELS, codes.at, guid),
        correlation_id: text.nearest(&CORRELATION_LABELS, codes.at, guid),
        timestamp: text.nearest(&["timestamp"], codes.at, timestamp),
        details: Details::find(&text, codes.at),
        codes: codes.all,
        code: codes.decisive,
        error: names.error,
        suberror: names.suberror,
        category,
        basis,
        mentioned: codes.decisive.is_some() && is_mentioned(&text.plain, codes.at),
    }
}

/// Whether the number at `at` goes on in lower case. Microsoft ends it with a colon, or its sentence begins with a capital.
fn is_mentioned(plain: &str, at: usize) -> bool {
    let rest = plain.get(at..).unwrap_or_default();
    let number = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    rest.starts_with("AADSTS")
        && number
            .strip_prefix(' ')
            .is_some_and(|sentence| sentence.starts_with(|c: char| c.is_ascii_lowercase()))
}

const TRACE_LABELS: [&str; 7] = [
    "trace id",
    "trace_id",
    "traceid",
    "x-ms-request-id",
    "request id",
    "request-id",
    "requestid",
];
const CORRELATION_LABELS: [&str; 5] = [
    "correlation id",
    "correlation_id",
    "correlationid",
    "client-request-id",
    "clientrequestid",
];

/// Number, then the text against the number; without a known number wording, names, status.
fn category(
    code: Option<u32>,
    names: &Names,
    status: Option<u16>,
    text: &Text,
) -> (Category, Basis) {
    if let Some(entry) = code.and_then(entry) {
        return match overruled(entry.code, entry.category, text) {
            Some(other) => (other.category, Basis::Overruled(other.because)),
            None => (entry.category, Basis::Code),
        };
    }
    if status == Some(429) {
        return (
            Category::Throttled,
            Basis::Words("HTTP status 429", Confidence::High),
        );
    }
    if let Some(told) = phrases::told(text) {
        return (told.category, Basis::Words(told.words, told.confidence));
    }
    if let Some(category) = names.category() {
        return (category, Basis::Name);
    }
    if let Some(told) = phrases::outage(text) {
        return (told.category, Basis::Words(told.words, told.confidence));
    }
    match status {
        Some(500..600) => (
            Category::MicrosoftOutage,
            Basis::Words("an HTTP status of 500 or above", Confidence::Likely),
        ),
        _ => (Category::Unknown, Basis::Nothing),
    }
}

/// Microsoft's sentence: from its number up to the ids behind it, on one line.
fn message(text: &Text, at: usize, has_code: bool) -> String {
    const MESSAGE_LABELS: [&str; 4] = [
        "error_description",
        "errormessage",
        "message",
        "errordescription",
    ];
    let labelled = |label: &&str| text.values(label).next();
    let start = if has_code
        && text
            .lower
            .get(at..)
            .is_some_and(|rest| rest.starts_with('a'))
    {
        at
    } else {
        MESSAGE_LABELS.iter().find_map(labelled).unwrap_or(0)
    };
    let rest = text.plain.get(start..).unwrap_or_default();
    let lower = text.lower.get(start..).unwrap_or_default();
    let end = [
        "trace id:",
        "trace id\"",
        "\"\n",
        "\",",
        "\"}",
        "','",
        "', '",
        "\n   at ",
        "\n\tat ",
    ]
    .into_iter()
    .filter_map(|mark| lower.find(mark))
    .min()
    .unwrap_or(rest.len());
    let sentence = rest.get(..end).unwrap_or(rest);
    let line: String = sentence
        .split_whitespace()
        .flat_map(|word| [word, " "])
        .flat_map(str::chars)
        // Masking needs to see a secret whole, so that none is shown cut in two.
        .take(4 * LONGEST_MESSAGE)
        .collect();
    let masked = mask(line.trim().trim_end_matches(['"', '\'']));
    masked.chars().take(LONGEST_MESSAGE).collect()
}
