//! The page of the customer's administrator, from outside.

mod browsers;
mod cookies;
mod link;
pub mod live;
mod misuse;
mod page;
mod pin;
mod scripts;
mod stage;
mod start;
