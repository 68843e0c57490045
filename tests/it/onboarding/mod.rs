//! The page of the customer's administrator, from outside.

mod browsers;
mod link;
pub mod live;
mod page;
mod scripts;
mod stage;
mod start;
