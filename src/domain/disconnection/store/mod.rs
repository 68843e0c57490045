//! SQL of disconnections: begun by the portal, worked by the keeper.

pub mod begin;
pub mod plug;
pub mod report;
