//! `tenantry routes`: every address that the portal serves, and who may pass.

use std::fmt::Write as _;
use std::io::{Write as _, stdout};

use crate::web;

use super::Global;

/// How to print them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON array of objects with `method`, `path`, `policy` and `fresh`
    #[arg(long)]
    json: bool,
}

impl Args {
    #[expect(clippy::unused_async, reason = "every command has the same shape")]
    pub async fn run(self, _: &Global) -> anyhow::Result<()> {
        let text = if self.json {
            serde_json::to_string_pretty(&web::inventory())?
        } else {
            table()
        };
        writeln!(stdout().lock(), "{}", text.trim_end())?;
        Ok(())
    }
}

/// The inventory as a Markdown table.
fn table() -> String {
    let mut text = "| method | path | who may pass |\n| --- | --- | --- |\n".to_owned();
    for route in web::inventory() {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | `{}` | {} |",
            route.method,
            route.path,
            route.who()
        );
    }
    text
}
