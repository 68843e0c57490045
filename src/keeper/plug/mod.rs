//! "Disconnect", one tenant or all: hand-out has stopped already, in the transaction of whoever asked. Here the rest is
//! worked, each step a commit, by any number of keepers: our permission is taken back at Microsoft where we may, a last
//! request proves it, tokens are forgotten, and the tenant's keys destroyed when that was asked for.
//!
//! Wherever a keeper dies, the step begins again: what is gone at Microsoft is found gone. Microsoft is waited for no longer
//! than an hour by App's clock; then the tokens are forgotten all the same, and the report says what was not reached.

mod access;
mod destroy;
mod forget;
mod prove;
mod revoke;
mod run;
mod step;
mod tally;
mod verdict;
mod work;

pub(super) use step::{Step, UnknownStep};
pub(super) use work::work;

use super::core::Core;
use super::message::Reply;
use super::message::plug::Ask;

/// Answer a question of this room.
pub(super) fn answer(core: &Core, ask: Ask) -> Reply {
    match ask {
        Ask::Look {} => core.plugs_changed.notify_one(),
    }
    Reply::Done
}
