//! The only code that speaks to Microsoft; its only caller is the keeper.
//!
//! Every call gives an [`Exchange`]: the record for `entra_calls` and an answer or a [`Failure`] by meaning. Nothing is
//! retried, stored or decided here. Wire facts are from RFC 6749, RFC 7636, RFC 8628 and Microsoft's identity platform
//! documentation.

mod credential;
mod endpoints;
mod exchange;
mod failure;
mod tokens;

pub use credential::{App, Credential};
pub use endpoints::{Endpoints, TenantSegment};
pub use exchange::{CallRecord, Exchange, Operation};
pub use failure::{Certainty, DeviceFailure, Failure, Meaning};
pub use tokens::{TokenClass, Tokens};

/// Why the client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{0} is not a usable address: give http(s)://host without user, query or fragment")]
    Address(String),
    #[error("the certificate authority file is not readable as PEM")]
    CertificateAuthority,
    #[error("the HTTP client cannot be built: {0}")]
    Http(String),
}
