//! Our application's identity: which app, and how it proves itself. Where the credential is kept is the keeper's business.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock::random_uuid;

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

/// The fixed `client_assertion_type` of RFC 7523.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Life of an assertion; Microsoft recommends 5 to 10 minutes.
const ASSERTION_LIFE: Duration = Duration::from_mins(10);

#[derive(Serialize)]
struct AssertionClaims<'a> {
    aud: &'a str,
    iss: Uuid,
    sub: Uuid,
    jti: Uuid,
    nbf: i64,
    iat: i64,
    exp: i64,
}

/// A signed statement that we are `client_id`, for the token endpoint `audience` alone: PS256 with the certificate's
/// SHA-256 thumbprint (Microsoft, "application authentication certificate credentials").
pub(super) fn assertion(
    client_id: Uuid,
    private_key_pem: &SecretString,
    certificate_der: &[u8],
    audience: &str,
    now: OffsetDateTime,
) -> Result<SecretString, jsonwebtoken::errors::Error> {
    let key = EncodingKey::from_rsa_pem(private_key_pem.expose_secret().as_bytes())?;
    let mut header = Header::new(Algorithm::PS256);
    header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate_der)));
    let issued = now.unix_timestamp();
    let claims = AssertionClaims {
        aud: audience,
        iss: client_id,
        sub: client_id,
        jti: random_uuid(),
        nbf: issued,
        iat: issued,
        exp: (now + ASSERTION_LIFE).unix_timestamp(),
    };
    jsonwebtoken::encode(&header, &claims, &key).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation};
    use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, PublicKeyData};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn an_assertion_is_verifiable_with_the_certificates_key_alone() {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        let now = datetime!(2026-03-02 08:15:42 UTC);
        let jwt = assertion(
            Uuid::nil(),
            &key.serialize_pem().into(),
            certificate.der(),
            "https://t/token",
            now,
        )
        .unwrap();

        let mut rules = Validation::new(Algorithm::PS256);
        rules.validate_exp = false;
        rules.set_audience(&["https://t/token"]);
        let public = DecodingKey::from_rsa_der(key.der_bytes());
        let read = jsonwebtoken::decode::<serde_json::Value>(jwt.expose_secret(), &public, &rules)
            .unwrap();
        assert_eq!(
            read.claims["exp"].as_i64().unwrap() - read.claims["nbf"].as_i64().unwrap(),
            600
        );
        assert_eq!(
            (&read.claims["iss"], &read.claims["nbf"]),
            (&read.claims["sub"], &now.unix_timestamp().into())
        );
        let thumbprint = read.header.x5t_s256.unwrap();
        assert_eq!(
            thumbprint,
            URL_SAFE_NO_PAD.encode(digest(&SHA256, certificate.der()))
        );
        assert_eq!((read.header.alg, read.header.x5t), (Algorithm::PS256, None));
    }

    #[test]
    fn a_key_that_is_none_is_an_error() {
        let nonsense = SecretString::from("-----BEGIN NONSENSE-----");
        assert!(assertion(Uuid::nil(), &nonsense, &[], "x", OffsetDateTime::UNIX_EPOCH).is_err());
    }
}
