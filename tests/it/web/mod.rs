//! Pages from outside, one module per page.

mod barriers;
mod doors;
mod enrol;
mod errors;
mod factor;
mod listen;
mod login;
mod login_link;
mod matrix;
mod metrics;
mod ops;
mod passkeys;
mod payloads;
mod sessions;
mod step_up;
mod tell;
