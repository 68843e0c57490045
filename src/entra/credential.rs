//! Our application's identity: which app, and how it proves itself. Where the credential is kept is the keeper's business.

use secrecy::SecretString;
use uuid::Uuid;

/// An app registration as presented to Entra.
#[derive(Clone, Debug)]
pub struct App {
    pub client_id: Uuid,
    /// Empty for a registration that only uses the device code flow.
    pub credential: Option<Credential>,
}

/// How the app proves itself.
#[derive(Clone, Debug)]
pub enum Credential {
    /// Client secret (the value, not its id).
    Secret(SecretString),
    /// RSA key and the certificate registered for it.
    Certificate {
        /// PKCS#8 or PKCS#1, PEM.
        private_key_pem: SecretString,
        certificate_der: Vec<u8>,
    },
}
