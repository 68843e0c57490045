//! Finding the system's Postgres programs. An existing cluster decides which version it must be.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;

/// A directory with `initdb`, `pg_ctl` and `postgres`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
    /// Major version, e.g. 15.
    pub major: u32,
}

impl Binaries {
    /// The first fitting directory of: `TENANTRY_PG_BIN`, `PATH`, the places of Debian, Red Hat, Homebrew and
    /// Postgres.app, highest version first. `wanted` is the version of the data that is there already.
    pub fn find(wanted: Option<(PathBuf, u32)>) -> Result<Self, Error> {
        let found = match std::env::var_os("TENANTRY_PG_BIN").map(PathBuf::from) {
            Some(named) => vec![Self::at(&named).ok_or(Error::WrongBinaries(named))?],
            None => candidates()
                .iter()
                .filter_map(|dir| Self::at(dir))
                .collect(),
        };
        let Some((data, wanted)) = wanted else {
            return found.into_iter().next().ok_or(Error::NotInstalled);
        };
        if let Some(fitting) = found.iter().find(|found| found.major == wanted) {
            return Ok(fitting.clone());
        }
        let versions: Vec<_> = found.iter().map(|found| found.major.to_string()).collect();
        if versions.is_empty() {
            return Err(Error::NotInstalled);
        }
        Err(Error::WrongVersion {
            data,
            wanted,
            found: versions.join(", "),
        })
    }

    fn at(dir: &Path) -> Option<Self> {
        let complete = ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|tool| dir.join(tool).is_file());
        if !complete {
            return None;
        }
        let output = Command::new(dir.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        Some(Self {
            dir: dir.to_owned(),
            major: major(&String::from_utf8_lossy(&output.stdout))?,
        })
    }

    /// Where they are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    pub fn pg_ctl(&self) -> PathBuf {
        self.dir.join("pg_ctl")
    }

    pub fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }
}

/// 15 from `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn major(version: &str) -> Option<u32> {
    let number = version
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn candidates() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for (parent, prefix, suffix) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        all.extend(versions_below(Path::new(parent), prefix).map(|dir| dir.join(suffix)));
    }
    all
}

/// Directories `prefix` + number below `parent`, highest number first.
fn versions_below(parent: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_distributions_print_them() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 18beta2"), Some(18));
        assert_eq!(major("no version"), None);
    }
}
