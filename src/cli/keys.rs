//! `tenantry keys`: the master keys, made once per installation, rotated, looked at. Works beside running keepers, and
//! without any.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use anyhow::bail;

use super::Global;
use crate::clock::Clock;
use crate::keeper::message::keys::{Canary, Master};
use crate::keeper::{Custody, CustodyError, Progress, REWRAP_BATCH, create_key_file};
use crate::process::keyring;
use crate::storage::{PoolKind, Storage, pool};

/// What can be done with keys.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a master key file of mode 0400; refuses to replace one
    Create {
        /// Where; the setting `master_key_file` unless given
        path: Option<PathBuf>,
    },
    /// Keep the master keys in three shares, of which any two bring them back
    Escrow {
        #[command(subcommand)]
        action: super::escrow::Action,
    },
    /// Show every master key: how many data keys it wraps, and whether it opens its canary
    Status,
    /// Make a new master key and wrap all data keys by it, while keepers run; goes on where an earlier run was stopped
    Rotate {
        /// Take this old key out of use and out of the key file, if it wraps nothing any more
        #[arg(long, value_name = "ID", conflicts_with = "finish")]
        retire: Option<String>,
        /// The same with every key but the primary
        #[arg(long)]
        finish: bool,
        /// Data keys wrapped in one statement
        #[arg(long, default_value_t = REWRAP_BATCH, value_parser = clap::value_parser!(i64).range(1..=5000))]
        batch: i64,
    },
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self.action {
            Action::Create { path } => create(path, global),
            Action::Escrow { action } => action.run(global).await,
            Action::Status => with_custody(global, Work::Status).await,
            Action::Rotate {
                retire,
                finish,
                batch,
            } => {
                let work = if finish || retire.is_some() {
                    Work::Retire(retire)
                } else {
                    Work::Rotate(batch)
                };
                with_custody(global, work).await
            }
        }
    }
}

/// What needs the database.
enum Work {
    Status,
    Rotate(i64),
    Retire(Option<String>),
}

fn create(path: Option<PathBuf>, global: &Global) -> anyhow::Result<()> {
    let path = if let Some(path) = path {
        path
    } else {
        let config = global.load()?;
        if config.master_key_command.is_some() {
            bail!("`master_key_command` gives the keys; name a path to make a file all the same");
        }
        config.master_key_file.path().to_owned()
    };
    create_key_file(&path)?;
    println!(
        "Made {}. Keep a copy somewhere else: without it no token can be opened.",
        path.display()
    );
    Ok(())
}

async fn with_custody(global: &Global, work: Work) -> anyhow::Result<()> {
    let config = global.load()?;
    let keys = keyring(&config).await?;
    let storage = Storage::open(&config).await?;
    let done = async {
        let pool = pool(&storage.keeper_url()?, PoolKind::Command)?;
        let custody = Custody::new(pool.clone(), keys, Clock::system());
        let done = match work {
            Work::Status => status(&custody).await,
            Work::Rotate(batch) => rotate(&custody, batch).await,
            Work::Retire(id) => retire(&custody, id.as_deref()).await,
        };
        pool.close().await;
        done
    };
    let done = done.await;
    storage.close().await;
    done
}

async fn status(custody: &Custody) -> anyhow::Result<()> {
    println!("From {}:", custody.source());
    let masters = custody.status().await?;
    for master in &masters {
        println!("{}", line(master));
    }
    let wrong = masters
        .iter()
        .any(|one| matches!(one.canary, Canary::Shut(_)) || (one.data_keys > 0 && !one.is_at_hand));
    if wrong {
        bail!(
            "a master key that is needed is missing or wrong: restore it before the keeper starts"
        );
    }
    Ok(())
}

fn line(master: &Master) -> String {
    let place = match (master.is_primary, master.is_at_hand, master.retired_at) {
        (true, _, _) => "primary",
        (_, true, Some(_)) => "retired, still in the source",
        (_, true, None) => "kept",
        (_, false, Some(_)) => "retired",
        (_, false, None) => "missing",
    };
    let canary = match &master.canary {
        Canary::Opens => "canary opens".to_owned(),
        Canary::Over => "rotated out".to_owned(),
        Canary::None => "no canary yet".to_owned(),
        Canary::Shut(why) => format!("canary does not open: {why}"),
    };
    format!(
        "{:<20} {:<28} {:>9} data keys   {canary}",
        master.id, place, master.data_keys
    )
}

async fn rotate(custody: &Custody, batch: i64) -> anyhow::Result<()> {
    let bar = std::io::stdout().is_terminal();
    let rotated = custody
        .rotate(batch, |progress| show(&progress, bar))
        .await
        .map_err(advice)?;
    if rotated.rewrapped == 0 && rotated.idle.is_empty() && !custody.is_file() {
        println!(
            "Nothing to do: {} wraps everything. Make {} print the new key first, and the old ones after it.",
            rotated.primary,
            custody.source()
        );
        return Ok(());
    }
    println!(
        "Done: {} wraps every data key; {} were wrapped anew.",
        rotated.primary, rotated.rewrapped
    );
    println!("Copy the new key to where you keep the other copy, now.");
    for id in &rotated.idle {
        println!(
            "{id} wraps nothing any more. Keep it until the last backup made before now is gone: those backups open by it alone. Then: tenantry keys rotate --retire {id}"
        );
    }
    Ok(())
}

/// Each line when it happens. A reader that went away is no reason to stop.
fn show(progress: &Progress, bar: bool) {
    let mut out = std::io::stdout();
    let _ = match progress {
        Progress::Made { primary } => writeln!(out, "Made {primary}; it is the primary now."),
        Progress::GoesOn { primary } => writeln!(out, "Going on with {primary}."),
        Progress::Rewrapped { done, of } if bar => {
            let filled = usize::try_from(done * 40 / (*of).max(1)).unwrap_or(40);
            let end = if done == of { "\n" } else { "" };
            write!(
                out,
                "\r[{:<40}] {done} of {of} data keys{end}",
                "#".repeat(filled)
            )
        }
        Progress::Rewrapped { done, of } => {
            writeln!(out, "Wrapped {done} of {of} data keys anew.")
        }
    };
    let _ = out.flush();
}

async fn retire(custody: &Custody, id: Option<&str>) -> anyhow::Result<()> {
    let gone = custody.retire(id).await.map_err(advice)?;
    if gone.is_empty() {
        println!("There is no key but the primary.");
    }
    for id in &gone {
        println!("{id} is out of use.");
    }
    if !gone.is_empty() {
        if !custody.is_file() {
            println!("Take it out of {} too.", custody.source());
        }
        println!(
            "Keep a sealed copy until every backup made before the rotation is gone: those backups open by it alone."
        );
    }
    Ok(())
}

/// What is done stays done.
fn advice(error: CustodyError) -> anyhow::Error {
    let again = matches!(error, CustodyError::Database(_));
    let error = anyhow::Error::from(error);
    if again {
        return error.context("what was wrapped anew stays so; run the command again to go on");
    }
    error
}
