//! Pieces of pages that both portals show: a diagnosis, recorded errors, a standing. What every page needs is in the kit.

/// Numbers over time as a picture.
pub mod chart;
/// Why an authorisation died and the one button that starts the remedy.
pub mod csv;
pub mod diagnosis;
/// Invitations: rows, filters, held sign-ins, the mail.
pub mod invitations;
/// Recorded errors: list with filters, one entry.
pub mod msal_errors;
/// A tenant's state as badge, words and who acts.
pub mod standing;
