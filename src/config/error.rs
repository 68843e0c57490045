//! What was wrong with the settings, all of it at once, so that one start finds every mistake.

use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

/// The settings cannot be used; the program ends with code 78 (`EX_CONFIG` of sysexits.h).
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {} cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the configuration file {} is no TOML: {message}", path.display())]
    Malformed { path: PathBuf, message: String },
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<Problem>),
}

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("unknown setting `{name}` in {origin}{}", suggestion.as_ref().map(|known| format!("; did you mean `{known}`?")).unwrap_or_default())]
    Unknown {
        name: String,
        origin: String,
        /// The nearest known name, as it would be written at the same place.
        suggestion: Option<String>,
    },
    #[error("setting `{name}` in {origin}{}: expected {expected}", given.as_ref().map(|given| format!(" is {given:?}")).unwrap_or_default())]
    Wrong {
        name: &'static str,
        origin: String,
        /// `None` when the value may hold a secret.
        given: Option<String>,
        expected: &'static str,
    },
    #[error("settings `{name}` and `{other}` are both set: expected one of them")]
    Both {
        name: &'static str,
        other: &'static str,
    },
    #[error("setting `{name}` does not go with the others: expected {expected}")]
    Misfit {
        name: &'static str,
        expected: &'static str,
    },
    #[error(
        "setting `listen` is {listen}, which other machines reach without TLS: set `tls.certificate_file` and `tls.key_file`, or \
         name in `trusted_proxies` the proxy that speaks TLS for it"
    )]
    Reachable { listen: SocketAddr },
    #[error(
        "setting `base_url` is {base_url}: expected an address that begins with https:// (http only for this machine, without \
         `tls.*`)"
    )]
    Clear { base_url: Url },
    #[error("setting `{name}` is missing: expected {expected}")]
    Missing {
        name: &'static str,
        expected: &'static str,
    },
}

impl ConfigError {
    /// The problems alone, to be told together with others'.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        match self {
            Self::Settings(problems) => problems,
            Self::Unreadable { .. } | Self::Malformed { .. } => Vec::new(),
        }
    }

    /// An error if there is any problem.
    pub(super) fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Self::Settings(problems))
    }
}
