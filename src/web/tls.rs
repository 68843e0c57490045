//! TLS of our own: certificate and key from files, TLS 1.2 and 1.3, HTTP/1.1. A renewed certificate is picked up while
//! running: new connections see it, open ones stay. Nothing here knows a page.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig};
use tokio_util::sync::CancellationToken;

use crate::config::{self, SecretFileError};

/// The files are looked at this often; a renewal puts two of them in place, one after the other.
const LOOK: Duration = Duration::from_secs(15);
/// Largest certificate file read, in bytes; a chain is below 20 KiB.
const LONGEST: u64 = 256 * 1024;

/// Why there is no TLS. Each says what to do; the program ends with code 78.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("the file {} of setting `tls.certificate_file` cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the file {} of setting `tls.certificate_file` holds no certificate; expected PEM, the server's own certificate first", path.display())]
    NoCertificate { path: PathBuf },
    #[error(transparent)]
    Key(#[from] SecretFileError),
    #[error("the file {} of setting `tls.key_file` holds no private key that can be used; expected PEM without a password, ECDSA, Ed25519 or RSA", path.display())]
    NoKey { path: PathBuf },
    #[error("the certificate in {} does not belong to the key in {}: set `tls.certificate_file` and `tls.key_file` to files of one issue, the server's own certificate first", certificate.display(), key.display())]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// The certificate in use, and where it comes from.
#[derive(Clone, Debug)]
pub struct Tls {
    files: config::Tls,
    current: Arc<Current>,
}

/// What a handshake is answered with.
#[derive(Debug)]
struct Current(RwLock<Pair>);

#[derive(Clone, Debug)]
struct Pair {
    certified: Arc<CertifiedKey>,
    /// SHA-256 of both files, to see a change.
    digest: Vec<u8>,
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().certified)
    }
}

impl Current {
    // Nothing panics while the lock is held; if it did, what is in it would be whole all the same.
    fn pair(&self) -> Pair {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, pair: Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = pair;
    }
}

impl Tls {
    /// Read both files; they must belong together.
    pub fn load(files: &config::Tls) -> Result<Self, TlsError> {
        let pair = Pair::read(files)?;
        Ok(Self {
            files: files.clone(),
            current: Arc::new(Current(RwLock::new(pair))),
        })
    }

    /// What turns a connection into one over TLS: versions 1.2 and 1.3, no certificate asked of browsers.
    pub fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let mut config = ServerConfig::builder_with_provider(crypto())
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(self.current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// The server's own certificate, DER.
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.current.pair().certified.cert.first().cloned()
    }

    /// Take what the files hold now. Returns whether that is something else than before; on an error the former stays.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let pair = Pair::read(&self.files)?;
        let is_new = pair.digest != self.current.pair().digest;
        if is_new {
            self.current.replace(pair);
        }
        Ok(is_new)
    }

    /// Look at the files until `stop`. A half-done renewal (a new certificate beside the old key) is waited out; what stays
    /// wrong is told once.
    pub async fn watch(self, stop: CancellationToken) {
        let mut told = String::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let tls = self.clone();
            // Files may lie on a slow disk.
            let looked = tokio::task::spawn_blocking(move || tls.reload()).await;
            match looked {
                Ok(Ok(true)) => tracing::info!("a renewed TLS certificate is in use"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    let word = error.to_string();
                    if word != told {
                        tracing::warn!(%error, "the TLS certificate cannot be renewed; the former stays in use");
                    }
                    told = word;
                    continue;
                }
                Err(error) => tracing::error!(%error, "looking at the TLS certificate failed"),
            }
            told.clear();
        }
    }
}

impl Pair {
    fn read(files: &config::Tls) -> Result<Self, TlsError> {
        let path = || files.certificate_file.clone();
        let unreadable = |source| TlsError::Unreadable {
            path: path(),
            source,
        };
        let length = fs::metadata(&files.certificate_file)
            .map_err(unreadable)?
            .len();
        if length > LONGEST {
            return Err(TlsError::NoCertificate { path: path() });
        }
        let chain_pem = fs::read(&files.certificate_file).map_err(unreadable)?;
        let key_pem = files.key_file.read_bytes()?;
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain_pem)
            .collect::<Result<_, _>>()
            .map_err(|_| TlsError::NoCertificate { path: path() })?;
        if chain.is_empty() {
            return Err(TlsError::NoCertificate { path: path() });
        }
        let no_key = || TlsError::NoKey {
            path: files.key_file.path().to_path_buf(),
        };
        let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| no_key())?;
        let certified =
            CertifiedKey::from_der(chain, key, &crypto()).map_err(|error| match error {
                rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                    TlsError::Mismatch {
                        certificate: path(),
                        key: files.key_file.path().to_path_buf(),
                    }
                }
                rustls::Error::InvalidCertificate(_) => TlsError::NoCertificate { path: path() },
                _ => no_key(),
            })?;
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(&chain_pem);
        digest.update(&key_pem);
        Ok(Self {
            certified: Arc::new(certified),
            digest: digest.finish().as_ref().to_vec(),
        })
    }
}

fn crypto() -> Arc<CryptoProvider> {
    Arc::new(provider::default_provider())
}
