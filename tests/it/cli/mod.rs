//! Commands as an operator runs them.

mod audit;
mod backup;
mod demo;
mod doctor;
mod escrow;
mod processes;
mod technician;
mod tenant;
mod token;
