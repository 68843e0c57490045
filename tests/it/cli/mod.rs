//! Commands as an operator runs them.

mod processes;
mod technician;
