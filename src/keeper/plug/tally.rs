//! What became of one kind of thing at Microsoft: how many were taken away, and what stood in the way. Pure.

use serde::Serialize;

use crate::entra::{Failure, Meaning};

/// As in `disconnection_steps.details`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// Taken away, now or before.
    pub removed: u32,
    /// Refused for want of a permission or a role.
    pub denied: u32,
    /// Not done for another reason.
    pub failed: u32,
    /// Of the last refusal: HTTP status, Graph's code, number of the recorded error.
    pub status: Option<u16>,
    pub code: Option<String>,
    pub error_id: Option<i64>,
    /// It may work later.
    #[serde(skip)]
    pub again: bool,
}

impl Tally {
    pub fn removed(&mut self) {
        self.removed += 1;
    }

    pub fn refused(&mut self, failure: &Failure, error_id: Option<i64>) {
        match failure.meaning {
            // Somebody was faster, or this keeper before it died.
            Meaning::NotFound => {
                self.removed += 1;
                return;
            }
            Meaning::Denied => self.denied += 1,
            _ => self.failed += 1,
        }
        self.again |= passes(failure);
        self.status = failure.http_status;
        self.code.clone_from(&failure.error);
        self.error_id = error_id;
    }

    /// Nothing stood in the way.
    pub const fn is_clean(&self) -> bool {
        self.denied == 0 && self.failed == 0
    }
}

/// Trouble that may pass.
pub(super) fn passes(failure: &Failure) -> bool {
    matches!(
        failure.meaning,
        Meaning::Throttled
            | Meaning::Transient
            | Meaning::Unreachable
            | Meaning::NoReply
            | Meaning::Malformed
            | Meaning::NotReplicated
            | Meaning::AppLevel
    )
}

/// Everything that was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Taken {
    /// Consent to delegated permissions.
    pub grants: Tally,
    /// Application permissions.
    pub roles: Tally,
    /// Our enterprise application, which takes the others with it.
    pub application: Tally,
}

impl Taken {
    /// It may go better later.
    pub const fn is_passing(&self) -> bool {
        self.application.removed == 0
            && (self.grants.again || self.roles.again || self.application.again)
    }

    /// In a word, as in `disconnection_steps.outcome`.
    pub const fn word(&self) -> &'static str {
        if self.application.removed > 0 {
            return "removed";
        }
        let some = self.grants.removed + self.roles.removed > 0;
        if some && self.grants.is_clean() && self.roles.is_clean() {
            "permissions_removed"
        } else if some {
            "partly"
        } else if self.is_passing() {
            "unreachable"
        } else if self.grants.failed + self.roles.failed + self.application.failed > 0 {
            "failed"
        } else {
            "denied"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(removed: u32, denied: u32, failed: u32) -> Tally {
        Tally {
            removed,
            denied,
            failed,
            ..Tally::default()
        }
    }

    #[test]
    fn the_word_says_no_more_than_was_done() {
        let none = Tally::default;
        for (grants, roles, application, word) in [
            (none(), none(), tally(1, 0, 0), "removed"),
            (tally(0, 2, 0), none(), tally(1, 0, 0), "removed"),
            (
                tally(3, 0, 0),
                none(),
                tally(0, 1, 0),
                "permissions_removed",
            ),
            (tally(3, 0, 0), tally(0, 1, 0), tally(0, 1, 0), "partly"),
            (tally(2, 1, 0), none(), tally(0, 1, 0), "partly"),
            (tally(0, 3, 0), tally(0, 1, 0), tally(0, 1, 0), "denied"),
            (tally(0, 1, 0), none(), tally(0, 0, 1), "failed"),
        ] {
            let taken = Taken {
                grants,
                roles,
                application,
            };
            assert_eq!(taken.word(), word, "{taken:?}");
        }
    }

    #[test]
    fn what_is_gone_need_not_be_tried_again() {
        let mut taken = Taken::default();
        taken.grants.again = true;
        assert!(taken.is_passing());
        taken.application.removed();
        assert!(!taken.is_passing());
    }
}
