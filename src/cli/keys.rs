//! `tenantry keys create`: the master key file, made once per installation.

use std::path::PathBuf;

use super::Global;
use crate::keeper::create_key_file;

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
}

impl Args {
    #[expect(clippy::unused_async, reason = "every command is run alike")]
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let Action::Create { path } = self.action;
        let path = match path {
            Some(path) => path,
            None => global.load()?.master_key_file.path().to_owned(),
        };
        create_key_file(&path)?;
        println!(
            "Made {}. Keep a copy somewhere else: without it no token can be opened.",
            path.display()
        );
        Ok(())
    }
}
