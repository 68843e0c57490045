//! The command line: what there is to run, and how it ends. Each command has a module with `Args` and
//! `Args::run(self, &Global)`; to add one, write `mod name;` and its line in `commands!`.

mod audit;
mod backup;
mod demo;
mod diagnose;
mod doctor;
mod entra_simulator;
mod escrow;
mod exit;
mod keeper;
mod keys;
mod migrate;
mod openapi;
mod restore;
mod routes;
mod serve;
mod technician;
mod tenant;
mod token;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

pub use exit::UsageError;

use crate::config::{Config, ConfigError};
use crate::telemetry;

/// Keeps customers' Microsoft 365 authorisations alive.
#[derive(Debug, Parser)]
#[command(name = "tenantry", version, about, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// The settings' file [default: tenantry.toml here, or in /etc/tenantry]
    #[arg(long, global = true, env = "TENANTRY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Global {
    /// Read the settings and begin to log as they say.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let config = Config::load(self.config.as_deref())?;
        telemetry::init(&config.log);
        Ok(config)
    }
}

/// Variant, module, one line of help.
macro_rules! commands {
    ($($name:ident($module:ident): $help:literal;)+) => {
        #[derive(Debug, clap::Subcommand)]
        enum Command {
            $(#[doc = $help] $name($module::Args),)+
        }

        impl Command {
            async fn run(self, global: &Global) -> anyhow::Result<()> {
                match self {
                    $(Self::$name(args) => args.run(global).await,)+
                }
            }
        }
    };
}

commands! {
    Demo(demo): "Run everything on this machine, with sample tenants and a simulated Microsoft";
    Serve(serve): "Run portal and keeper, each a process of its own";
    Web(web): "Run the portal alone; the keeper runs apart on the same host";
    Keeper(keeper): "Run the keeper alone, for a portal on the same host";
    Migrate(migrate): "Bring the database's schema up to date";
    Doctor(doctor): "Check every setting and dependency";
    Audit(audit): "Verify the audit log; give the key that signs its checkpoints";
    Keys(keys): "Make, rotate and check the master keys";
    Routes(routes): "List every address of the portal and who may pass";
    Backup(backup): "Take a sealed backup of everything, or check one";
    Restore(restore): "Bring a backup back, and revoke again what was revoked since";
    Diagnose(diagnose): "Say what an error means, who must act and how";
    EntraSimulator(entra_simulator): "Run a pretend Microsoft Entra and Graph";
    Openapi(openapi): "Print the `OpenAPI` document of the portal's API";
    Token(token): "Print a customer's access token, through the portal's API";
    Tenant(tenant): "Import tenants from a file, or export them";
    Technician(technician): "Add, list, reset, disable and enable the people with a login";
}

/// Run the command that the arguments name, to its end.
pub async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version arrive here too; a closed terminal is no reason for another error.
            let _ = error.print();
            return exit::usage(&error);
        }
    };
    match cli.command.run(&cli.global).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::failed(&error),
    }
}
