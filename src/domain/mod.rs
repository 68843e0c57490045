//! What the portal knows and decides, cut by aggregate; no HTTP in here.

/// From an error to its cause, who acts and the remedy; pure rules and a catalogue.
pub mod diagnosis;
