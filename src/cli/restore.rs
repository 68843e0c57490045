//! `tenantry restore`: a backup into the database of the settings, and then everything that must happen before it serves.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::{Global, UsageError};
use crate::backup::{self, Hands, LogChoice, Progress};
use crate::clock::Clock;
use crate::config::Config;
use crate::process;
use crate::storage::{InstanceLock, PoolKind, Storage, pool};

/// What to bring back.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub struct Args {
    /// The backup
    #[arg(required_unless_present = "finish", conflicts_with = "finish")]
    file: Option<PathBuf>,
    /// Drop what the database holds
    #[arg(long, conflicts_with = "finish")]
    replace: bool,
    /// Go on with a restore that did not come to its end
    #[arg(long)]
    finish: bool,
    /// What was revoked since the backup [default: the setting `backup.revocation_log`]
    #[arg(long, value_name = "FILE")]
    revocation_log: Option<PathBuf>,
    /// There is no such file any more: let everything that was revoked since the backup come back to life
    #[arg(long, conflicts_with = "revocation_log")]
    without_revocation_log: bool,
    /// Print one JSON object at the end, and the progress on standard error
    #[arg(long)]
    json: bool,
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        process::harden()?;
        let config = global.load()?;
        let log = match self.revocation_log.clone() {
            _ if self.without_revocation_log => LogChoice::None,
            Some(path) => LogChoice::At(path),
            None => LogChoice::At(config.revocation_log.clone()),
        };
        if let LogChoice::At(path) = &log
            && !self.finish
            && !path.exists()
        {
            // Said before anything is dropped.
            return Err(backup::BackupError::NoLog(path.clone()).into());
        }
        let _lock = InstanceLock::take(&config.data_dir)?;
        let storage = Storage::join(&config).await?;
        let done = self.run_at(&storage, &config, &log).await;
        storage.close().await;
        done
    }

    async fn run_at(
        &self,
        storage: &Storage,
        config: &Config,
        log: &LogChoice,
    ) -> anyhow::Result<()> {
        let clock = Clock::system();
        let portal = pool(&storage.web_url()?, PoolKind::Command)?;
        let keeper = pool(&storage.keeper_url()?, PoolKind::Command)?;
        if let Some(file) = self.file(config)? {
            self.say(&format!("Reading {}", file.display()));
            let keys = process::keyring(config).await?;
            let (header, manifest) = backup::restore(storage, &keys, file, self.replace).await?;
            backup::begin(&portal, &clock, &header).await?;
            let rows: u64 = manifest.rows.values().sum();
            self.say(&format!(
                "{rows} rows of {} tables are back.",
                manifest.rows.len()
            ));
        }
        let hands = Hands {
            portal: &portal,
            keeper: &keeper,
            clock: &clock,
        };
        let keys = process::keyring(config).await?;
        let tell = |progress: Progress| self.say(&line(&progress));
        let finished = backup::finish(hands, keys, log, &config.revocation_log, tell).await?;
        portal.close().await;
        keeper.close().await;
        if self.json {
            println!(
                "{}",
                json!({ "restore": finished.restore, "steps": finished.found })
            );
        }
        self.say("The installation may serve again. Everybody signs in anew; tenantry technician reset makes a link for whoever has no password any more.");
        Ok(())
    }

    fn file(&self, config: &Config) -> Result<Option<&Path>, UsageError> {
        let Some(file) = self.file.as_deref() else {
            return Ok(None);
        };
        if file == config.revocation_log {
            return Err(UsageError(
                "that is the revocation log, not a backup".into(),
            ));
        }
        Ok(Some(file))
    }

    fn say(&self, line: &str) {
        if self.json {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }
}

/// `[ 2/14] End every login: 3 logins ended, 0 links ended`
fn line(progress: &Progress) -> String {
    let found = counts(&progress.found);
    let before = if progress.is_old {
        " (done before)"
    } else {
        ""
    };
    let colon = if found.is_empty() { "" } else { ": " };
    format!(
        "[{:>2}/{}] {}{colon}{found}{before}",
        progress.turn,
        progress.of,
        progress.step.about()
    )
}

fn counts(found: &Map<String, Value>) -> String {
    let named = |(name, value): (&String, &Value)| {
        let name = name.replace('_', " ");
        match value {
            Value::Array(all) if all.is_empty() => None,
            Value::Array(all) => {
                let all: Vec<_> = all.iter().filter_map(Value::as_str).collect();
                Some(format!("{name} {}", all.join(" ")))
            }
            other => Some(format!("{other} {name}")),
        }
    };
    found
        .iter()
        .filter_map(named)
        .collect::<Vec<_>>()
        .join(", ")
}
