//! What follows from an answer: one pure function from standing, answer and facts to what is written. The refresh
//! protocol, the onboarding and the live checks all use it; nothing else changes a connection's state after a call.

use time::{Duration, OffsetDateTime};

use super::backoff;
use super::class::Class;
use super::state::State;

/// When an ambiguous refusal is checked again; after the last check the refusal counts.
const CHECKS: [Duration; 3] = [
    Duration::minutes(5),
    Duration::minutes(30),
    Duration::hours(2),
];
/// How long a number that nobody knows may be passing trouble.
const UNKNOWN_IS_TRANSIENT: Duration = Duration::hours(24);
/// After trouble of our own application.
const APP_TROUBLE: Duration = Duration::minutes(5);
/// While many tenants fail alike: often enough to see that it has passed.
const MASS_TROUBLE: Duration = Duration::minutes(5);
/// A connection that is told that it asks in a loop is left alone for so long at least (entra.md section 13).
const LOOP_PAUSE: std::time::Duration = std::time::Duration::from_mins(10);
/// A crash between two resources of one run must not leave the rest for tomorrow: soon after the lease has ended, so that
/// what the crash may have cost is known within five minutes.
const UNFINISHED_RUN: Duration = Duration::minutes(3);

/// How the connection stood before the call.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    pub state: State,
    /// Confirmations of an ambiguous refusal so far.
    pub suspect_checks: i16,
    /// First failure since the last success.
    pub trouble_since: Option<OffsetDateTime>,
    /// Claims since the last success.
    pub attempt: i32,
    /// When the run was due.
    pub due_at: OffsetDateTime,
    /// What the last answer of this run, or else of the run before, made of it.
    pub next_refresh_at: OffsetDateTime,
}

/// What the call said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    /// Tokens of the right account.
    Works,
    Fails(Class),
    /// Tokens of another tenant or person than before.
    Foreign,
    /// The sealed token does not open; nothing was asked.
    Shut,
}

/// What else counts.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Facts {
    pub now: OffsetDateTime,
    /// The resource asked for must work for this tenant.
    pub required: bool,
    /// Another required resource is known not to work.
    pub other_required_failed: bool,
    /// Another resource of the connection works.
    pub other_works: bool,
    /// Another resource is asked for in the same run.
    pub more_to_come: bool,
    /// Many tenants fail by one ambiguous or application-level cause: nobody is accused.
    pub mass_trouble: bool,
    /// When the access token should be renewed because it is in use; empty when it is not.
    pub renew_at: Option<OffsetDateTime>,
    /// Between 0 and 1.
    pub jitter: f64,
}

/// What becomes of the token row of the resource asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Valid,
    Failed,
    /// Only the error is noted; the access token at hand may still work.
    Noted,
}

/// What is written after the call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decision {
    pub state: State,
    pub suspect_checks: i16,
    pub trouble_since: Option<OffsetDateTime>,
    pub mark: Mark,
    /// The grant itself is gone, so no resource works any more.
    pub all_failed: bool,
    pub next_refresh_at: OffsetDateTime,
    /// Asking for the next resource now would be pointless or rude.
    pub stop: bool,
    pub open_breaker: bool,
}

/// A date that no schedule reaches: a person must act before the connection is tried again.
pub fn never() -> OffsetDateTime {
    time::macros::datetime!(9999-01-01 00:00 UTC)
}

/// The whole rule.
pub fn decide(standing: &Standing, answer: Answer, facts: &Facts) -> Decision {
    match answer {
        Answer::Works => works(standing, facts),
        Answer::Foreign | Answer::Shut => Decision {
            state: State::Quarantined,
            all_failed: true,
            next_refresh_at: never(),
            ..failing(standing, facts)
        },
        Answer::Fails(class) => keep_the_hour(standing, facts, fails(standing, class, facts)),
    }
}

fn works(standing: &Standing, facts: &Facts) -> Decision {
    let state = match standing.state {
        State::Pending => State::Pending,
        State::Revoked => State::Revoked,
        // Its other resource is still being confirmed.
        State::Suspect if facts.other_required_failed => State::Suspect,
        _ if facts.other_required_failed => State::NeedsConsent,
        _ => State::Active,
    };
    let next_refresh_at = match state {
        _ if facts.more_to_come => facts.now + UNFINISHED_RUN,
        State::Active => daily(facts),
        State::Suspect => standing.next_refresh_at.max(facts.now + UNFINISHED_RUN),
        _ => never(),
    };
    Decision {
        state,
        suspect_checks: if state == State::Suspect {
            standing.suspect_checks
        } else {
            0
        },
        trouble_since: standing
            .trouble_since
            .filter(|_| facts.other_required_failed),
        mark: Mark::Valid,
        all_failed: false,
        next_refresh_at,
        stop: false,
        open_breaker: false,
    }
}

/// Once a day ± 20 %, sooner when the access token is in use.
fn daily(facts: &Facts) -> OffsetDateTime {
    let day = facts.now + Duration::hours(24) * (0.8 + 0.4 * facts.jitter);
    facts.renew_at.map_or(day, |renew| renew.min(day))
}

fn fails(standing: &Standing, class: Class, facts: &Facts) -> Decision {
    let passing = Decision {
        next_refresh_at: facts.now + backoff::after(standing.attempt, None, facts.jitter),
        ..failing(standing, facts)
    };
    match class {
        Class::Throttled(wait) => Decision {
            next_refresh_at: facts.now + backoff::after(standing.attempt, wait, facts.jitter),
            ..passing
        },
        Class::Looping(pause) => Decision {
            next_refresh_at: facts.now
                + pause
                    .unwrap_or_default()
                    .max(LOOP_PAUSE)
                    .mul_f64(1.0 + facts.jitter / 10.0),
            ..passing
        },
        _ if facts.mass_trouble && class.may_be_everybodys(facts.required) => Decision {
            next_refresh_at: facts.now + MASS_TROUBLE * (1.0 + facts.jitter),
            stop: class != Class::ResourceRefused,
            ..passing
        },
        Class::Unknown if long_in_trouble(standing, facts) => ambiguous(standing, facts, passing),
        Class::Transient | Class::Unknown => passing,
        Class::AppLevel => Decision {
            next_refresh_at: facts.now + APP_TROUBLE * (1.0 + facts.jitter),
            open_breaker: true,
            ..passing
        },
        Class::Definitive | Class::AppAbsent => dead(standing, passing),
        Class::Ambiguous => ambiguous(standing, facts, passing),
        Class::ConsentMissing => one_resource(standing, facts, passing),
        Class::ResourceRefused if facts.required => Decision {
            stop: false,
            mark: Mark::Failed,
            all_failed: false,
            ..ambiguous(standing, facts, passing)
        },
        Class::ResourceRefused => Decision {
            stop: false,
            mark: Mark::Failed,
            next_refresh_at: daily(facts),
            ..passing
        },
    }
}

/// A confirmation has its hour: whoever asks ahead of it, and fails for whatever passing reason, does not bring it forward.
fn keep_the_hour(standing: &Standing, facts: &Facts, decision: Decision) -> Decision {
    let ahead = facts.now < standing.due_at;
    let suspect = standing.state == State::Suspect && decision.state == State::Suspect;
    if !(ahead && suspect) {
        return decision;
    }
    Decision {
        next_refresh_at: decision.next_refresh_at.max(standing.due_at),
        ..decision
    }
}

/// What every failure has in common: the state stays, trouble begins, the rest of the run waits.
fn failing(standing: &Standing, facts: &Facts) -> Decision {
    Decision {
        state: standing.state,
        suspect_checks: standing.suspect_checks,
        trouble_since: standing.trouble_since.or(Some(facts.now)),
        mark: Mark::Noted,
        all_failed: false,
        next_refresh_at: never(),
        stop: true,
        open_breaker: false,
    }
}

/// The grant is gone: a person must act.
fn dead(standing: &Standing, passing: Decision) -> Decision {
    Decision {
        state: unless_apart(standing.state, State::NeedsConsent),
        mark: Mark::Failed,
        all_failed: true,
        next_refresh_at: never(),
        ..passing
    }
}

/// Nobody is called before the refusal was confirmed three times, each at its hour.
fn ambiguous(standing: &Standing, facts: &Facts, passing: Decision) -> Decision {
    let due = facts.now >= standing.due_at;
    let checks = match standing.state {
        State::Active => 0,
        State::Suspect if due => standing.suspect_checks + 1,
        // Somebody asked ahead of the hour: that confirms nothing.
        State::Suspect => {
            return Decision {
                next_refresh_at: standing.due_at,
                ..passing
            };
        }
        _ => {
            return Decision {
                mark: Mark::Failed,
                next_refresh_at: never(),
                ..passing
            };
        }
    };
    match usize::try_from(checks).ok().and_then(|at| CHECKS.get(at)) {
        Some(wait) => Decision {
            state: State::Suspect,
            suspect_checks: checks,
            next_refresh_at: facts.now + *wait,
            ..passing
        },
        None => Decision {
            suspect_checks: checks,
            ..dead(standing, passing)
        },
    }
}

/// Consent is missing for this resource alone; the others are still asked for.
fn one_resource(standing: &Standing, facts: &Facts, passing: Decision) -> Decision {
    let counts = facts.required || (!facts.other_works && !facts.more_to_come);
    let state = if counts || facts.other_required_failed {
        unless_apart(standing.state, State::NeedsConsent)
    } else {
        standing.state
    };
    let next_refresh_at = if facts.more_to_come {
        facts.now + UNFINISHED_RUN
    } else if state == State::NeedsConsent {
        never()
    } else {
        daily(facts)
    };
    Decision {
        state,
        mark: Mark::Failed,
        stop: false,
        next_refresh_at,
        ..passing
    }
}

/// A pending or revoked connection stays apart; only the onboarding and the technician move it.
fn unless_apart(state: State, to: State) -> State {
    match state {
        State::Pending | State::Revoked => state,
        _ => to,
    }
}

fn long_in_trouble(standing: &Standing, facts: &Facts) -> bool {
    standing
        .trouble_since
        .is_some_and(|since| facts.now - since >= UNKNOWN_IS_TRANSIENT)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
