//! What must hold in every state and over every step.

use std::collections::HashSet;

use super::super::state::State;
use super::same::canonical;
use super::world::{Budget, Bug, Due, Idp, Phase, WORKERS, World};

/// Refusals until somebody is called: the first and three confirmations.
const CONFIRMED: u8 = 4;
/// Steps without a fault within which all comes to a good end.
const PATIENCE: usize = 60;

/// What is wrong with a state.
pub fn state(world: &World) -> Option<&'static str> {
    let row = &world.row;
    let revoked = world.customer_revoked;
    if world.idp == Idp::Entra && !revoked && !world.stored().any(|token| world.accepts(token)) {
        return Some("nothing stored works");
    }
    let mut kept = world.stored().chain(world.in_memory());
    let strict = world.idp != Idp::Family && !revoked && !world.excused;
    if strict && !kept.any(|token| world.accepts(token)) {
        return Some("a token was lost without a crash");
    }
    if !world.lease_broken && !world.stored().any(|token| world.worked.has(token)) {
        return Some("what is stored is not proven");
    }
    if row.state == State::NeedsConsent && world.refusals < CONFIRMED {
        return Some("called dead by one ambiguous answer, or few");
    }
    if !world.published.is_within(world.settled) {
        return Some("published before it was committed, or an older answer was kept");
    }
    None
}

/// What is wrong with a step.
pub fn step(before: &World, after: &World) -> Option<&'static str> {
    let (old, new) = (&before.row, &after.row);
    if new.current.is_none() {
        return Some("nothing stored works");
    }
    if new.version < old.version || (new.current != old.current && new.version == old.version) {
        return Some("the version did not grow");
    }
    let stale = before.workers.iter().zip(&after.workers).any(|(was, is)| {
        matches!(was, Phase::Refused { grant, .. } if *is == Phase::Idle && grant.version != new.version)
    });
    let accused = old.state == State::Active && new.state != State::Active;
    (accused && stale).then_some("accused by a stale refusal")
}

/// The states from which all comes to a good end.
pub type Good = HashSet<(World, bool)>;

/// From here, with no more faults and everybody doing his next step, does it come to a good end? A good end is: nobody at
/// work, no lease, and after one more look either a token that works or a connection that says that it needs somebody.
pub fn ends_well(world: &World, bug: Option<Bug>, good: &mut Good) -> Option<&'static str> {
    let mut world = *world;
    // What is spent makes no difference from here on.
    world.budget = Budget {
        faults: 0,
        requests: 0,
        by_hand: 0,
    };
    world.requests = 0;
    let mut asked = false;
    let mut way = Vec::new();
    for _ in 0..PATIENCE {
        world = canonical(world);
        if good.contains(&(world, asked)) {
            good.extend(way);
            return None;
        }
        way.push((world, asked));
        if let Some(next) = (0..WORKERS).find_map(|worker| world.step(worker, bug)) {
            world = next;
            world.requests = 0;
            continue;
        }
        if world.row.lease.is_some() {
            if bug == Some(Bug::KeepsTheLease) {
                return Some("no good end: the lease is never given back");
            }
            // Of one that crashed: it ends by itself.
            world.row.lease = None;
            continue;
        }
        let works = world.row.current.is_some_and(|token| world.accepts(token));
        let over = match world.row.state {
            State::Active => works && asked,
            State::NeedsConsent => true,
            _ => asked && !works,
        };
        if over {
            good.extend(way);
            return None;
        }
        if world.row.due == Due::Never {
            return Some("no good end: nobody asks any more");
        }
        world.row.due = Due::Now;
        asked = true;
        match world.claim(0, false) {
            Some(next) => world = next,
            None => return Some("no good end: nobody may claim it"),
        }
    }
    Some("no good end within the steps allowed")
}
