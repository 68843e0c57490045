//! The certificates shown to keepers: the right one, and those that are wrong in one way each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The proxy's certificate, and some that nobody should accept.
pub struct Certificates {
    pub(super) good: TlsAcceptor,
    pub(super) wrong: Vec<TlsAcceptor>,
    pub(super) ca_file: PathBuf,
}

impl Certificates {
    pub(super) fn make(dir: &Path) -> Self {
        let (ca, key) = authority();
        let ca_file = dir.join("proxy-ca.pem");
        std::fs::write(&ca_file, ca.self_signed(&key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(ca, key);
        let (other, other_key) = authority();
        let other = Issuer::new(other, other_key);
        let names = || {
            CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap()
        };
        let elsewhere = CertificateParams::new(vec!["elsewhere.example".to_owned()]).unwrap();
        let mut expired = names();
        expired.not_before = date_time_ymd(2020, 1, 1);
        expired.not_after = date_time_ymd(2021, 1, 1);
        Self {
            good: acceptor(names(), &issuer),
            wrong: vec![
                acceptor(names(), &other),
                acceptor(elsewhere, &issuer),
                acceptor(expired, &issuer),
            ],
            ca_file,
        }
    }
}

fn authority() -> (CertificateParams, KeyPair) {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (ca, KeyPair::generate().unwrap())
}

fn acceptor(mut server: CertificateParams, issuer: &Issuer<'_, KeyPair>) -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    server.use_authority_key_identifier_extension = true;
    let certificate = server.signed_by(&key, issuer).unwrap();
    let certificate: CertificateDer<'static> = certificate.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
