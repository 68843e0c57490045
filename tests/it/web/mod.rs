//! Pages from outside, one module per page.

mod barriers;
mod denials;
mod doors;
mod enrol;
mod errors;
mod factor;
mod limits;
mod listen;
mod login;
mod login_link;
mod matrix;
mod metrics;
mod not_audited;
mod ops;
mod passkeys;
mod payloads;
mod policy;
mod sessions;
mod single_sign_on;
mod step_up;
mod tell;
mod tls;
mod unstorable;
