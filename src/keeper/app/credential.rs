//! A credential of an app registration, taken apart: what is sealed, what may be shown, when it ends. Pure but for the
//! sealing.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use super::seed::SeedCredential;
use crate::clock::ordered_uuid;
use crate::keeper::message::app::Unfit;
use crate::keeper::seal::{Purpose, Vault, VaultError};
use crate::keeper::store::apps;

/// See the module.
pub(in crate::keeper) struct Parts {
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

/// A client secret's value.
pub(in crate::keeper) fn secret_parts(
    secret: &SecretString,
    not_after: Option<OffsetDateTime>,
) -> Parts {
    let value = secret.expose_secret().trim();
    let tail = value.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    Parts {
        kind: "secret",
        value: value.into(),
        certificate: None,
        hint: value.get(tail..).unwrap_or_default().to_owned(),
        not_after,
    }
}

/// A certificate and its RSA private key in one PEM text, in any order, with anything around them.
pub(in crate::keeper) fn certificate_parts(pem: &SecretString) -> Result<Parts, Unfit> {
    let text = pem.expose_secret();
    let certificate = first_certificate(text)?;
    let (_, read) = X509Certificate::from_der(&certificate).map_err(|_| Unfit::NotPem)?;
    let key = private_key(text)?;
    let public = public_key_of(&key)?;
    if read.public_key().algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
        return Err(Unfit::NotRsa);
    }
    if read.public_key().subject_public_key.data != public {
        return Err(Unfit::Mismatch);
    }
    let not_after = read.validity().not_after.to_datetime();
    Ok(Parts {
        kind: "certificate",
        value: key,
        hint: hex::encode(digest(&SHA256, &certificate)),
        not_after: Some(not_after),
        certificate: Some(certificate),
    })
}

pub(super) fn seed_parts(credential: &SeedCredential) -> Result<Parts, Unfit> {
    match credential {
        SeedCredential::Secret(secret) => Ok(secret_parts(secret, None)),
        SeedCredential::Certificate(pem) => certificate_parts(pem),
    }
}

/// Ready for the table, sealed for its registration's owner.
pub(in crate::keeper) async fn seal_parts(
    vault: &Vault,
    registration: &apps::Registration,
    parts: Parts,
    state: &'static str,
    created_by: &str,
) -> Result<apps::NewCredential, VaultError> {
    let id = ordered_uuid();
    let row_id = id.to_string();
    let place = apps::place(registration.tenant_id, &row_id);
    let secret = parts.value.expose_secret().as_bytes();
    let owner = registration.tenant_id;
    Ok(apps::NewCredential {
        id,
        kind: parts.kind,
        ct: vault.seal(Purpose::App, &place, secret).await?,
        fingerprint: vault.fingerprint(owner, Purpose::App, secret).await?,
        certificate: parts.certificate,
        hint: parts.hint,
        not_after: parts.not_after,
        state,
        created_by: created_by.to_owned(),
    })
}

fn first_certificate(text: &str) -> Result<Vec<u8>, Unfit> {
    if !text.contains("-----BEGIN ") {
        return Err(Unfit::NotPem);
    }
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.map_err(|_| Unfit::NotPem)?;
        if block.label == "CERTIFICATE" {
            return Ok(block.contents);
        }
    }
    Err(Unfit::NoCertificate)
}

/// The first private key block, as it stands.
fn private_key(text: &str) -> Result<SecretString, Unfit> {
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENC") {
        return Err(Unfit::Encrypted);
    }
    if text.contains("-----BEGIN EC PRIVATE KEY-----") {
        return Err(Unfit::NotRsa);
    }
    ["PRIVATE KEY", "RSA PRIVATE KEY"]
        .into_iter()
        .find_map(|label| {
            let end = format!("-----END {label}-----");
            let from = text.find(&format!("-----BEGIN {label}-----"))?;
            let block = text.get(from..)?;
            let to = block.find(&end)? + end.len();
            block.get(..to).map(|key| format!("{key}\n").into())
        })
        .ok_or(Unfit::NoKey)
}

/// PKCS#1 public key of an RSA private key in PEM (PKCS#8 or PKCS#1).
fn public_key_of(key: &SecretString) -> Result<Vec<u8>, Unfit> {
    let pem = key.expose_secret();
    let body = pem.lines().filter(|line| !line.starts_with("-----"));
    let body = Zeroizing::new(body.map(str::trim).collect::<String>());
    let der = Zeroizing::new(
        STANDARD
            .decode(body.as_bytes())
            .map_err(|_| Unfit::NotPem)?,
    );
    let unfit = |rejected: KeyRejected| match rejected.description_() {
        "TooSmall" => Unfit::Weak,
        _ => Unfit::NotRsa,
    };
    let pair = match RsaKeyPair::from_pkcs8(&der).map_err(unfit) {
        Err(Unfit::NotRsa) => RsaKeyPair::from_der(&der).map_err(unfit)?,
        other => other?,
    };
    Ok(pair.public_key().as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};

    use super::*;

    fn refused(text: &str) -> Unfit {
        certificate_parts(&text.into()).err().unwrap()
    }

    #[test]
    fn a_secret_shows_its_last_four_characters_alone() {
        let secret = secret_parts(&"abc8Q~secret-value\n".into(), None);
        assert_eq!((secret.kind, secret.hint.as_str()), ("secret", "alue"));
        assert_eq!(secret.value.expose_secret(), "abc8Q~secret-value");
        assert_eq!(secret_parts(&"ab".into(), None).hint, "ab");
    }

    #[test]
    fn a_certificate_file_gives_key_thumbprint_and_end() {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let made = CertificateParams::default().self_signed(&key).unwrap();
        let (certificate, key) = (made.pem(), key.serialize_pem());
        for both in [
            format!("{certificate}{key}"),
            format!("Bag Attributes\n  x: y\n{key}\n{certificate}"),
            format!("{certificate}{key}").replace('\n', "\r\n"),
        ] {
            let read = certificate_parts(&both.as_str().into()).unwrap();
            assert_eq!(read.certificate.as_deref(), Some(made.der().as_ref()));
            assert_eq!(read.hint.len(), 64);
            assert!(read.not_after.is_some());
        }
        assert_eq!(refused(&certificate), Unfit::NoKey);
        assert_eq!(refused(&key), Unfit::NoCertificate);
    }

    #[test]
    fn what_entra_would_refuse_is_refused_here_in_words() {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let other = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let made = CertificateParams::default().self_signed(&key).unwrap();
        let foreign = format!("{}{}", made.pem(), other.serialize_pem());
        assert_eq!(refused(&foreign), Unfit::Mismatch);

        let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let of_curve = CertificateParams::default().self_signed(&curve).unwrap();
        let both = format!("{}{}", of_curve.pem(), curve.serialize_pem());
        assert_eq!(refused(&both), Unfit::NotRsa);

        let locked =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
        assert_eq!(
            refused(&format!("{}{locked}", made.pem())),
            Unfit::Encrypted
        );
        let broken = "-----BEGIN PRIVATE KEY-----\n%%%\n-----END PRIVATE KEY-----";
        assert_eq!(refused(&format!("{}{broken}", made.pem())), Unfit::NotPem);
        for nonsense in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAA"] {
            assert!(matches!(
                refused(nonsense),
                Unfit::NotPem | Unfit::NoCertificate
            ));
        }
    }
}
