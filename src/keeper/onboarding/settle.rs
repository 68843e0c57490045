//! Where an attempt stands after its resources were asked for. Pure.

use super::words::Refused;

/// One resource of the set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Got {
    pub required: bool,
    pub valid: bool,
    /// What the last refusal meant; empty when it was not asked for, or came without the permissions that we need.
    pub refused: Option<Refused>,
}

/// What else counts.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Facts {
    /// A technician must confirm who signed in.
    pub hold: bool,
    /// The tenant has a standing that works.
    pub has_living: bool,
    /// This grant is the tenant's standing already, with a part of the set.
    pub is_current: bool,
    /// A request for approval waits for its reviewer.
    pub awaits_approval: bool,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// "All tokens acquired": the grant becomes the tenant's standing.
    Complete,
    /// All acquired; stays apart until confirmed.
    Held,
    /// Waits for consent. With `stand_in` the part that was acquired becomes the standing meanwhile.
    ConsentNeeded {
        stand_in: bool,
    },
    /// The same, waiting for a reviewer.
    AwaitingApproval {
        stand_in: bool,
    },
    /// Passing trouble: ask again soon.
    Again,
    Failed(&'static str),
}

/// The rule.
pub(super) fn settle(got: &[Got], facts: Facts) -> Settled {
    let missing = || got.iter().filter(|one| one.required && !one.valid);
    if missing().next().is_none() && got.iter().any(|one| one.valid) {
        return if facts.hold {
            Settled::Held
        } else {
            Settled::Complete
        };
    }
    let why = |wanted: fn(&Refused) -> bool| {
        missing()
            .filter_map(|one| one.refused.as_ref())
            .find(|why| wanted(why))
            .copied()
    };
    if let Some(Refused::Failed(word)) = why(|why| matches!(why, Refused::Failed(_))) {
        return Settled::Failed(word);
    }
    let stand_in =
        !facts.hold && !facts.has_living && !facts.is_current && got.iter().any(|one| one.valid);
    if facts.awaits_approval || why(|why| *why == Refused::AwaitingApproval).is_some() {
        return Settled::AwaitingApproval { stand_in };
    }
    if why(|why| *why == Refused::Again).is_some() {
        return Settled::Again;
    }
    Settled::ConsentNeeded { stand_in }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts = Facts {
        hold: false,
        has_living: false,
        is_current: false,
        awaits_approval: false,
    };

    fn got(required: bool, valid: bool, refused: Option<Refused>) -> Got {
        Got {
            required,
            valid,
            refused,
        }
    }

    #[test]
    fn all_required_is_complete_or_held() {
        let all = [
            got(true, true, None),
            got(false, false, Some(Refused::ConsentNeeded)),
        ];
        assert_eq!(settle(&all, FACTS), Settled::Complete);
        let hold = Facts {
            hold: true,
            ..FACTS
        };
        assert_eq!(settle(&all, hold), Settled::Held);
        assert_eq!(
            settle(&[got(false, false, None)], FACTS),
            Settled::ConsentNeeded { stand_in: false }
        );
    }

    #[test]
    fn a_part_stands_in_only_where_nothing_works_and_nobody_is_to_confirm() {
        let part = [
            got(true, true, None),
            got(true, false, Some(Refused::ConsentNeeded)),
        ];
        let stands_in = |facts| settle(&part, facts) == Settled::ConsentNeeded { stand_in: true };
        assert!(stands_in(FACTS));
        assert!(!stands_in(Facts {
            has_living: true,
            ..FACTS
        }));
        assert!(!stands_in(Facts {
            hold: true,
            ..FACTS
        }));
        assert!(!stands_in(Facts {
            is_current: true,
            ..FACTS
        }));
        let nothing = [got(true, false, Some(Refused::ConsentNeeded))];
        assert_eq!(
            settle(&nothing, FACTS),
            Settled::ConsentNeeded { stand_in: false }
        );
    }

    #[test]
    fn a_request_for_approval_is_not_forgotten_while_consent_is_still_missing() {
        let missing = [got(true, false, Some(Refused::ConsentNeeded))];
        let waiting = Facts {
            awaits_approval: true,
            ..FACTS
        };
        assert_eq!(
            settle(&missing, waiting),
            Settled::AwaitingApproval { stand_in: false }
        );
        let asked = [got(true, false, Some(Refused::AwaitingApproval))];
        assert_eq!(
            settle(&asked, FACTS),
            Settled::AwaitingApproval { stand_in: false }
        );
    }

    #[test]
    fn a_refusal_of_a_required_resource_ends_the_attempt_and_passing_trouble_does_not() {
        let refused = [
            got(true, true, None),
            got(true, false, Some(Refused::Failed("policy_refused"))),
        ];
        assert_eq!(settle(&refused, FACTS), Settled::Failed("policy_refused"));
        let passing = [got(true, false, Some(Refused::Again))];
        assert_eq!(settle(&passing, FACTS), Settled::Again);
        let optional = [
            got(true, true, None),
            got(false, false, Some(Refused::Failed("policy_refused"))),
        ];
        assert_eq!(settle(&optional, FACTS), Settled::Complete);
    }
}
