//! Breadth first over all states, each once; the first broken rule with the shortest way to it.

use std::collections::{HashSet, VecDeque};

use super::faults::{self, Event};
use super::invariants::{self, Good};
use super::same::canonical;
use super::world::{Budget, Bug, Idp, World};

/// A broken rule, and how to get there.
pub struct Found {
    pub broken: &'static str,
    pub path: Vec<String>,
}

/// Each state with the place of the one before and what happened there.
type Places = Vec<(World, usize, Event)>;

/// How many states there are, or what is wrong with one of them.
pub fn explore(idp: Idp, bug: Option<Bug>, budget: Budget) -> Result<usize, Found> {
    let beginnings = World::beginnings(idp, budget);
    let mut places: Places = beginnings
        .map(|world| (world, usize::MAX, (None, "")))
        .into();
    let mut seen: HashSet<World> = beginnings.map(canonical).into();
    let mut queue: VecDeque<usize> = (0..places.len()).collect();
    let mut good = Good::new();
    while let Some(at) = queue.pop_front() {
        let world = places[at].0;
        let broken =
            invariants::state(&world).or_else(|| invariants::ends_well(&world, bug, &mut good));
        if let Some(broken) = broken {
            return Err(found(&places, at, broken));
        }
        for (event, next) in faults::all(&world, bug) {
            if let Some(broken) = invariants::step(&world, &next) {
                places.push((next, at, event));
                return Err(found(&places, places.len() - 1, broken));
            }
            if seen.insert(canonical(next)) {
                places.push((next, at, event));
                queue.push_back(places.len() - 1);
            }
        }
    }
    Ok(places.len())
}

fn found(places: &Places, at: usize, broken: &'static str) -> Found {
    let mut path = Vec::new();
    let mut here = at;
    while let Some((world, before, (worker, what))) = places.get(here) {
        let who = worker.map_or(String::new(), |at| {
            format!("{at}: {:?} ", world.workers[at])
        });
        path.push(format!("{who}{what}"));
        here = *before;
    }
    path.reverse();
    Found { broken, path }
}
