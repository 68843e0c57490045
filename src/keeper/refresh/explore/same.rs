//! Which states are the same: workers are alike, and of tokens, versions and instants only the order and equality count.

use std::hash::{Hash, Hasher};

use super::world::{Good, Grant, Phase, Set, World};

/// One of all states that are the same as `world`.
pub fn canonical(mut world: World) -> World {
    renumber(&mut world, tokens, sets);
    renumber(&mut world, clocks, |world, by| world.clock = by.next);
    renumber(&mut world, versions, |_, _| {});
    in_order(&mut world);
    world
}

/// Only who holds the lease tells workers apart.
fn in_order(world: &mut World) {
    let holder = world.row.lease.map(usize::from);
    let mut at = 0;
    let mut workers = world.workers.map(|phase| {
        at += 1;
        (number(&phase), holder == Some(at - 1), phase)
    });
    workers.sort_unstable_by_key(|(number, holds, _)| (*number, *holds));
    for (at, (_, holds, phase)) in workers.into_iter().enumerate() {
        world.workers[at] = phase;
        if holds {
            world.row.lease = u8::try_from(at).ok();
        }
    }
}

/// Some order of phases, whichever.
fn number(phase: &Phase) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    phase.hash(&mut hasher);
    hasher.finish()
}

struct Renumbered {
    all: Set,
    numbers: [u8; 16],
    /// The number after them.
    next: u8,
}

/// What nobody has any more is forgotten.
fn sets(world: &mut World, by: &Renumbered) {
    world.next = by.next;
    for set in [
        &mut world.superseded,
        &mut world.worked,
        &mut world.settled,
        &mut world.published,
    ] {
        *set = (0..16_u8)
            .filter(|number| by.all.has(*number) && set.has(*number))
            .fold(Set::default(), |set, number| {
                set.with(by.numbers[usize::from(number)])
            });
    }
}

type Visit = fn(&mut World, &mut dyn FnMut(&mut u8));

/// Give all that `visit` comes by new numbers from zero in their order; `done` sees to the rest.
fn renumber(world: &mut World, visit: Visit, done: fn(&mut World, &Renumbered)) {
    let mut all = Set::default();
    visit(world, &mut |number| all = all.with(*number));
    let mut numbers = [0; 16];
    let mut next = 0;
    for number in 0..16_u8 {
        if all.has(number) {
            numbers[usize::from(number)] = next;
            next += 1;
        }
    }
    visit(world, &mut |number| *number = numbers[usize::from(*number)]);
    done(world, &Renumbered { all, numbers, next });
}

fn grants(world: &mut World) -> impl Iterator<Item = &mut Grant> {
    world.workers.iter_mut().filter_map(|phase| match phase {
        Phase::Idle | Phase::Claimed => None,
        Phase::Opened(grant)
        | Phase::Sent { grant, .. }
        | Phase::Refused { grant, .. }
        | Phase::Received(Good { grant, .. })
        | Phase::Unsure(Good { grant, .. }) => Some(grant),
    })
}

fn answers(world: &mut World) -> impl Iterator<Item = &mut Good> {
    world.workers.iter_mut().filter_map(|phase| match phase {
        Phase::Received(good) | Phase::Unsure(good) => Some(good),
        _ => None,
    })
}

fn tokens(world: &mut World, visit: &mut dyn FnMut(&mut u8)) {
    let row = &mut world.row;
    row.current
        .iter_mut()
        .chain(&mut row.previous)
        .for_each(&mut *visit);
    grants(world)
        .flat_map(|grant| grant.current.iter_mut().chain(&mut grant.previous))
        .for_each(&mut *visit);
    answers(world).for_each(|good| visit(&mut good.token));
}

fn clocks(world: &mut World, visit: &mut dyn FnMut(&mut u8)) {
    visit(&mut world.row.obtained);
    for phase in &mut world.workers {
        if let Phase::Sent { sent, .. }
        | Phase::Received(Good { sent, .. })
        | Phase::Unsure(Good { sent, .. }) = phase
        {
            visit(sent);
        }
    }
}

fn versions(world: &mut World, visit: &mut dyn FnMut(&mut u8)) {
    visit(&mut world.row.version);
    grants(world).for_each(|grant| visit(&mut grant.version));
    answers(world).for_each(|good| visit(&mut good.from));
}
