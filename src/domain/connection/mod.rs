//! Our standing with a tenant's Entra, as people see it: the state shown, its cause in a few words, the Authentication
//! Status list, the details of one tenant, and "Validate Authentication". What the keeper does to keep a connection
//! alive is not here.

mod detail;
mod diagnose;
mod durability;
mod forecast;
mod news;
mod own_app;
mod snooze;
mod standing;
mod state;
mod status;
mod status_filter;
mod status_order;
mod store;
mod validate;

pub use detail::{
    Credential, Detail, OpenInvitation, PendingGrant, ResourceLine, TokenState, detail, standing,
};
pub use diagnose::{diagnose, diagnose_error, diagnose_recorded};
pub use durability::{Durability, Grade};
pub use forecast::{Expected, FEDERATED_LIMIT_S as FORECAST_FEDERATED_LIMIT_S, Known, forecast};
pub use news::{KeptCounts, StatusNews, status_ear, tell_news};
pub use own_app::{OwnApp, OwnAppInput, Trial, TrialFailure, TrialState, own_app_trial};
pub use snooze::{SnoozeError, snooze, wake};
pub use standing::{Mode, Standing};
pub use state::{ExpiryReason, PendingReason, ShownState};
pub use status::{
    Charts, DAYS_AHEAD, DAYS_BACK, DayCount, LastError, Overview, Row, Summary, Tally,
    freshen_status, keep_status, one, overview, page, several, summary,
};
pub use status_filter::{Filter, ModeFilter};
pub use status_order::{Column, Sort};
pub use validate::{ValidateError, Validation, find_validation, validate, validate_or_join};
