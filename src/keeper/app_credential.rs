//! A credential of the app registration, taken apart: what is sealed, what may be shown, when it ends.

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::app::{SeedCredential, SeedError};

/// See the module.
pub(super) struct Parts {
    /// `secret` or `certificate`.
    pub kind: &'static str,
    /// The secret, or the private key in PEM.
    pub value: SecretString,
    /// DER.
    pub certificate: Option<Vec<u8>>,
    /// Last four characters of a secret, SHA-256 thumbprint of a certificate.
    pub hint: String,
    pub not_after: Option<OffsetDateTime>,
}

pub(super) fn parts(credential: &SeedCredential) -> Result<Parts, SeedError> {
    match credential {
        SeedCredential::Secret(secret) => {
            let value = secret.expose_secret().trim();
            let tail = value.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
            Ok(Parts {
                kind: "secret",
                value: value.into(),
                certificate: None,
                hint: value.get(tail..).unwrap_or_default().to_owned(),
                not_after: None,
            })
        }
        SeedCredential::Certificate(pem) => certificate(pem.expose_secret()),
    }
}

fn certificate(text: &str) -> Result<Parts, SeedError> {
    let mut certificate = None;
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.map_err(|_| SeedError::Certificate)?;
        if block.label == "CERTIFICATE" && certificate.is_none() {
            certificate = Some(block.contents);
        }
    }
    let certificate = certificate.ok_or(SeedError::Certificate)?;
    let (_, read) = X509Certificate::from_der(&certificate).map_err(|_| SeedError::Certificate)?;
    let not_after = read.validity().not_after.to_datetime();
    Ok(Parts {
        kind: "certificate",
        value: private_key(text).ok_or(SeedError::Certificate)?,
        hint: hex::encode(digest(&SHA256, &certificate)),
        not_after: Some(not_after),
        certificate: Some(certificate),
    })
}

/// The first private key block, as it stands.
fn private_key(text: &str) -> Option<SecretString> {
    ["PRIVATE KEY", "RSA PRIVATE KEY"]
        .into_iter()
        .find_map(|label| {
            let end = format!("-----END {label}-----");
            let (from, _) = text
                .match_indices(&format!("-----BEGIN {label}-----"))
                .next()?;
            let block = text.get(from..)?;
            let to = block.find(&end)? + end.len();
            block.get(..to).map(|key| format!("{key}\n").into())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_its_last_four_characters_alone() {
        let secret = parts(&SeedCredential::Secret("abc8Q~secret-value\n".into())).unwrap();
        assert_eq!((secret.kind, secret.hint.as_str()), ("secret", "alue"));
        assert_eq!(secret.value.expose_secret(), "abc8Q~secret-value");
        let short = parts(&SeedCredential::Secret("ab".into())).unwrap();
        assert_eq!(short.hint, "ab");
    }

    #[test]
    fn a_certificate_file_gives_key_thumbprint_and_end() {
        let made = rcgen::generate_simple_self_signed(["tenantry".to_owned()]).unwrap();
        let key = made.signing_key.serialize_pem();
        let both = format!("{}{key}", made.cert.pem());
        let read = parts(&SeedCredential::Certificate(both.into())).unwrap();
        assert_eq!(read.certificate.as_deref(), Some(made.cert.der().as_ref()));
        assert_eq!(
            read.value.expose_secret().trim(),
            key.trim().replace("\r\n", "\n")
        );
        assert_eq!(read.hint.len(), 64);
        assert!(read.not_after.is_some());
        for half in [made.cert.pem(), key, "nonsense".into()] {
            let refused = parts(&SeedCredential::Certificate(half.into()));
            assert!(matches!(refused, Err(SeedError::Certificate)));
        }
    }
}
