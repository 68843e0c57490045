//! From settings to single sign-on. The provider is not asked yet: one that is down does not keep the portal from starting.

use std::path::PathBuf;

use url::Url;

use super::{Rules, Sso};
use crate::clock::Clock;
use crate::config::{self, SecretFileError, WithoutAmr};
use crate::oidc::{BuildError, Kind, Provider, Settings};

/// Where the provider sends browsers back to; registered there.
pub const RETURN_PATH: &str = "/login/return";

/// Why single sign-on cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error(transparent)]
    Secret(#[from] SecretFileError),
    #[error("the file {} of setting `sso.ca_file` cannot be read", path.display())]
    Authority {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`base_url` leads nowhere: {0}")]
    Address(#[from] url::ParseError),
    #[error("single sign-on: {0}")]
    Client(#[from] BuildError),
}

/// Read the files that the settings name, and be ready to ask.
pub fn set_up(sso: &config::Sso, base_url: &Url, clock: Clock) -> Result<Sso, SetUpError> {
    let secret = sso.client_secret_file.as_ref();
    let authority = sso.ca_file.as_ref().map(|path| {
        std::fs::read(path).map_err(|source| SetUpError::Authority {
            path: path.clone(),
            source,
        })
    });
    let kind = if sso.tenants.is_empty() {
        Kind::Standard
    } else {
        Kind::Entra {
            tenants: sso.tenants.clone(),
        }
    };
    let settings = Settings {
        issuer: sso.issuer.clone(),
        issuer_url: sso.issuer_url.clone(),
        kind,
        client_id: sso.client_id.clone(),
        client_secret: secret.map(config::SecretFile::read).transpose()?,
        scopes: sso.scopes.clone(),
        redirect_uri: base_url.join(RETURN_PATH)?,
        groups_claim: sso.groups_claim.clone(),
        extra_root_ca_pem: authority.transpose()?,
    };
    Ok(Sso {
        provider: Provider::new(settings, clock)?,
        name: sso.name.clone(),
        rules: Rules {
            roles: sso.roles.clone(),
            required_amr: sso.required_amr.clone(),
            refuse_without_amr: sso.without_amr == WithoutAmr::Refuse,
            create: sso.create,
        },
        only: sso.only,
    })
}
