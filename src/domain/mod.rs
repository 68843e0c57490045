//! What the portal knows and decides, cut by aggregate. No HTTP in here, no sealed secret, no call to Microsoft: those are
//! asked of the keeper.

/// What was done, by whom; append only.
pub mod audit;
/// From an error to its cause, who acts and the remedy; pure rules and a catalogue.
pub mod diagnosis;
/// Who acts, at what instant, in which transaction; within which tenants.
pub mod op;
/// A customer organisation.
pub mod tenant;
