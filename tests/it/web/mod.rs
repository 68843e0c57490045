//! Pages from outside, one module per page.

mod barriers;
mod denials;
mod doors;
mod errors;
mod limits;
mod listen;
mod login;
mod login_link;
mod matrix;
mod metrics;
mod not_audited;
mod ops;
mod payloads;
mod policy;
mod sessions;
mod single_sign_on;
mod tls;
