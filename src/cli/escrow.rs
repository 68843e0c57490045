//! `tenantry keys escrow`: the master keys in three shares, for three places; any two bring them back.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use super::Global;
use crate::config::Config;
use crate::keeper::{self, Keyring};
use crate::process;

/// What can be done with shares.
#[derive(Debug, clap::Subcommand)]
pub enum Action {
    /// Write three shares, a file of mode 0400 each
    Split {
        /// An existing directory
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Make the key file of two shares; refuses to replace one
    Recombine {
        #[arg(num_args = 2, value_names = ["SHARE", "SHARE"])]
        shares: Vec<PathBuf>,
        /// Where; the setting `master_key_file` unless given
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Do two shares bring back the keys that are in use? Writes nothing
    Check {
        #[arg(num_args = 2, value_names = ["SHARE", "SHARE"])]
        shares: Vec<PathBuf>,
    },
}

impl Action {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        process::harden()?;
        let config = global.load()?;
        match self {
            Self::Split { out } => split(&config, &out).await,
            Self::Recombine { shares, out } => {
                let out = out.unwrap_or_else(|| config.master_key_file.path().to_owned());
                let made = keeper::create_key_file_of(&out, &recombined(&shares)?)?;
                println!("Made {} with {}.", out.display(), made.ids().join(", "));
                Ok(())
            }
            Self::Check { shares } => check(&config, &shares).await,
        }
    }
}

async fn split(config: &Config, out: &Path) -> anyhow::Result<()> {
    let keys = process::keyring(config).await?;
    for (at, share) in keys.split().iter().enumerate() {
        let path = out.join(format!("tenantry-share-{}.txt", at + 1));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(&path)
            .with_context(|| format!("{} cannot be made", path.display()))?;
        file.write_all(share.as_bytes())?;
        file.sync_all()?;
        println!("{}", path.display());
    }
    println!(
        "Bring each to another place, away from the backups, and delete it here. After each rotation split anew. Try now: tenantry keys escrow check SHARE SHARE"
    );
    Ok(())
}

async fn check(config: &Config, shares: &[PathBuf]) -> anyhow::Result<()> {
    let held = Keyring::of_text(&recombined(shares)?)?;
    let keys = process::keyring(config).await?;
    if let Some(id) = keys.differs_from(&held) {
        bail!("the shares give another key {id} than the one in use, or none: split anew");
    }
    println!("Good: the two shares give {}.", held.ids().join(", "));
    Ok(())
}

fn recombined(shares: &[PathBuf]) -> anyhow::Result<Zeroizing<String>> {
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path);
        let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
        anyhow::Ok(Zeroizing::new(text))
    };
    let [one, other] = shares else {
        bail!("two shares are needed");
    };
    Ok(keeper::recombine(&read(one)?, &read(other)?)?)
}
