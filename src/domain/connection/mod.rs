//! Our standing with a tenant's Entra, as people see it: the state shown, its cause in a few words, the Authentication
//! Status list, the details of one tenant, and "Validate Authentication". What the keeper does to keep a connection
//! alive is not here.

mod detail;
mod durability;
mod own_app;
mod standing;
mod state;
mod status;
mod store;
mod validate;

pub use detail::{
    Credential, Detail, OpenInvitation, PendingGrant, ResourceLine, TokenState, detail, standing,
};
pub use durability::{Durability, Grade};
pub use own_app::{OwnApp, OwnAppInput, Trial, TrialFailure, TrialState, own_app_trial};
pub use standing::{Mode, Standing};
pub use state::{ExpiryReason, PendingReason, ShownState};
pub use status::{
    Column, Filter, LastError, ModeFilter, Overview, Row, Sort, causes, one, overview, several,
};
pub use validate::{ValidateError, Validation, find_validation, validate};
