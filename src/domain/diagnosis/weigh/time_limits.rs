//! Rules of time: idle tokens, sign-in frequency, the 12 hours of federated users, and rhythms.

use time::Duration;

use super::rhythm_of;
use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::decide::Confidence;
use crate::domain::diagnosis::facts::{Facts, Realm, TokenClass};
use crate::domain::diagnosis::party::WhoActs;
use crate::domain::diagnosis::read::Reading;
use crate::domain::diagnosis::rhythm::Rhythm;
use crate::domain::diagnosis::verdict::{Twist, Verdict, about, span};

const TWELVE: Duration = Duration::hours(12);
/// The refresh that finds the token dead comes up to an access token's life later.
const TWELVE_NOTICED: Duration = Duration::hours(14);
const IDLE: Duration = Duration::days(90);

impl Verdict {
    /// 700082 and 70008 speak of idleness; our own record knows when the token was last used.
    pub(super) fn weigh_idleness(&mut self, reading: &Reading, facts: &Facts) {
        if self.cause != Category::ExpiredInactive {
            return;
        }
        let Some((failed, used)) = facts.failed_at.zip(facts.last_ok_at) else {
            return;
        };
        let unused = failed - used;
        if unused >= IDLE - Duration::days(1) {
            self.confidence = Confidence::High;
            self.tell(format!("Our last success is {} old.", about(unused)));
        } else if reading.code == Some(70_008) {
            self.confidence = Confidence::Unsure;
            self.tell(format!(
                "We used it {} ago, so it did not lie idle; this number is also given for revoked tokens and lapsed codes.",
                about(unused)
            ));
        } else {
            self.confidence = Confidence::Likely;
            self.tell(format!(
                "Our own record says that a token was used {} ago: the one refused is an older one, as after restoring a backup.",
                about(unused)
            ));
        }
    }

    /// Tokens of federated users whose password dates are not synchronised live twelve hours.
    pub(super) fn weigh_twelve_hours(&mut self, reading: &Reading, facts: &Facts) {
        let limit = reading.details.max_lifetime;
        let fits = match self.cause {
            Category::ExpiredLifetime | Category::Unknown => reading.code != Some(700_084),
            Category::SignInFrequency => limit == Some(TWELVE),
            _ => false,
        };
        if facts.realm != Realm::Federated || !fits || twelve_hour_policy(facts) == Some(true) {
            return;
        }
        let aged = facts
            .age()
            .is_some_and(|age| (TWELVE..=TWELVE_NOTICED).contains(&age));
        if limit.is_some_and(|limit| limit != TWELVE) || !(aged || limit == Some(TWELVE)) {
            return;
        }
        let named_by_number = self.cause == Category::ExpiredLifetime && limit == Some(TWELVE);
        let no_policy = twelve_hour_policy(facts) == Some(false);
        let again = twelve_hour_lives(facts);
        let sure = no_policy || (named_by_number && (aged || again >= 2));
        self.confidence = match (limit, sure) {
            (Some(_), true) => Confidence::High,
            (Some(_), false) => Confidence::Likely,
            (None, _) if again >= 3 => Confidence::Likely,
            (None, _) => Confidence::Unsure,
        };
        self.becomes(
            Category::Federation,
            WhoActs::CustomerAdmin,
            Twist::TwelveHours,
        );
        self.tell(
            "The customer's domain is federated, and the token died about 12 hours after sign-in.",
        );
        if again >= 2 {
            self.tell(format!(
                "So did {again} authorisations of this tenant in a row."
            ));
        }
        if no_policy {
            self.tell(
                "No Conditional Access policy of the tenant asks for a sign-in every 12 hours.",
            );
        }
    }

    /// 70043 names its limit; the age of the sign-in has to agree.
    pub(super) fn weigh_sign_in_frequency(&mut self, reading: &Reading, facts: &Facts) {
        if self.cause != Category::SignInFrequency {
            return;
        }
        if facts.token_class == Some(TokenClass::Public) {
            self.tell(
                "The token was made without a secret (device code), so the rule strikes at every refresh; “Sign in with \
                 Microsoft” is checked at sign-in only.",
            );
        }
        if let Some((limit, age)) = reading.details.max_lifetime.zip(facts.age()) {
            if age + Duration::minutes(5) < limit {
                self.confidence = self.confidence.min(Confidence::Likely);
                self.tell(format!(
                    "By our record the sign-in was only {} old, less than the limit named.",
                    about(age)
                ));
            } else {
                self.tell(format!("The sign-in was {} old.", about(age)));
            }
        }
    }

    /// The same length of life again and again is a rule at work.
    pub(super) fn weigh_rhythm(&mut self, reading: &Reading, facts: &Facts) {
        let Some(Rhythm { period, lives }) = rhythm_of(self, facts) else {
            return;
        };
        let every = span(period);
        self.tell(format!(
            "The last {lives} authorisations of this account all ended after {every}."
        ));
        match self.cause {
            Category::MfaRequired => {
                self.twist = Twist::Rhythm(period);
                // 50078 says itself that the proof became too old; the others also come with a new policy.
                if reading.code != Some(50_078) {
                    self.confidence = Confidence::Likely;
                }
            }
            Category::SignInFrequency => self.twist = Twist::Rhythm(period),
            Category::PasswordChanged | Category::SessionRevoked => {
                self.tell("A password that expires, or a script, comes round with that rhythm.");
            }
            Category::Unknown => {
                self.becomes(
                    Category::SignInFrequency,
                    WhoActs::CustomerUser,
                    Twist::Rhythm(period),
                );
                self.confidence = Confidence::Likely;
            }
            _ => {}
        }
    }
}

/// Whether a policy asks for a sign-in every 12 hours; none when policies could not be read.
fn twelve_hour_policy(facts: &Facts) -> Option<bool> {
    facts.seen.policies.as_ref()?;
    Some(
        facts
            .seen
            .acting()
            .any(|policy| policy.sign_in_frequency_s == Some(TWELVE.whole_seconds())),
    )
}

/// How many of the newest lives in a row ended after about twelve hours.
fn twelve_hour_lives(facts: &Facts) -> usize {
    let fits = |length: Duration| (TWELVE..=TWELVE_NOTICED).contains(&length);
    facts
        .past
        .iter()
        .take_while(|life| fits(life.died_at - life.obtained_at))
        .count()
}
