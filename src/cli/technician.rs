//! `tenantry technician`: who of the MSP's people has a login. Prints one-time links, never a password.

use anyhow::{Context, bail};
use sqlx::PgPool;
use url::Url;

use super::Global;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::op::{Actor, Op};
use crate::domain::technician::{
    self, LINK_LIFETIME, LinkToken, Listed, LoginName, NewTechnician, Role, factor,
};
use crate::storage::{PoolKind, Storage, pool};
use crate::web::kit::{paths, when};

/// What to do.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Add a technician and print the one-time link that sets the password
    Add {
        #[arg(long, value_parser = LoginName::parse)]
        email: LoginName,
        /// As colleagues and customers read it
        #[arg(long, value_parser = technician::display_name)]
        name: String,
        /// owner, admin, technician or viewer
        #[arg(long, default_value = "technician")]
        role: Role,
    },
    /// List everybody with a login
    List,
    /// Forget the password, end every login and print a new one-time link; second factors stay
    Reset {
        #[arg(value_parser = LoginName::parse)]
        email: LoginName,
        /// Forget passkeys, authenticator app and recovery codes instead; the password stays
        #[arg(long)]
        factors: bool,
    },
    /// Take the login away; the history stays
    Disable {
        #[arg(value_parser = LoginName::parse)]
        email: LoginName,
    },
    /// Give a disabled technician the login back
    Enable {
        #[arg(value_parser = LoginName::parse)]
        email: LoginName,
    },
}

impl Args {
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        let config = global.load()?;
        let storage = Storage::open(&config).await?;
        let done = self.action.run_at(&storage, &config).await;
        storage.close().await;
        done
    }
}

impl Action {
    async fn run_at(self, storage: &Storage, config: &Config) -> anyhow::Result<()> {
        let pool = pool(&storage.web_url()?, PoolKind::Command)?;
        let done = self.run(&pool, config).await;
        pool.close().await;
        done
    }

    async fn run(self, pool: &PgPool, config: &Config) -> anyhow::Result<()> {
        let mut op = Op::begin(pool, &Clock::system(), Actor::Command("technician"))
            .await
            .context("the database cannot be reached")?;
        let said = match self {
            Self::Add { email, name, role } => {
                let new = NewTechnician {
                    email,
                    display_name: name,
                    role,
                };
                let (added, link) = technician::add(&mut op, &new).await?;
                invitation(&config.base_url, &added.display_name, &link)?
            }
            Self::Reset {
                email,
                factors: true,
            } => {
                let technician = factor::reset_factors(&mut op, &email).await?;
                format!(
                    "{} sets up a new second factor at the next login, with the password they have.",
                    technician.email
                )
            }
            Self::Reset {
                email,
                factors: false,
            } => {
                let (technician, link) = technician::reset(&mut op, &email).await?;
                invitation(&config.base_url, &technician.display_name, &link)?
            }
            Self::Disable { email } => {
                let technician = technician::disable(&mut op, &email).await?;
                format!("{} cannot sign in any more.", technician.email)
            }
            Self::Enable { email } => {
                let technician = technician::enable(&mut op, &email).await?;
                format!("{} can sign in again.", technician.email)
            }
            Self::List => table(&technician::list(&mut op).await?),
        };
        op.commit()
            .await
            .context("the database did not confirm; list the technicians to see what was done")?;
        println!("{said}");
        Ok(())
    }
}

fn invitation(base: &Url, name: &str, link: &LinkToken) -> anyhow::Result<String> {
    let Ok(address) = base.join(&paths::login_link(link.expose())) else {
        bail!("base_url cannot be extended by a path");
    };
    let minutes = LINK_LIFETIME.whole_minutes();
    Ok(format!(
        "{name} sets the password here, within {minutes} minutes and once; the second factor is asked for after it:\n{address}"
    ))
}

fn table(everybody: &[Listed]) -> String {
    if everybody.is_empty() {
        return "Nobody has a login yet. Add the first owner with: tenantry technician add --role owner".to_owned();
    }
    let lines = everybody.iter().map(|listed| {
        let technician = &listed.technician;
        let state = match (technician.disabled, listed.has_password) {
            (true, _) => "disabled",
            (false, true) => "active",
            (false, false) => "no password yet",
        };
        let login = listed
            .last_login_at
            .map_or("never signed in".to_owned(), when::exact);
        format!(
            "{:<32} {:<10} {:<15} {:<20} {}",
            technician.email,
            technician.role.as_str(),
            state,
            login,
            technician.display_name
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
