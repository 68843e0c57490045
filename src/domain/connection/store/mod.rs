//! SQL of connections as shown: the status list, one tenant's details, validations. Reads only, but for validations
//! and snoozes; the keeper writes connections.

mod detail;
mod diagnose;
mod granted;
mod order;
mod own_app;
mod snooze;
mod status;
mod status_counts;
mod validation;

pub(super) use detail::{credentials, open_invitation, pending, resources, standing};
pub(super) use diagnose::{grant, lives, others_work, seen, shared};
pub(super) use own_app::own_app_trial;
pub(super) use snooze::{delete_snooze, upsert_snooze};
pub(super) use status::{freshen, keep, page, rows_of};
pub(super) use status_counts::{Kept, kept_of_all, sum, summary};
pub(super) use validation::{insert_validation, last_validation, validation};
