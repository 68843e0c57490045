//! The account that signed in: disabled, deleted, at risk, without licence; its password and its sessions.

use time::{Duration, OffsetDateTime};

use super::fresh;
use crate::domain::diagnosis::category::Category;
use crate::domain::diagnosis::decide::Confidence;
use crate::domain::diagnosis::facts::Facts;
use crate::domain::diagnosis::party::WhoActs;
use crate::domain::diagnosis::read::Reading;
use crate::domain::diagnosis::seen::{Account, Risk};
use crate::domain::diagnosis::verdict::{Twist, Verdict, moment};

/// Graph gives whole seconds, and two machines of Microsoft need not agree on them.
const SAME: Duration = Duration::minutes(1);

impl Verdict {
    /// A disabled account ends tokens; Entra may still name the revocation that came with it.
    pub(super) fn weigh_account(&mut self, reading: &Reading, facts: &Facts) {
        let user_died = matches!(
            self.cause,
            Category::PasswordChanged
                | Category::SessionRevoked
                | Category::UserDisabledOrMissing
                | Category::Unknown
        );
        // Numbers about other accounts than the one we know.
        let foreign = matches!(reading.code, Some(50_020 | 50_177 | 16_000 | 90_072));
        if let Some(account) = fresh(facts.seen.account.as_ref(), facts)
            && user_died
            && !foreign
        {
            self.weigh_state(account);
        }
        if let Some(risk) = fresh(facts.seen.risk.as_ref(), facts) {
            self.weigh_risk(risk);
        }
        self.weigh_licences(facts);
    }

    fn weigh_state(&mut self, account: &Account) {
        let named = self.cause == Category::UserDisabledOrMissing;
        let (twist, told) = if account.deleted {
            (
                Twist::AccountDeleted,
                "Graph no longer knows the account: it was deleted.",
            )
        } else if account.enabled == Some(false) {
            (
                Twist::AccountDisabled,
                "Graph says that the account is disabled.",
            )
        } else if account.enabled == Some(true) && named {
            self.confidence = self.confidence.min(Confidence::Likely);
            self.tell("Graph says that the account is enabled by now.");
            return;
        } else {
            return;
        };
        self.becomes(
            Category::UserDisabledOrMissing,
            WhoActs::CustomerAdmin,
            twist,
        );
        self.confidence = Confidence::High;
        self.tell(told);
    }

    fn weigh_risk(&mut self, risk: &Risk) {
        if !risk.is_open() {
            return;
        }
        self.tell(format!(
            "ID Protection holds a {} risk against the account ({}).",
            risk.level, risk.state
        ));
        match self.cause {
            Category::UserLockedOrRisky => self.twist = Twist::Risk,
            // A policy on risk is one of several that may block.
            Category::ConditionalAccess if risk.level == "high" => {
                self.becomes(
                    Category::UserLockedOrRisky,
                    WhoActs::CustomerAdmin,
                    Twist::Risk,
                );
                self.confidence = Confidence::Likely;
            }
            _ => {}
        }
    }

    fn weigh_licences(&mut self, facts: &Facts) {
        let seen = fresh(facts.seen.account.as_ref(), facts);
        if self.cause == Category::LicenseOrSubscription
            && seen.is_some_and(|account| account.licences == Some(0))
        {
            self.twist = Twist::Unlicensed;
            self.tell("Graph says that the account holds no licence.");
        }
    }

    /// 50173 is the same for a changed password and revoked sessions; Graph's dates tell.
    pub(super) fn weigh_revocation(&mut self, reading: &Reading, facts: &Facts) {
        let Some(account) = facts.seen.account.as_ref().map(|seen| &seen.value) else {
            return;
        };
        match (self.cause, reading.details.tokens_valid_from) {
            (Category::PasswordChanged | Category::SessionRevoked, Some(revoked_at)) => {
                self.compare_dates(account, revoked_at);
            }
            (Category::PasswordChanged | Category::SessionRevoked | Category::Unknown, None) => {
                self.guess_from_dates(account, facts);
            }
            _ => {}
        }
    }

    /// The answer names the instant of the revocation.
    fn compare_dates(&mut self, account: &Account, revoked_at: OffsetDateTime) {
        let matches =
            |at: Option<OffsetDateTime>| at.is_some_and(|at| (at - revoked_at).abs() <= SAME);
        let password = account.password_changed_at;
        if matches(password) {
            self.becomes(
                Category::PasswordChanged,
                WhoActs::CustomerUser,
                Twist::PasswordItself,
            );
            self.confidence = Confidence::High;
            self.tell("Graph says that the password was changed at that very minute.");
        } else if matches(account.sessions_valid_from) && password.is_some() {
            self.becomes(Category::SessionRevoked, WhoActs::CustomerUser, Twist::None);
            self.confidence = Confidence::High;
            let older = password.map(moment).unwrap_or_default();
            self.tell(format!(
                "Graph says that sessions were revoked then, and the password is another date's: {older}."
            ));
        } else if let Some(password) = password {
            self.confidence = self.confidence.min(Confidence::Likely);
            self.tell(format!(
                "Graph's dates no longer show that instant (password: {}); something was changed again since.",
                moment(password)
            ));
        }
    }

    /// The answer is cut or translated, or was a bare refusal: the dates alone.
    fn guess_from_dates(&mut self, account: &Account, facts: &Facts) {
        let Some((last_ok, failed)) = facts.last_ok_at.zip(facts.failed_at) else {
            return;
        };
        let between = |at: Option<OffsetDateTime>| at.filter(|at| *at > last_ok && *at <= failed);
        let (password, sessions) = (
            between(account.password_changed_at),
            between(account.sessions_valid_from),
        );
        let (cause, twist, told) = match (password, sessions) {
            (Some(password), Some(sessions)) if (password - sessions).abs() <= SAME => (
                Category::PasswordChanged,
                Twist::PasswordItself,
                format!(
                    "Graph says that the password was changed on {}, after the last success.",
                    moment(password)
                ),
            ),
            (None, Some(sessions)) => (
                Category::SessionRevoked,
                Twist::None,
                format!(
                    "Graph says that sessions were revoked on {}, after the last success; the password is older.",
                    moment(sessions)
                ),
            ),
            _ => return,
        };
        self.becomes(cause, WhoActs::CustomerUser, twist);
        self.confidence = Confidence::Likely;
        self.tell(told);
    }
}
