//! From what an error says and what is known about its connection to a decision: cause, how sure, who acts, what to do,
//! and the one button. A wrong guess is worse than "unsure".

use super::advice::{self, Occasion};
use super::category::Category;
use super::facts::Facts;
use super::party::{Retryable, WhoActs};
use super::powershell;
use super::read::Reading;
use super::sure;
use super::verdict::Verdict;

/// How sure a decision is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// The cause named is at best one of several.
    Unsure,
    /// The evidence speaks for it; what else it could be is told with the decision.
    Likely,
    /// The evidence excludes the others.
    High,
}

impl Confidence {
    /// The stable word of the API; it also reads well on a page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::Likely => "likely",
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
    /// Microsoft Graph PowerShell that shows or mends it; none where a shell is no help.
    pub powershell: Option<String>,
    pub button: Button,
    pub confidence: Confidence,
    /// What the decision rests on, in sentences.
    pub evidence: Vec<String>,
    /// What would make it certain, in sentences; empty when it is.
    pub to_be_sure: Vec<String>,
    pub retryable: Retryable,
    /// Whether tokens held now still open doors; unknown without their end.
    pub access_still_works: Option<bool>,
}

/// Decides on one error. With [`Facts::default`] the error speaks for itself.
pub fn decide(reading: &Reading, facts: &Facts) -> Diagnosis {
    let mut verdict = Verdict::of(reading);
    verdict.weigh(reading, facts);
    let advice = advice::advise(&Occasion {
        cause: verdict.cause,
        who: verdict.who_acts,
        twist: verdict.twist,
        reading,
    });
    let button = match advice.button {
        Button::Renew if verdict.retryable == Retryable::Yes => Button::Wait,
        button => verdict.button.unwrap_or(button),
    };
    Diagnosis {
        cause: verdict.cause,
        cause_label: verdict.cause.label(),
        headline: advice.headline,
        who_acts: verdict.who_acts,
        who_label: verdict.who_acts.label(),
        remedy: advice.steps,
        powershell: powershell::snippet(verdict.cause, verdict.twist, facts),
        button,
        confidence: verdict.confidence,
        to_be_sure: sure::steps(&verdict, reading, facts),
        evidence: verdict.evidence,
        retryable: verdict.retryable,
        access_still_works: access_still_works(facts),
    }
}

/// A token held counts until it ends, unless Microsoft was seen to refuse it.
fn access_still_works(facts: &Facts) -> Option<bool> {
    let seen = facts.seen.held_token.as_ref();
    let refused = seen.is_some_and(|seen| {
        seen.value == super::seen::HeldToken::Refused
            && facts.failed_at.is_none_or(|failed| seen.at >= failed)
    });
    let until = facts.access_until.zip(facts.now);
    match until {
        Some((until, now)) => Some(until > now && !refused),
        None => refused.then_some(false),
    }
}
