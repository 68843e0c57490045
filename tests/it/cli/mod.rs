//! Commands as an operator runs them.

mod backup;
mod processes;
mod technician;
