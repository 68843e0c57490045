//! `tenantry audit`: walks the audit log's chain, and gives the key with which its checkpoints are signed. Opens the master
//! key by itself, beside running keepers or without any.

use std::path::PathBuf;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Global;
use crate::clock::Clock;
use crate::keeper::audit::{Checkpoint, Inspector, Report, read_checkpoints};
use crate::process::keyring;
use crate::storage::{PoolKind, Storage, pool};

/// What stands before the 32 bytes of an Ed25519 key in a `SubjectPublicKeyInfo` (RFC 8410).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// What can be done with the audit log.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Walk the whole log and name the first bad row; exit code 1 when there is one
    Verify {
        /// Checkpoints kept elsewhere: a checkpoint file, or the log in JSON; may be given several times
        #[arg(long, value_name = "FILE")]
        checkpoints: Vec<PathBuf>,
    },
    /// Print the public key of the checkpoints' signatures (Ed25519, PEM)
    PublicKey,
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        // Read before anything is opened: a file that is not there is found at once.
        let outside = match &self.action {
            Action::Verify { checkpoints } => read(checkpoints)?,
            Action::PublicKey => Vec::new(),
        };
        let config = global.load()?;
        let keys = keyring(&config).await?;
        let storage = Storage::open(&config).await?;
        let done = async {
            let pool = pool(&storage.keeper_url()?, PoolKind::Command)?;
            let inspector = Inspector::new(pool.clone(), keys, Clock::system());
            let done = match self.action {
                Action::Verify { .. } => verify(&inspector, &outside).await,
                Action::PublicKey => public_key(&inspector).await,
            };
            pool.close().await;
            done
        };
        let done = done.await;
        storage.close().await;
        done
    }
}

fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Checkpoint>> {
    let mut all = Vec::new();
    for path in files {
        let name = path.display();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
        match read_checkpoints(&text) {
            Ok(found) if found.is_empty() => bail!("{name} holds no checkpoint"),
            Ok(found) => all.extend(found),
            Err(line) => bail!("line {line} of {name} is no checkpoint: it was changed or cut off"),
        }
    }
    Ok(all)
}

async fn verify(inspector: &Inspector, outside: &[Checkpoint]) -> anyhow::Result<()> {
    let report = inspector.verify(outside).await?;
    for line in lines(&report) {
        println!("{line}");
    }
    let Some(first) = report.findings.first() else {
        println!("The audit log is whole.");
        return Ok(());
    };
    println!("First bad row: {first}.");
    for more in report.findings.iter().skip(1) {
        println!("Also: {more}.");
    }
    bail!(
        "the audit log was tampered with; keep the database as it is and compare it with a backup"
    )
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "{} rows are sealed and as they were, the last by seal {}; {} wait to be sealed.",
        report.rows, report.seq, report.waiting
    )];
    if let Some(cut) = &report.cut {
        lines.push(format!(
            "Rows before {} were dropped when their time was over; the chain goes on after seal {}.",
            instant(cut.events_before),
            cut.seq
        ));
    }
    lines.extend(report.restored.iter().map(|part| {
        format!(
            "Restored from a backup at {}: the log goes on after seal {}; {} checkpoints from elsewhere vouch for what was lost, up to seal {}.",
            instant(part.checkpoint.at), part.checkpoint.seq, part.void, part.lost_until
        )
    }));
    lines.push(format!(
        "{} checkpoints in the database, {} from elsewhere.",
        report.checkpoints, report.outside
    ));
    match &report.last_checkpoint {
        Some(last) => lines.push(format!(
            "Last checkpoint: {} of {}, seal {}, hash {}.",
            last.number,
            instant(last.at),
            last.seq,
            hex::encode(&last.hash)
        )),
        None => lines.push("No checkpoint was made yet.".to_owned()),
    }
    lines
}

fn instant(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}

async fn public_key(inspector: &Inspector) -> anyhow::Result<()> {
    let mut der = SPKI.to_vec();
    der.extend(inspector.public_key().await?);
    println!("-----BEGIN PUBLIC KEY-----");
    println!("{}", STANDARD.encode(der));
    println!("-----END PUBLIC KEY-----");
    Ok(())
}
