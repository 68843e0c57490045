//! A decision being made: first what the error alone says.

use time::{Duration, OffsetDateTime};

use super::advice_by_code;
use super::catalogue::entry;
use super::category::Category;
use super::decide::{Button, Confidence};
use super::party::{Retryable, WhoActs};
use super::read::{Basis, Reading};

/// A special course that a cause took, with words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    /// The federated user's 12-hour limit.
    TwelveHours,
    /// The same length of life again and again.
    Rhythm(Duration),
    /// Device code sign-in was blocked after this token was made with one.
    DeviceCodeBlocked,
    /// The password itself was changed, and not only the sessions revoked.
    PasswordItself,
    AccountDeleted,
    AccountDisabled,
    /// Our enterprise application is there but switched off.
    Disabled,
    /// Our enterprise application is gone.
    Deleted,
    /// One resource lacks consent, the others work.
    OneResource,
    /// ID Protection holds a risk against the account.
    Risk,
    /// The account holds no licence.
    Unlicensed,
    /// Many customers at once.
    Shared,
}

/// See the module.
pub(super) struct Verdict {
    pub cause: Category,
    pub who_acts: WhoActs,
    pub retryable: Retryable,
    pub confidence: Confidence,
    pub evidence: Vec<String>,
    pub twist: Twist,
    /// Where the twist needs another button than the cause.
    pub button: Option<Button>,
}

/// Numbers that Microsoft gives for several causes; alone they are never sure.
const AMBIGUOUS: [u32; 15] = [
    16_000, 50_000, 50_020, 50_173, 50_177, 65_001, 70_000, 70_001, 70_002, 70_008, 90_002,
    700_016, 7_000_014, 7_000_229, 9_002_313,
];

/// Whether the number has one meaning, and the words of its cause or its own fit it.
fn is_plain(code: u32) -> bool {
    let told = advice_by_code::is_typical(code) || advice_by_code::text(code).is_some();
    told && !AMBIGUOUS.contains(&code)
}

impl Verdict {
    /// What the error alone says.
    pub fn of(reading: &Reading) -> Self {
        let cause = reading.category;
        let usual = |confidence, evidence: String| Self {
            cause,
            who_acts: cause.usual_who(),
            retryable: cause.usual_retry(),
            confidence,
            evidence: vec![evidence],
            twist: Twist::None,
            button: None,
        };
        let mut verdict = match (reading.basis, reading.entry()) {
            (Basis::Overruled(because), _) => usual(Confidence::High, because.to_owned()),
            (_, Some(row)) => Self {
                who_acts: row.who_acts,
                retryable: row.retryable,
                ..usual(
                    if row.confirmed && is_plain(row.code) {
                        Confidence::High
                    } else {
                        Confidence::Likely
                    },
                    format!("Microsoft's number AADSTS{} ({}).", row.code, row.name),
                )
            },
            (Basis::Words(words, confidence), _) => {
                usual(confidence, format!("The answer says: {words}."))
            }
            (Basis::Name, _) => usual(Confidence::Likely, named(reading)),
            (Basis::Code | Basis::Nothing, None) => usual(
                Confidence::Unsure,
                "Nothing in the answer tells the cause for certain.".to_owned(),
            ),
        };
        if let Some(code) = reading.code.filter(|_| reading.entry().is_none()) {
            let unknown = format!("The number AADSTS{code} is not in the catalogue.");
            verdict.evidence.push(unknown);
            verdict.confidence = Confidence::Unsure;
        }
        if reading.error.as_deref() == Some("invalid_client") && reading.entry().is_none() {
            verdict.who_acts = WhoActs::Msp;
        }
        verdict.doubt_stacked_numbers(reading);
        if reading.mentioned && verdict.confidence == Confidence::High {
            verdict.confidence = Confidence::Likely;
            verdict
                .evidence
                .push("The number stands in a sentence that is not Microsoft's.".to_owned());
        }
        verdict.evidence.extend(details(reading));
        verdict
    }

    /// Several numbers of different causes: the last decides, but not for certain.
    fn doubt_stacked_numbers(&mut self, reading: &Reading) {
        let others: Vec<String> = reading
            .codes
            .iter()
            .filter(|code| Some(**code) != reading.code)
            .map(u32::to_string)
            .collect();
        if others.is_empty() {
            return;
        }
        let differs = reading.codes.iter().any(|code| {
            ![70_002, 50_000].contains(code)
                && entry(*code).is_some_and(|row| row.category != reading.category)
        });
        if differs && reading.basis == Basis::Code {
            self.confidence = self.confidence.min(Confidence::Likely);
        }
        self.evidence.push(format!(
            "The answer also holds {}; the last one that is no envelope decides.",
            others.join(", ")
        ));
    }

    /// Another cause than the error named, and all that hangs on it.
    pub fn becomes(&mut self, cause: Category, who_acts: WhoActs, twist: Twist) {
        self.cause = cause;
        self.who_acts = who_acts;
        self.retryable = Retryable::AfterUserAction;
        self.twist = twist;
    }

    pub fn tell(&mut self, sentence: impl Into<String>) {
        self.evidence.push(sentence.into());
    }
}

fn named(reading: &Reading) -> String {
    let names = [&reading.error, &reading.suberror];
    let names: Vec<&str> = names
        .into_iter()
        .filter_map(|name| name.as_deref())
        .collect();
    format!(
        "The answer is called {} and tells no more.",
        names.join(" / ")
    )
}

/// The facts in the text, as evidence.
fn details(reading: &Reading) -> Vec<String> {
    let details = &reading.details;
    let told = [
        details
            .issued_at
            .map(|at| format!("The token was issued on {}.", moment(at))),
        details
            .tokens_valid_from
            .map(|at| format!("Everything issued before {} was revoked.", moment(at))),
        details
            .max_lifetime
            .map(|limit| format!("The longest life allowed is {}.", span(limit))),
        details
            .inactive_for
            .map(|idle| format!("The token lay unused for {}.", span(idle))),
        details
            .key_expired_at
            .map(|at| format!("The certificate ended on {}.", moment(at))),
        details
            .retry_after
            .map(|wait| format!("Microsoft asks to wait {}.", span(wait))),
    ];
    told.into_iter().flatten().collect()
}

pub(super) fn day(at: OffsetDateTime) -> String {
    at.to_utc().date().to_string()
}

pub(super) fn moment(at: OffsetDateTime) -> String {
    let at = at.to_utc();
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// A length in the largest unit that divides it.
pub(super) fn span(length: Duration) -> String {
    let seconds = length.whole_seconds();
    let (count, unit) = [
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ]
    .into_iter()
    .find(|(size, _)| seconds % size == 0)
    .map_or((seconds, "second"), |(size, unit)| (seconds / size, unit));
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// A length that need not be whole: "13 hours", "20 days".
pub(super) fn about(length: Duration) -> String {
    match length.whole_hours() {
        hours @ ..48 => span(Duration::hours(hours.max(1))),
        hours => span(Duration::days((hours + 12) / 24)),
    }
}
