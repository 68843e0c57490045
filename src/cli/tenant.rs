//! `tenantry tenant`: tenants from a file, looked at before anything is written, and as one.

use std::fmt::Write as _;
use std::io::{Read, Write, stdin, stdout};
use std::path::PathBuf;

use anyhow::{Context, bail};
use sqlx::PgPool;

use super::Global;
use crate::clock::Clock;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::tenant::import::{self, Fate, Fated, Format, ImportError, LARGEST, Plan, Sheet};
use crate::domain::tenant::{self, Filter};
use crate::storage::{PoolKind, Storage, pool};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add and change tenants as a file says, all of them or none
    Import {
        /// The file; - for standard input
        file: PathBuf,
        /// csv or json; without it, the file's beginning tells
        #[arg(long)]
        format: Option<Format>,
        /// Say what each row would do, and write nothing
        #[arg(long)]
        dry_run: bool,
        /// Import the other rows when some are refused
        #[arg(long)]
        leave_refused_out: bool,
    },
    /// Print every tenant but the archived, as `import` takes them
    Export {
        /// csv or json
        #[arg(long, default_value = "csv")]
        format: Format,
    },
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        // What is wrong with the file is told before a database is looked for.
        let sheet = match &self.action {
            Action::Import { file, format, .. } => Some(read(file, *format)?),
            Action::Export { .. } => None,
        };
        let config = global.load()?;
        // A private Postgres would be made here, and an import would fill a portal that nobody knows of.
        if config.uses_private_postgres() && !config.data_dir.join("postgres").exists() {
            bail!(
                "there is no installation in {}: name its settings by --config or TENANTRY_CONFIG, or its folder by TENANTRY_DATA_DIR",
                config.data_dir.display()
            );
        }
        let storage = Storage::open(&config).await?;
        let done = match storage.web_url() {
            Ok(url) => run_at(self.action, sheet, &pool(&url, PoolKind::Command)?).await,
            Err(error) => Err(error.into()),
        };
        storage.close().await;
        done
    }
}

fn read(file: &PathBuf, format: Option<Format>) -> anyhow::Result<Sheet> {
    let mut bytes = Vec::new();
    // Ends of lines of two bytes are counted as one.
    let most = u64::try_from(2 * LARGEST + 1)?;
    if file.as_os_str() == "-" {
        stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        let opened = std::fs::File::open(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        opened.take(most).read_to_end(&mut bytes)?;
    }
    Ok(import::read(&bytes, format)?)
}

async fn run_at(action: Action, sheet: Option<Sheet>, pool: &PgPool) -> anyhow::Result<()> {
    let mut op = Op::begin(pool, &Clock::system(), Actor::Command("tenant"))
        .await
        .context("the database cannot be reached")?;
    match (action, sheet) {
        (
            Action::Import {
                dry_run,
                leave_refused_out,
                ..
            },
            Some(sheet),
        ) => take(op, &sheet, dry_run, leave_refused_out).await?,
        (Action::Export { format }, _) => {
            let mut export = tenant::export(&mut op, Filter::default(), format).await?;
            let mut out = stdout().lock();
            while let Some(piece) = export.next(&mut op, Scope::all()).await? {
                out.write_all(piece.as_bytes())?;
            }
            out.flush()?;
            op.commit().await?;
        }
        (Action::Import { .. }, None) => {}
    }
    pool.close().await;
    Ok(())
}

async fn take(
    mut op: Op,
    sheet: &Sheet,
    dry_run: bool,
    leave_refused_out: bool,
) -> anyhow::Result<()> {
    let plan = import::plan(&mut op, Scope::all(), sheet).await?;
    tell(&plan)?;
    let totals = plan.totals();
    if totals.refused > 0 && !leave_refused_out {
        bail!(
            "nothing was imported: correct the rows that are refused, or leave them out with --leave-refused-out"
        );
    }
    if dry_run {
        eprintln!("nothing was written: this was a dry run");
        return Ok(());
    }
    match import::run(&mut op, Scope::all(), &plan, leave_refused_out).await {
        Ok(_) => {}
        Err(ImportError::Stale) => {
            bail!(
                "nothing was imported: somebody changed one of these tenants at this moment; run it again"
            )
        }
        Err(error) => return Err(error.into()),
    }
    op.commit().await.context(
        "the database did not confirm; run it again with --dry-run to see what was done",
    )?;
    eprintln!("imported");
    Ok(())
}

/// Each row's fate and the sums, on standard output.
fn tell(plan: &Plan) -> std::io::Result<()> {
    let mut out = stdout().lock();
    for row in &plan.rows {
        out.write_all(told(row).as_bytes())?;
    }
    if !plan.left_aside.is_empty() {
        writeln!(out, "columns not imported: {}", plan.left_aside.join(", "))?;
    }
    let totals = plan.totals();
    writeln!(
        out,
        "{} new, {} changed, {} unchanged, {} refused",
        totals.new, totals.changed, totals.unchanged, totals.refused
    )?;
    out.flush()
}

/// A row's fate on a line of its own, what becomes of each field below it; nothing for rows that change nothing.
fn told(row: &Fated) -> String {
    let mut text = match &row.fate {
        Fate::Unchanged => return String::new(),
        fate => format!(
            "row {:<5} {:<8} {}\n",
            row.number,
            fate.as_str(),
            row.short_name
        ),
    };
    match &row.fate {
        Fate::Changed { changes, .. } => {
            for one in changes {
                let _ = writeln!(text, "  {}: {:?} -> {:?}", one.field, one.from, one.to);
            }
        }
        Fate::Refused(errors) => {
            for error in errors {
                let _ = writeln!(text, "  {}: {}", error.field, error.message);
            }
        }
        Fate::New(_) | Fate::Unchanged => {}
    }
    // A name from a file must not move the cursor of a terminal.
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
