//! Disconnecting customers: one tenant, or all of them at once. Hand-out stops in the transaction of whoever asks; the keeper
//! works the rest and writes what came of each step, which is the report for the customer.

mod begin;
mod plug;
mod report;
mod store;

pub use begin::{BeginError, begin, look};
pub use plug::{
    AskError, CONFIRM_WITHIN, ConfirmError, Exception, Plug, PlugState, Progress, ask, cancel,
    confirm, count_affected, exceptions, latest, progress,
};
pub use report::{
    Application, Disconnection, Proof, ResourceProof, Revocation, Step, StepDone, Tally, of_tenant,
};
