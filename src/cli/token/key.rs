//! Where the API key comes from.

use std::io::{Read, stdin};
use std::path::Path;

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::super::UsageError;
use crate::config::SecretFile;

/// The name under which a service gets it (systemd `LoadCredential=tenantry-api-key:…`).
const CREDENTIAL: &str = "tenantry-api-key";
/// Bytes read of standard input; a key is shorter.
const LONGEST: u64 = 4096;

/// The key, from the file named, from standard input (`-`), or from the service's credentials.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<SecretString> {
    match file {
        Some(path) if path.as_os_str() == "-" => from_stdin(),
        Some(path) => Ok(SecretFile::new("--key-file or TENANTRY_API_KEY_FILE", path).read()?),
        None if std::env::var_os("CREDENTIALS_DIRECTORY").is_some() => {
            Ok(SecretFile::new("--key-file", CREDENTIAL).read()?)
        }
        None => Err(UsageError(
            "no API key: name a file by --key-file or TENANTRY_API_KEY_FILE; keys are made on the portal's page Security, API keys"
                .to_owned(),
        )
        .into()),
    }
}

fn from_stdin() -> anyhow::Result<SecretString> {
    let mut text = Zeroizing::new(String::new());
    stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    let key = text.trim();
    if key.is_empty() {
        return Err(
            UsageError("standard input is empty: give the API key on it".to_owned()).into(),
        );
    }
    Ok(key.into())
}
