//! The page of the customer's administrator, from outside.

mod browsers;
mod link;
mod live;
mod page;
mod stage;
mod start;
