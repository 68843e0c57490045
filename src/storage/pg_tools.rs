//! Postgres' own `pg_dump` and `pg_restore`, told where the database is without a password among their arguments.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;
use url::Url;

use super::private_postgres::{PrivatePostgres, programs};
use super::urls::UrlError;

/// Data that a backup leaves out: a restored database must not look ready (migration 175).
pub const LEFT_OUT: &str = "public.installation_state";

/// The directory of the programs; none: the search path has them.
#[derive(Clone, Debug)]
pub struct PgTools {
    dir: Option<PathBuf>,
}

impl PgTools {
    /// Those of the private Postgres, else the newest installed ones: an older `pg_dump` refuses a newer server.
    pub fn find(private: Option<&PrivatePostgres>) -> Self {
        let dir = match private {
            Some(private) => Some(private.programs().to_owned()),
            None => programs(),
        };
        Self {
            dir: dir.filter(|dir| dir.join("pg_dump").is_file()),
        }
    }

    /// Write everything that `snapshot` shows to standard output, in the archive format.
    pub fn dump(&self, url: &SecretString, snapshot: &str) -> Result<Command, UrlError> {
        let mut command = self.command("pg_dump");
        connect(&mut command, url)?;
        command
            .args([
                "--format=custom",
                "--no-password",
                "--no-comments",
                "--lock-wait-timeout=10s",
            ])
            .arg(format!("--snapshot={snapshot}"))
            .arg(format!("--exclude-table-data={LEFT_OUT}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        Ok(command)
    }

    /// Read an archive from standard input and write its rows to standard output as text. Needs no database.
    pub fn rows(&self) -> Command {
        let mut command = self.command("pg_restore");
        command
            .args(["--data-only", "--file=-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        command
    }

    /// Read an archive from standard input into the empty database at `url`, all of it or nothing.
    pub fn restore(&self, url: &SecretString) -> Result<Command, UrlError> {
        let mut command = self.command("pg_restore");
        connect(&mut command, url)?;
        command
            .args([
                "--no-password",
                "--no-comments",
                "--no-owner",
                "--role=portal_owner",
            ])
            .args(["--single-transaction", "--exit-on-error"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null());
        Ok(command)
    }

    fn command(&self, program: &str) -> Command {
        let path = match &self.dir {
            Some(dir) => dir.join(program),
            None => Path::new(program).to_owned(),
        };
        let mut command = Command::new(path);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command.stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

/// The address without its password as an argument, the password in the environment, which on Linux only this user and
/// root can read; a password file would be left behind by a `kill -9`.
fn connect(command: &mut Command, url: &SecretString) -> Result<(), UrlError> {
    let mut url = Url::parse(url.expose_secret()).map_err(|_| UrlError)?;
    let password = url.password().map(decoded);
    url.set_password(None).map_err(|()| UrlError)?;
    command.arg(format!("--dbname={url}"));
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(())
}

/// `%40` is `@`; form decoding would also make a blank of each `+`.
fn decoded(encoded: &str) -> String {
    let pair = format!("x={}", encoded.replace('+', "%2B"));
    url::form_urlencoded::parse(pair.as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_no_argument() {
        let tools = PgTools { dir: None };
        let url = "postgres://portal_backup:ge%40h+eim@db:5432/tenantry?sslmode=disable";
        let command = tools.dump(&url.into(), "0003-1").unwrap();
        let shown = format!("{:?}", command.as_std().get_args());
        assert!(!shown.contains("eim"), "{shown}");
        assert!(
            shown.contains("postgres://portal_backup@db:5432/tenantry"),
            "{shown}"
        );
        let password = command
            .as_std()
            .get_envs()
            .find(|(name, _)| *name == "PGPASSWORD");
        assert_eq!(password.unwrap().1.unwrap(), "ge@h+eim");
    }
}
