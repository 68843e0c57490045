//! Pieces of pages that both portals show: a diagnosis, recorded errors, a standing. What every page needs is in the kit.

/// Calls to Microsoft, a line each.
pub mod calls;
/// Numbers over time as a picture.
pub mod chart;
/// Lines of CSV.
pub mod csv;
/// Why an authorisation died and the one button that starts the remedy.
pub mod diagnosis;
/// Invitations: rows, filters, held sign-ins, the mail.
pub mod invitations;
/// Recorded errors: list with filters, one entry.
pub mod msal_errors;
/// Sums of a month, as shown and as printed.
pub mod report;
/// A linked identity of single sign-on.
pub mod sign_on;
/// A tenant's state as badge, words and who acts.
pub mod standing;
/// Ninety days of access as a bar.
pub mod uptime;
