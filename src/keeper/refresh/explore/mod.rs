//! The refresh protocol explored exhaustively: three keepers' workers, one row, one Microsoft, every interleaving of their steps
//! with every fault that the budget allows. What is decided is decided by the production's own functions ([`decide`],
//! [`settle`], [`counts`], [`Class::refuses_the_grant`]); the model adds only what the database and Microsoft do.
//!
//! [`decide`]: super::decide::decide
//! [`settle`]: super::settle::settle
//! [`counts`]: super::settle::counts
//! [`Class::refuses_the_grant`]: super::class::Class::refuses_the_grant

mod faults;
mod invariants;
mod same;
mod search;
mod steps;
mod world;

use search::{Found, explore};
use world::{Budget, Bug, Idp};

fn sound(idp: Idp) -> usize {
    match explore(idp, None, Budget::FULL) {
        Ok(states) => states,
        Err(Found { broken, path }) => panic!("{idp:?}: {broken}\n{}", path.join("\n")),
    }
}

#[test]
fn no_interleaving_with_faults_breaks_the_protocol() {
    std::thread::scope(|scope| {
        for idp in [Idp::Entra, Idp::Grace, Idp::Strict, Idp::Family] {
            scope.spawn(move || println!("{idp:?}: {} states explored", sound(idp)));
        }
    });
}

/// A rule that finds nothing proves nothing: each of these bugs must be found.
#[test]
fn every_deliberate_bug_is_found() {
    for (bug, idp, expected) in [
        (Bug::ComparesTheLease, Idp::Strict, "lost without a crash"),
        (Bug::ForgetsThePreviousAtOnce, Idp::Entra, "not proven"),
        (Bug::PublishesBeforeCommit, Idp::Entra, "published before"),
        (Bug::ErasesWhatIsRefused, Idp::Entra, "nothing stored works"),
        (Bug::CallsDeadAtOnce, Idp::Entra, "one ambiguous answer"),
        (Bug::KeepsTheOlderAnswer, Idp::Entra, "older answer"),
        (Bug::ComparesNothing, Idp::Entra, "version did not grow"),
        (Bug::BelievesStaleRefusals, Idp::Strict, "stale refusal"),
        (Bug::KeepsTheLease, Idp::Entra, "no good end"),
    ] {
        match explore(idp, Some(bug), Budget::FULL) {
            Ok(states) => panic!("{bug:?} was not found in {states} states"),
            Err(found) => {
                assert!(found.broken.contains(expected), "{bug:?}: {}", found.broken);
                println!("{bug:?}: {} after {} steps", found.broken, found.path.len());
            }
        }
    }
}
