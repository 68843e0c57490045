//! What a supervised keeper is told: one line of JSON on its standard input.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use url::Url;
use zeroize::Zeroizing;

use crate::config::{Config, ConfigError};
use crate::keeper::text::Text;

/// Longest setup read, bytes; the environment of a process is not larger.
const LONGEST: u64 = 4 * 1024 * 1024;

/// What a keeper is made of.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Setup {
    /// As the settings say.
    Settings {
        /// `--config`, when it was given.
        file: Option<PathBuf>,
        /// The parent's `TENANTRY_*`; they may hold a database password, so the child's environment does not have them.
        variables: BTreeMap<String, Text>,
    },
    /// The demo's, which configures itself.
    Demo {
        settings: BTreeMap<String, String>,
        lead: Lead,
    },
}

/// What only the demo's keeper is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lead {
    /// How far the movable clock is ahead of the system's, milliseconds.
    pub clock_offset_ms: i64,
    /// The simulated Microsoft, which may listen where no setting would allow plain http.
    pub microsoft: Url,
    /// Its certificate authority, when it speaks https.
    pub ca_file: Option<PathBuf>,
}

/// The parent said nothing that makes a keeper.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("standard input closed before the setup came; `--supervised` is for `tenantry serve`")]
    Gone,
    /// Without the parser's words, which may quote a secret.
    #[error("the setup on standard input is not understood")]
    Odd,
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Setup {
    /// The settings of this process, by file and `TENANTRY_*`, for a child of it.
    pub fn of_this_process(file: Option<PathBuf>) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            name.starts_with("TENANTRY_")
                .then(|| (name, Text::new(value)))
        });
        Self::Settings {
            file,
            variables: variables.collect(),
        }
    }

    /// Read the settings.
    pub fn config(&self) -> Result<Config, ConfigError> {
        match self {
            Self::Settings { file, variables } => {
                let variables = variables
                    .iter()
                    .map(|(name, value)| (name.clone(), value.expose().to_owned()));
                Config::load_for(file.as_deref(), variables)
            }
            Self::Demo { settings, .. } => {
                let pairs = settings
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()));
                Config::from_pairs(pairs)
            }
        }
    }

    /// What the demo says besides.
    pub fn lead(&self) -> Option<&Lead> {
        match self {
            Self::Settings { .. } => None,
            Self::Demo { lead, .. } => Some(lead),
        }
    }
}

/// Take the setup from standard input; `gone` is cancelled when the parent is.
pub async fn receive(gone: CancellationToken) -> Result<Setup, SetupError> {
    let (tell, told) = oneshot::channel();
    // A thread of its own: a blocking task would keep the runtime from ending.
    std::thread::spawn(move || {
        // Nobody may be waiting any more.
        let _ = tell.send(first_line());
        wait_for_the_end();
        gone.cancel();
    });
    told.await.map_err(|_| SetupError::Gone)?
}

fn first_line() -> Result<Setup, SetupError> {
    let mut line = Zeroizing::new(Vec::with_capacity(64 * 1024));
    let stdin = io::stdin().lock();
    let read = stdin.take(LONGEST).read_until(b'\n', &mut line);
    match read {
        Ok(0) | Err(_) => Err(SetupError::Gone),
        Ok(_) => serde_json::from_slice(&line).map_err(|_| SetupError::Odd),
    }
}

/// The lifeline carries nothing after the setup; what comes all the same is passed over.
fn wait_for_the_end() {
    let mut stdin = io::stdin().lock();
    let mut rest = [0; 256];
    loop {
        match stdin.read(&mut rest) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setup_survives_the_pipe_and_keeps_its_secrets_to_itself() {
        let variables = [("TENANTRY_DATABASE__KEEPER_URL", "postgres://k:geheim@h/d")];
        let setup = Setup::Settings {
            file: Some("/etc/tenantry/tenantry.toml".into()),
            variables: variables
                .map(|(name, value)| (name.to_owned(), Text::new(value)))
                .into(),
        };
        let sent = serde_json::to_string(&setup).unwrap();
        let read: Setup = serde_json::from_str(&sent).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), sent);
        assert!(!format!("{read:?}").contains("geheim"));
    }
}
