//! What of a minute's refusals is written at once and what is counted. Nothing grows with their number.

use std::collections::HashMap;

use crate::domain::op::Actor;

/// Kinds told apart in a minute; more are counted together.
const KINDS: usize = 60;

/// Refusals that are one and the same to a reader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// Technician's id or a visitor's network; empty for the many that are counted together.
    pub who: String,
    /// Template, never an address; empty when it was refused before it was known.
    pub route: String,
    pub method: String,
    pub why: &'static str,
}

/// What is to be done about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Write it, and settle at the end of the minute that begins with it.
    FirstOfMinute,
    Written,
    Counted,
}

/// Refusals that were counted and not written.
#[derive(Debug)]
pub(super) struct Counted {
    pub kind: Kind,
    pub actor: Actor,
    pub times: u32,
}

/// The present minute.
#[derive(Debug, Default)]
pub(super) struct Counts(HashMap<Kind, (Actor, u32)>);

impl Counts {
    /// Something was refused.
    pub(super) fn refused(&mut self, kind: &Kind, actor: &Actor) -> Verdict {
        let first = self.0.is_empty();
        if let Some((_, times)) = self.0.get_mut(kind) {
            *times = times.saturating_add(1);
            return Verdict::Counted;
        }
        if self.0.len() >= KINDS {
            let together = Kind {
                who: String::new(),
                route: String::new(),
                method: String::new(),
                why: kind.why,
            };
            let nobody = Actor::Visitor { ip: String::new() };
            let (_, times) = self.0.entry(together).or_insert((nobody, 1));
            *times = times.saturating_add(1);
            return Verdict::Counted;
        }
        self.0.insert(kind.clone(), (actor.clone(), 1));
        if first {
            Verdict::FirstOfMinute
        } else {
            Verdict::Written
        }
    }

    /// End the minute.
    pub(super) fn settle(&mut self) -> Vec<Counted> {
        let all = std::mem::take(&mut self.0).into_iter();
        all.filter(|(_, (_, times))| *times > 1)
            .map(|(kind, (actor, times))| Counted {
                kind,
                actor,
                times: times - 1,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(who: usize) -> Kind {
        Kind {
            who: who.to_string(),
            route: "/tenants/{name}".into(),
            method: "POST".into(),
            why: "role",
        }
    }

    fn actor() -> Actor {
        Actor::Visitor {
            ip: "192.0.2.7".into(),
        }
    }

    #[test]
    fn the_first_is_written_and_the_rest_is_counted() {
        let mut counts = Counts::default();
        assert_eq!(counts.refused(&kind(1), &actor()), Verdict::FirstOfMinute);
        assert_eq!(counts.refused(&kind(2), &actor()), Verdict::Written);
        for _ in 0..500 {
            assert_eq!(counts.refused(&kind(1), &actor()), Verdict::Counted);
        }
        let counted = counts.settle();
        assert_eq!(counted.len(), 1);
        assert_eq!((counted[0].kind.who.as_str(), counted[0].times), ("1", 500));
        assert_eq!(counts.refused(&kind(1), &actor()), Verdict::FirstOfMinute);
    }

    #[test]
    fn a_million_attackers_fill_no_disk() {
        let mut counts = Counts::default();
        let written = (0..1_000_000)
            .filter(|who| counts.refused(&kind(*who), &actor()) != Verdict::Counted)
            .count();
        assert_eq!(written, KINDS);
        let counted = counts.settle();
        assert_eq!(counted.len(), 1);
        assert_eq!(counted[0].times, 1_000_000 - 60);
    }
}
