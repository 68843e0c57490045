//! `tenantry entra-simulator`: the simulator on its own, with a small sample directory.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use super::directory::plant;
use super::{Mode, Options, start};
use crate::clock::Clock;
use crate::simulator::json::put;

/// Run a pretend Microsoft Entra and Graph for demo, rehearsal and tests.
#[derive(Clone, Debug, clap::Args)]
// The command that takes these flattens them beside its own group of the same default name.
#[group(id = "simulator")]
pub struct Args {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:4180")]
    pub listen: SocketAddr,
    /// Serve https with a CA made at start (Microsoft's own client libraries demand https)
    #[arg(long)]
    pub tls: bool,
    /// Directory for the CA certificate; default: one for this process below the system's temporary directory
    #[arg(long, value_name = "DIR")]
    pub ca_dir: Option<PathBuf>,
    /// What happens to a refresh token once a newer one was issued in its place
    #[arg(long, value_enum, default_value_t)]
    pub mode: Mode,
    /// Seed of access token lifetimes and wording
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Address to publish in metadata; default: whatever host a request names
    #[arg(long, value_name = "URL")]
    pub public_url: Option<Url>,
    /// Keep directory, keys and tokens in this file between runs
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
}

/// Serve until interrupted. The first line on standard output is one JSON object with the addresses and the sample
/// registration.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let ca_dir = args.ca_dir.unwrap_or_else(|| {
        std::env::temp_dir().join(format!("tenantry-simulator-{}", std::process::id()))
    });
    let simulator = start(Options {
        listen: args.listen,
        tls: args.tls,
        ca_dir,
        mode: args.mode,
        seed: args.seed,
        clock: Clock::system(),
        public_url: args.public_url,
        state_file: args.state_file,
    })
    .await?;
    let mut line = json!({
        "url": simulator.url(),
        "control": simulator.url().join("control")?,
        "ca": simulator.ca_file(),
    });
    if simulator.directory().client_ids().is_empty() {
        let sample = plant(simulator.directory()).context("the sample directory was refused")?;
        put(&mut line, "sample", json!(sample));
    }
    println!("{line}");
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    simulator.shutdown().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, FromArgMatches};

    use super::*;

    fn parse(words: &[&str]) -> Result<Args, clap::Error> {
        let command = Args::augment_args(Command::new("entra-simulator"));
        let words = std::iter::once(&"entra-simulator").chain(words);
        Args::from_arg_matches(&command.try_get_matches_from(words)?)
    }

    #[test]
    fn everything_has_a_default_and_the_modes_have_the_documented_names() {
        let plain = parse(&[]).unwrap();
        assert_eq!((plain.mode, plain.tls, plain.seed), (Mode::Entra, false, 1));
        for (word, mode) in [
            ("entra", Mode::Entra),
            ("grace", Mode::Grace),
            ("strict", Mode::Strict),
            ("family", Mode::Family),
        ] {
            assert_eq!(parse(&["--mode", word]).unwrap().mode, mode);
        }
        parse(&["--mode", "kind"]).unwrap_err();
    }
}
