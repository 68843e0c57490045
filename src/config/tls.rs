//! `tls.*`: the certificate that browsers see when Tenantry speaks TLS itself.

use std::path::PathBuf;

use super::reader::Reader;
use super::secret_file::SecretFile;

/// Where certificate and key lie. Neither: TLS is a proxy's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// PEM: the server's certificate, then those up to a root that browsers know. No secret.
    pub certificate_file: PathBuf,
    /// PEM: its private key.
    pub key_file: SecretFile,
}

impl Tls {
    pub(super) fn read(from: &mut Reader) -> Option<Self> {
        let certificate_file = from.path("tls.certificate_file").map(credential);
        let key_file = from.secret_file("tls.key_file");
        match (certificate_file, key_file) {
            (Some(certificate_file), Some(key_file)) => Some(Self {
                certificate_file,
                key_file,
            }),
            (None, None) => None,
            (Some(_), None) => {
                from.missing(
                    "tls.key_file",
                    "the private key's file, because tls.certificate_file is set",
                );
                None
            }
            (None, Some(_)) => {
                from.missing(
                    "tls.certificate_file",
                    "the certificate's file, because tls.key_file is set",
                );
                None
            }
        }
    }
}

/// A relative path is looked for among the service's credentials first, as for secrets.
fn credential(path: PathBuf) -> PathBuf {
    SecretFile::new("tls.certificate_file", path)
        .path()
        .to_path_buf()
}
