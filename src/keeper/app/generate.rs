//! A key and a self-signed certificate for it. The private key is born here and never leaves the keeper unsealed.

use rcgen::{CertificateParams, DnType, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use crate::clock::random_bytes;

/// The key could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a key and certificate cannot be made: {0}")]
pub(super) struct NotMade(#[from] rcgen::Error);

/// RSA 3072, as Entra accepts no curve. Certificate and private key in one PEM text. Valid from an hour ago, since clocks
/// differ.
pub(super) fn certificate(
    name: &str,
    years: u8,
    now: OffsetDateTime,
) -> Result<SecretString, NotMade> {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072)?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now - Duration::hours(1);
    params.not_after = now + Duration::days(365) * i32::from(years);
    // A positive number of 127 bits.
    let mut serial: [u8; 16] = random_bytes();
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(serial.to_vec().into());
    let made = params.self_signed(&key)?;
    let pem = zeroize::Zeroizing::new(key.serialize_pem());
    Ok(format!("{}{}", made.pem(), *pem).into())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;
    use crate::keeper::app::credential::certificate_parts;

    #[test]
    fn it_is_an_rsa_certificate_for_the_years_wanted() {
        let now = datetime!(2026-03-02 12:00 UTC);
        let made = certificate("Tenantry", 2, now).unwrap();
        let parts = certificate_parts(&made).unwrap();
        assert_eq!(parts.not_after, Some(datetime!(2028-03-01 12:00 UTC)));
        let der = parts.certificate.unwrap();
        let (_, read) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(read.subject().to_string(), "CN=Tenantry");
        assert_eq!(read.public_key().parsed().unwrap().key_size(), 3072);
        assert!(read.validity().not_before.to_datetime() < now);
    }
}
