//! Commands as an operator runs them.

mod technician;
