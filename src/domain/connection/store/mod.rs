//! SQL of connections as shown: the status list, one tenant's details, validations. Reads only, but for validations; the
//! keeper writes connections.

mod detail;
mod own_app;
mod status;
mod validation;

pub(super) use detail::{credentials, open_invitation, pending, resources, standing};
pub(super) use own_app::own_app_trial;
pub(super) use status::{causes, counts, row, rows, rows_of};
pub(super) use validation::{insert_validation, last_validation, validation};
