//! From an error answer of Entra or Graph to its cause, who must act, and what to do: pure rules
//! over a catalogue. It records nothing, asks nobody and knows no clock; whoever calls it brings
//! what is known as `Facts`.

mod advice;
mod advice_by_code;
mod advice_by_twist;
mod catalogue;
mod category;
mod codes;
mod decide;
mod decode;
mod details;
mod facts;
mod mask;
mod oauth;
mod overrule;
mod party;
mod phrases;
mod powershell;
mod read;
mod rhythm;
mod scan;
mod seen;
mod sure;
mod verdict;
mod weigh;

#[cfg(test)]
mod sample_tests;

#[cfg(test)]
mod decide_tests;

#[cfg(test)]
mod mutation_tests;

#[cfg(test)]
mod weigh_tests;

#[cfg(test)]
mod time_tests;

pub use catalogue::{Entry, catalogue, entry};
pub use category::{Category, UnknownCategory};
pub use decide::{Button, Confidence, Diagnosis, decide};
pub use details::Details;
pub use facts::{Facts, Method, OurApp, Realm, Shared, SharedKind, TokenClass};
pub use mask::mask;
pub use party::{Retryable, UnknownWord, WhoActs};
pub use read::{Basis, MAX_BYTES, Reading, read, read_answer};
pub use rhythm::{Life, Rhythm, rhythm};
pub use seen::{
    Account, Application, Consent, Existence, HeldToken, Observed, Policy, PolicyMode, Risk, Rule,
    Seen,
};
