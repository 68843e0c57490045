//! Pages from outside, one module per page.

mod barriers;
mod doors;
mod errors;
mod listen;
mod login;
mod login_link;
mod matrix;
mod metrics;
mod ops;
mod payloads;
mod sessions;
