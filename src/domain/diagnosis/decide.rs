//! From what an error says and what is known about its connection to a decision: cause, how sure,
//! who acts, what to do, and the one button. A wrong guess is worse than "unsure".

use time::{Duration, OffsetDateTime};

use super::advice;
use super::catalogue::entry;
use super::category::Category;
use super::facts::{Facts, Method, Realm, TokenClass};
use super::party::{Retryable, WhoActs};
use super::read::{Basis, Reading};

/// How sure a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    Unsure,
    Low,
    Medium,
    High,
}

impl Confidence {
    /// The stable word of the API; it also reads well on a page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The one button that starts the remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Button {
    /// A new link for the customer's administrator.
    Renew,
    /// Live checks again, after somebody has mended something.
    ValidateAgain,
    /// Our own registration's secret, certificate or settings.
    AppRegistration,
    /// Nothing to click: it is tried again by itself.
    Wait,
    None,
}

impl Button {
    /// The words on the button; for [`Button::Wait`] a sentence instead of a button.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Renew => "Renew",
            Self::ValidateAgain => "Validate Authentication",
            Self::AppRegistration => "App registration",
            Self::Wait => "Tried again automatically",
            Self::None => "Nothing to click",
        }
    }

    /// The stable word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renew => "renew",
            Self::ValidateAgain => "validate_again",
            Self::AppRegistration => "app_registration",
            Self::Wait => "wait",
            Self::None => "none",
        }
    }
}

/// Why it failed and what to do, ready to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub cause: Category,
    pub cause_label: &'static str,
    /// What happened, in one plain sentence.
    pub headline: String,
    pub who_acts: WhoActs,
    pub who_label: &'static str,
    /// Steps for the one who acts.
    pub remedy: Vec<String>,
    pub button: Button,
    pub confidence: Confidence,
    /// What the decision rests on, in sentences.
    pub evidence: Vec<String>,
    pub retryable: Retryable,
    /// Whether tokens held now still open doors; unknown without their end.
    pub access_still_works: Option<bool>,
}

/// Decides on one error. With [`Facts::default`] the error speaks for itself.
pub fn decide(reading: &Reading, facts: &Facts) -> Diagnosis {
    let mut verdict = Verdict::of(reading);
    verdict.weigh(reading, facts);
    let advice = advice::advise(
        verdict.cause,
        verdict.who_acts,
        verdict.twelve_hours,
        reading,
    );
    let button = if verdict.retryable == Retryable::Yes && advice.button == Button::Renew {
        Button::Wait
    } else {
        advice.button
    };
    Diagnosis {
        cause: verdict.cause,
        cause_label: verdict.cause.label(),
        headline: advice.headline,
        who_acts: verdict.who_acts,
        who_label: verdict.who_acts.label(),
        remedy: advice.steps,
        button,
        confidence: verdict.confidence,
        evidence: verdict.evidence,
        retryable: verdict.retryable,
        access_still_works: facts
            .access_until
            .zip(facts.now)
            .map(|(until, now)| until > now),
    }
}

/// Numbers that Microsoft gives for several causes; alone they are never sure.
const AMBIGUOUS: [u32; 14] = [
    16_000, 50_000, 50_020, 50_173, 50_177, 65_001, 70_000, 70_001, 70_002, 70_008, 90_002,
    700_016, 7_000_014, 9_002_313,
];

/// A decision being made.
struct Verdict {
    cause: Category,
    who_acts: WhoActs,
    retryable: Retryable,
    confidence: Confidence,
    evidence: Vec<String>,
    /// Whether it is the federated user's 12-hour limit.
    twelve_hours: bool,
}

impl Verdict {
    /// What the error alone says.
    fn of(reading: &Reading) -> Self {
        let cause = reading.category;
        let usual = |confidence, evidence: String| Self {
            cause,
            who_acts: cause.usual_who(),
            retryable: cause.usual_retry(),
            confidence,
            evidence: vec![evidence],
            twelve_hours: false,
        };
        let mut verdict = match (reading.basis, reading.entry()) {
            (Basis::Overruled(because), _) => usual(Confidence::High, because.to_owned()),
            (_, Some(row)) => Self {
                who_acts: row.who_acts,
                retryable: row.retryable,
                ..usual(
                    if row.confirmed && !AMBIGUOUS.contains(&row.code) {
                        Confidence::High
                    } else {
                        Confidence::Medium
                    },
                    format!("Microsoft's number AADSTS{} ({}).", row.code, row.name),
                )
            },
            (Basis::Words(words, confidence), _) => {
                usual(confidence, format!("The answer says: {words}."))
            }
            (Basis::Name, _) => usual(Confidence::Low, named(reading)),
            (Basis::Code | Basis::Nothing, None) => usual(
                Confidence::Unsure,
                "Nothing in the answer tells the cause for certain.".to_owned(),
            ),
        };
        if let Some(code) = reading.code.filter(|_| reading.entry().is_none()) {
            let unknown = format!("The number AADSTS{code} is not in the catalogue.");
            verdict.evidence.push(unknown);
            verdict.confidence = verdict.confidence.min(Confidence::Low);
        }
        if reading.error.as_deref() == Some("invalid_client") && reading.entry().is_none() {
            verdict.who_acts = WhoActs::Msp;
        }
        verdict.doubt_stacked_numbers(reading);
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
            self.confidence = self.confidence.min(Confidence::Medium);
        }
        self.evidence.push(format!(
            "The answer also holds {}; the last one that is no envelope decides.",
            others.join(", ")
        ));
    }

    /// What is known about the connection sharpens or changes the decision.
    fn weigh(&mut self, reading: &Reading, facts: &Facts) {
        self.weigh_account(facts);
        self.weigh_revocation(reading, facts);
        self.weigh_twelve_hours(reading, facts);
        let not_found = reading.code == Some(700_016);
        if let Some(at) = facts.last_ok_at.filter(|_| not_found) {
            self.confidence = Confidence::High;
            self.evidence.push(format!(
                "It worked on {}, so the application was there and has been removed since.",
                day(at)
            ));
        }
        if self.cause == Category::SignInFrequency && facts.token_class == Some(TokenClass::Public)
        {
            self.evidence.push(
                "The token was made without a secret (device code), so the rule strikes at \
                 every refresh; “Sign in with Microsoft” is checked at sign-in only."
                    .to_owned(),
            );
        }
        if self.cause == Category::ConditionalAccess
            && facts.obtained_by == Some(Method::DeviceCode)
        {
            self.evidence.push(
                "This connection was made with a device code, which policies often block."
                    .to_owned(),
            );
        }
    }

    /// A disabled account ends tokens; Entra may still name the revocation that came with it.
    fn weigh_account(&mut self, facts: &Facts) {
        let user_died = matches!(
            self.cause,
            Category::PasswordChanged | Category::SessionRevoked | Category::Unknown
        );
        if user_died && facts.account_enabled == Some(false) {
            self.cause = Category::UserDisabledOrMissing;
            self.who_acts = WhoActs::CustomerAdmin;
            self.retryable = Retryable::AfterUserAction;
            self.confidence = Confidence::High;
            self.evidence
                .push("Graph says that the account is disabled.".to_owned());
        }
    }

    /// 50173 is the same for a changed password and revoked sessions; Graph's dates tell.
    fn weigh_revocation(&mut self, reading: &Reading, facts: &Facts) {
        let Some(revoked_at) = reading.details.tokens_valid_from else {
            return;
        };
        if self.cause != Category::PasswordChanged {
            return;
        }
        let matches = |at: Option<OffsetDateTime>| {
            at.is_some_and(|at| (at - revoked_at).abs() <= Duration::minutes(1))
        };
        if matches(facts.password_changed_at) {
            self.confidence = Confidence::High;
            self.evidence
                .push("Graph says that the password was changed at that very minute.".to_owned());
        } else if matches(facts.sessions_valid_from) && facts.password_changed_at.is_some() {
            self.cause = Category::SessionRevoked;
            self.confidence = Confidence::High;
            self.evidence.push(
                "Graph says that sessions were revoked then, and the password is older.".to_owned(),
            );
        }
    }

    /// Tokens of federated users whose password dates are not synchronised live twelve hours.
    fn weigh_twelve_hours(&mut self, reading: &Reading, facts: &Facts) {
        const LIMIT: Duration = Duration::hours(12);
        let limit = reading.details.max_lifetime;
        let fits = match self.cause {
            Category::ExpiredLifetime | Category::Unknown => reading.code != Some(700_084),
            Category::SignInFrequency => limit == Some(LIMIT),
            _ => false,
        };
        if facts.realm != Realm::Federated || facts.twelve_hour_policy || !fits {
            return;
        }
        // The refresh that finds the token dead comes up to an access token's life later.
        let age = facts.obtained_at.zip(facts.now).map(|(from, to)| to - from);
        let aged = age.is_some_and(|age| age >= LIMIT && age <= Duration::hours(14));
        if limit.is_some_and(|limit| limit != LIMIT) || !(aged || limit == Some(LIMIT)) {
            return;
        }
        self.confidence = match self.cause {
            Category::ExpiredLifetime if limit == Some(LIMIT) => Confidence::Medium,
            _ => Confidence::Low,
        };
        self.cause = Category::Federation;
        self.who_acts = WhoActs::CustomerAdmin;
        self.retryable = Retryable::AfterUserAction;
        self.twelve_hours = true;
        self.evidence.push(
            "The customer's domain is federated, and the token died about 12 hours after \
             sign-in."
                .to_owned(),
        );
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

fn day(at: OffsetDateTime) -> String {
    at.to_utc().date().to_string()
}

fn moment(at: OffsetDateTime) -> String {
    let at = at.to_utc();
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}

/// A length in the largest unit that divides it.
fn span(length: Duration) -> String {
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
