//! `tenantry token`: an access token from the portal's API, for scripts. The key is read from a file and never an argument,
//! which others on the machine could read.

mod ask;
mod key;

use std::io::{Write, stdout};
use std::path::PathBuf;

use serde_json::Value;
use url::Url;

use super::{Global, UsageError};
use crate::config::Config;
use ask::Question;

/// Which token, and by which key.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tenant: its short name or id
    #[arg(long)]
    tenant: String,
    /// graph, exchange, teams or azure
    #[arg(long, default_value = "graph", value_parser = ["graph", "exchange", "teams", "azure"])]
    resource: String,
    /// Seconds that the token lives at least, up to 3300
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(..=3300))]
    min_ttl: Option<u32>,
    /// Why, for the audit log
    #[arg(long)]
    reason: Option<String>,
    /// Where the portal is [default: `base_url` of the settings]
    #[arg(long, env = "TENANTRY_URL")]
    url: Option<Url>,
    /// The file with the API key, readable by you alone; - for standard input [default: the service's credential
    /// `tenantry-api-key`]
    #[arg(long, env = "TENANTRY_API_KEY_FILE", value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Certificate authorities to trust besides the system's, PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Seconds to go on trying when the portal asks to come later
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    wait: u32,
    /// Print one JSON object with `access_token`, `expires_on` and more
    #[arg(long)]
    json: bool,
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let portal = self.portal(global)?;
        let key = key::read(self.key_file.as_deref())?;
        let question = Question {
            portal,
            tenant: &self.tenant,
            resource: &self.resource,
            min_ttl: self.min_ttl,
            reason: self.reason.as_deref(),
            ca_file: self.ca_file.as_deref(),
            wait: std::time::Duration::from_secs(u64::from(self.wait)),
        };
        let answer = question.ask(&key).await?;
        let mut out = stdout().lock();
        if self.json {
            writeln!(out, "{}", for_helpers(answer))?;
        } else {
            writeln!(out, "{}", ask::token_of(&answer)?)?;
        }
        out.flush()?;
        Ok(())
    }

    /// A key goes over TLS, or does not leave this machine.
    fn portal(&self, global: &Global) -> anyhow::Result<Url> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => Config::load(global.config.as_deref())?.base_url,
        };
        let is_safe = url.scheme() == "https"
            || (url.scheme() == "http" && crate::outbound::is_loopback(&url));
        if is_safe {
            Ok(url)
        } else {
            let message = format!(
                "{url} is no https address: the key would cross the network for everybody to read; name the portal by --url https://…"
            );
            Err(UsageError(message).into())
        }
    }
}

/// The answer with its end in seconds since 1970 besides, as credential helpers have it.
fn for_helpers(mut answer: Value) -> Value {
    let end = answer.get("expires_at").and_then(Value::as_str);
    let end = end.and_then(|at| {
        time::OffsetDateTime::parse(at, &time::format_description::well_known::Rfc3339).ok()
    });
    if let (Some(map), Some(end)) = (answer.as_object_mut(), end) {
        map.insert("expires_on".to_owned(), end.unix_timestamp().into());
    }
    answer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn a_helper_reads_when_the_token_ends() {
        let answer = json!({ "access_token": "t", "expires_at": "1970-01-01T01:00:00Z" });
        assert_eq!(super::for_helpers(answer)["expires_on"], 3600);
    }
}
