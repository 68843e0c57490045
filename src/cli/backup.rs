//! `tenantry backup`: everything into one sealed file, and the proof that such a file is good.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::{Global, UsageError};
use crate::backup::{self, Manifest};
use crate::clock::Clock;
use crate::config::Config;
use crate::process;
use crate::storage::{Storage, private_postgres};

/// Take one, or look at one.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
    /// The new file, or a directory in which it gets a name with its time
    #[arg(long, value_name = "FILE|DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Check a backup: open every piece, restore it into a throw-away server, count its rows
    Verify {
        file: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        process::harden()?;
        match (self.action, self.out) {
            (Some(Action::Verify { .. }), Some(_)) => {
                Err(UsageError("verify writes nothing: leave --out away".into()).into())
            }
            (Some(Action::Verify { file, json }), None) => {
                verify(&global.load()?, &file, json || self.json).await
            }
            (None, Some(out)) => take(&global.load()?, &out, self.json).await,
            (None, None) => {
                let say = "say where to: --out FILE or --out DIRECTORY";
                Err(UsageError(say.into()).into())
            }
        }
    }
}

async fn take(config: &Config, out: &Path, json: bool) -> anyhow::Result<()> {
    let began = Instant::now();
    let keys = process::keyring(config).await?;
    let storage = Storage::join(config).await?;
    let taken = backup::take(&storage, &keys, &Clock::system(), out).await;
    storage.close().await;
    let taken = taken?;
    let header = &taken.header;
    let seconds = began.elapsed().as_secs_f64();
    if json {
        let line = json!({
            "file": taken.path.display().to_string(),
            "id": header.id,
            "taken_at": when(header.taken_at)?,
            "bytes": taken.bytes,
            "sha256": taken.sha256,
            "schema": header.schema,
            "master_key": header.kek_id,
            "tables": taken.manifest.rows.len(),
            "rows": rows(&taken.manifest),
            "seconds": seconds,
        });
        println!("{line}");
        return Ok(());
    }
    println!("{}", taken.path.display());
    println!(
        "{} rows of {} tables in {} bytes, counted in the database and in the file; {seconds:.1} s",
        rows(&taken.manifest),
        taken.manifest.rows.len(),
        taken.bytes
    );
    println!("SHA-256 {}", taken.sha256);
    println!(
        "It opens by the master key {} alone, which is not in it: keep that elsewhere. Keep {} too.",
        header.kek_id,
        config.revocation_log.display()
    );
    Ok(())
}

async fn verify(config: &Config, file: &Path, json: bool) -> anyhow::Result<()> {
    let began = Instant::now();
    let keys = process::keyring(config).await?;
    private_postgres::make_data_dir(&config.data_dir)?;
    let verified = backup::verify(file, &keys, &config.data_dir).await?;
    let (header, manifest) = (&verified.header, &verified.manifest);
    let seconds = began.elapsed().as_secs_f64();
    if json {
        let line = json!({
            "file": file.display().to_string(),
            "id": header.id,
            "taken_at": when(header.taken_at)?,
            "schema": header.schema,
            "master_key": header.kek_id,
            "master_keys_of_the_data": manifest.master_keys,
            "tables": manifest.rows.len(),
            "rows": rows(manifest),
            "seconds": seconds,
        });
        println!("{line}");
        return Ok(());
    }
    println!(
        "Good: taken {}, {} rows of {} tables came back; {seconds:.1} s",
        when(header.taken_at)?,
        rows(manifest),
        manifest.rows.len()
    );
    Ok(())
}

fn rows(manifest: &Manifest) -> u64 {
    manifest.rows.values().sum()
}

fn when(at: time::OffsetDateTime) -> anyhow::Result<String> {
    Ok(at.format(&time::format_description::well_known::Rfc3339)?)
}
