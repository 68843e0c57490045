//! Commands as an operator runs them.

mod backup;
mod escrow;
mod processes;
mod technician;
