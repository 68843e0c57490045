//! The rule as a table.

use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-02 08:00 UTC);

fn standing(state: State) -> Standing {
    Standing {
        state,
        suspect_checks: 0,
        trouble_since: None,
        attempt: 1,
        due_at: NOW,
        next_refresh_at: NOW,
    }
}

fn facts() -> Facts {
    Facts {
        now: NOW,
        required: true,
        other_required_failed: false,
        other_works: true,
        more_to_come: false,
        mass_trouble: false,
        renew_at: None,
        jitter: 0.5,
    }
}

fn after(state: State, class: Class) -> Decision {
    decide(&standing(state), Answer::Fails(class), &facts())
}

#[test]
fn success_makes_every_living_state_active_and_forgets_trouble() {
    for state in [
        State::Active,
        State::Suspect,
        State::NeedsConsent,
        State::Quarantined,
    ] {
        let before = Standing {
            trouble_since: Some(NOW - Duration::hours(1)),
            suspect_checks: 2,
            ..standing(state)
        };
        let decision = decide(&before, Answer::Works, &facts());
        assert_eq!(decision.state, State::Active, "{state:?}");
        assert_eq!(decision.trouble_since, None);
        assert_eq!(decision.suspect_checks, 0);
        assert_eq!(decision.next_refresh_at, NOW + Duration::hours(24));
    }
    assert_eq!(
        decide(&standing(State::Pending), Answer::Works, &facts()).state,
        State::Pending
    );
}

#[test]
fn success_of_one_resource_does_not_hide_that_another_required_one_fails() {
    let facts = Facts {
        other_required_failed: true,
        ..facts()
    };
    let decision = decide(&standing(State::NeedsConsent), Answer::Works, &facts);
    assert_eq!(decision.state, State::NeedsConsent);
    assert_eq!(decision.mark, Mark::Valid);
}

#[test]
fn the_next_day_is_spread_and_a_token_in_use_is_renewed_sooner() {
    for (jitter, hours) in [(0.0, 19.2), (0.5, 24.0), (1.0, 28.8)] {
        let decision = decide(
            &standing(State::Active),
            Answer::Works,
            &Facts { jitter, ..facts() },
        );
        let hours = Duration::seconds_f64(hours * 3600.0);
        assert!((decision.next_refresh_at - NOW - hours).abs() < Duration::seconds(1));
    }
    let renew_at = Some(NOW + Duration::minutes(35));
    let decision = decide(
        &standing(State::Active),
        Answer::Works,
        &Facts {
            renew_at,
            ..facts()
        },
    );
    assert_eq!(Some(decision.next_refresh_at), renew_at);
}

#[test]
fn passing_trouble_changes_no_state_whatever_it_was() {
    for class in [
        Class::Throttled(None),
        Class::Transient,
        Class::Unknown,
        Class::AppLevel,
    ] {
        for state in State::ALL {
            let decision = after(state, class);
            assert_eq!(decision.state, state, "{class:?}");
            assert_eq!(decision.trouble_since, Some(NOW));
            assert_eq!(decision.mark, Mark::Noted);
            assert!(decision.stop && decision.next_refresh_at > NOW);
            assert!(decision.next_refresh_at <= NOW + Duration::hours(1));
            assert_eq!(decision.open_breaker, class == Class::AppLevel);
        }
    }
}

#[test]
fn a_definite_refusal_calls_for_a_person_at_once() {
    for class in [Class::Definitive, Class::AppAbsent] {
        for state in [State::Active, State::Suspect] {
            let decision = after(state, class);
            assert_eq!(decision.state, State::NeedsConsent);
            assert!(decision.all_failed && decision.stop);
            assert_eq!(decision.next_refresh_at, never());
        }
        assert_eq!(after(State::Pending, class).state, State::Pending);
    }
}

#[test]
fn an_ambiguous_refusal_needs_three_confirmations_each_at_its_hour() {
    let mut at = standing(State::Active);
    let mut now = NOW;
    for (state, checks, wait) in [
        (State::Suspect, 0, Some(Duration::minutes(5))),
        (State::Suspect, 1, Some(Duration::minutes(30))),
        (State::Suspect, 2, Some(Duration::hours(2))),
        (State::NeedsConsent, 3, None),
    ] {
        let facts = Facts { now, ..facts() };
        let decision = decide(&at, Answer::Fails(Class::Ambiguous), &facts);
        assert_eq!((decision.state, decision.suspect_checks), (state, checks));
        assert_eq!(
            decision.next_refresh_at,
            wait.map_or_else(never, |wait| now + wait)
        );
        at = Standing {
            state: decision.state,
            suspect_checks: decision.suspect_checks,
            trouble_since: decision.trouble_since,
            due_at: decision.next_refresh_at,
            ..at
        };
        now = decision.next_refresh_at;
    }
    assert_eq!(at.trouble_since, Some(NOW));
}

#[test]
fn asking_ahead_of_the_hour_confirms_nothing() {
    let suspect = Standing {
        suspect_checks: 2,
        due_at: NOW + Duration::hours(1),
        ..standing(State::Suspect)
    };
    let decision = decide(&suspect, Answer::Fails(Class::Ambiguous), &facts());
    assert_eq!(decision.state, State::Suspect);
    assert_eq!(decision.suspect_checks, 2);
    assert_eq!(decision.next_refresh_at, suspect.due_at);
}

#[test]
fn passing_trouble_ahead_of_the_hour_does_not_bring_a_confirmation_forward() {
    let suspect = Standing {
        suspect_checks: 2,
        due_at: NOW + Duration::hours(2),
        ..standing(State::Suspect)
    };
    let mass = Facts {
        mass_trouble: true,
        ..facts()
    };
    for (class, facts) in [
        (Class::Transient, facts()),
        (Class::Throttled(None), facts()),
        (Class::AppLevel, facts()),
        (Class::Ambiguous, mass),
    ] {
        let decision = decide(&suspect, Answer::Fails(class), &facts);
        assert_eq!(decision.next_refresh_at, suspect.due_at, "{class:?}");
        assert_eq!(decision.suspect_checks, 2);
    }
}

#[test]
fn who_is_told_that_he_asks_in_a_loop_is_left_alone_for_ten_minutes_at_least() {
    for (asked, minutes) in [(None, 10), (Some(60), 10), (Some(1800), 30)] {
        let asked = asked.map(std::time::Duration::from_secs);
        let decision = after(State::Active, Class::Looping(asked));
        assert_eq!(decision.state, State::Active);
        let wait = decision.next_refresh_at - NOW;
        let least = Duration::minutes(minutes);
        assert!(wait >= least && wait <= least * 1.1, "{asked:?}: {wait}");
    }
}

#[test]
fn an_unknown_number_is_passing_for_a_day_and_suspicious_after() {
    let trouble = |hours| Standing {
        trouble_since: Some(NOW - Duration::hours(hours)),
        ..standing(State::Active)
    };
    let answer = Answer::Fails(Class::Unknown);
    assert_eq!(decide(&trouble(23), answer, &facts()).state, State::Active);
    assert_eq!(decide(&trouble(24), answer, &facts()).state, State::Suspect);
    let known = Answer::Fails(Class::Transient);
    assert_eq!(decide(&trouble(99), known, &facts()).state, State::Active);
}

#[test]
fn missing_consent_fails_one_resource_and_the_others_are_still_asked_for() {
    let answer = Answer::Fails(Class::ConsentMissing);
    let required = decide(&standing(State::Active), answer, &facts());
    assert_eq!(required.state, State::NeedsConsent);
    assert!(!required.stop && !required.all_failed);
    assert_eq!(required.mark, Mark::Failed);

    let optional = Facts {
        required: false,
        ..facts()
    };
    let decision = decide(&standing(State::Active), answer, &optional);
    assert_eq!(decision.state, State::Active);
    assert_eq!(decision.mark, Mark::Failed);

    let alone = Facts {
        other_works: false,
        ..optional
    };
    let decision = decide(&standing(State::Active), answer, &alone);
    assert_eq!(decision.state, State::NeedsConsent);
}

#[test]
fn a_switched_off_resource_is_confirmed_before_anybody_is_called_and_an_optional_one_never_is() {
    let required = after(State::Active, Class::ResourceRefused);
    assert_eq!(required.state, State::Suspect);
    assert!(!required.stop);
    let facts = Facts {
        required: false,
        ..facts()
    };
    let answer = Answer::Fails(Class::ResourceRefused);
    let optional = decide(&standing(State::Active), answer, &facts);
    assert_eq!(optional.state, State::Active);
    assert_eq!(optional.mark, Mark::Failed);
}

#[test]
fn a_resource_that_works_ends_no_suspicion_of_another() {
    let facts = Facts {
        other_required_failed: true,
        ..facts()
    };
    let suspect = Standing {
        suspect_checks: 1,
        next_refresh_at: NOW + Duration::minutes(30),
        ..standing(State::Suspect)
    };
    let decision = decide(&suspect, Answer::Works, &facts);
    assert_eq!(
        (decision.state, decision.suspect_checks),
        (State::Suspect, 1)
    );
    assert_eq!(decision.next_refresh_at, suspect.next_refresh_at);
}

#[test]
fn in_mass_trouble_nobody_is_accused() {
    let facts = Facts {
        mass_trouble: true,
        ..facts()
    };
    for class in [
        Class::Ambiguous,
        Class::AppAbsent,
        Class::ResourceRefused,
        Class::Unknown,
    ] {
        for state in [State::Active, State::Suspect] {
            let before = Standing {
                trouble_since: Some(NOW - Duration::hours(30)),
                ..standing(state)
            };
            let decision = decide(&before, Answer::Fails(class), &facts);
            assert_eq!(decision.state, state, "{class:?}");
            assert_eq!(decision.mark, Mark::Noted);
            // Often enough to see that it has passed.
            assert!(decision.next_refresh_at <= NOW + Duration::minutes(10));
        }
    }
    let optional = Facts {
        required: false,
        ..facts
    };
    let absent = Answer::Fails(Class::ResourceRefused);
    let decision = decide(&standing(State::Active), absent, &optional);
    assert_eq!(decision.mark, Mark::Failed);
    let definite = decide(
        &standing(State::Active),
        Answer::Fails(Class::Definitive),
        &facts,
    );
    assert_eq!(definite.state, State::NeedsConsent);
}

#[test]
fn what_does_not_open_or_is_somebody_elses_is_set_aside_and_not_called_dead() {
    for answer in [Answer::Shut, Answer::Foreign] {
        let decision = decide(&standing(State::Active), answer, &facts());
        assert_eq!(decision.state, State::Quarantined);
        assert!(decision.stop);
    }
}

#[test]
fn a_run_that_dies_between_two_resources_goes_on_in_minutes() {
    let facts = Facts {
        more_to_come: true,
        ..facts()
    };
    for answer in [Answer::Works, Answer::Fails(Class::ConsentMissing)] {
        let decision = decide(&standing(State::Active), answer, &facts);
        assert_eq!(decision.next_refresh_at, NOW + Duration::minutes(3));
    }
}
