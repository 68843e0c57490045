//! The system user Postgres runs as. Postgres refuses root, so root lends it another account; anybody else is it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::binaries::Binaries;
use super::error::{Error, io};
use super::layout::Layout;

/// A system user with its number, main group and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
    pub name: String,
    /// We are root and act for this user.
    lent: bool,
}

impl Account {
    /// Whoever shall own the cluster in `dir`: ourselves, or as root the owner of what is there, else `postgres`, else
    /// `nobody`.
    pub fn for_cluster(dir: &Path) -> Result<Self, Error> {
        let us = rustix::process::geteuid().as_raw();
        let owner = fs::metadata(dir)
            .ok()
            .map(|found| (found.uid(), found.gid()));
        if us != 0 {
            return match owner {
                Some((owner, _)) if owner != us => Err(Error::ForeignDirectory {
                    dir: dir.to_owned(),
                    owner,
                }),
                _ => Self::new(us, rustix::process::getegid().as_raw(), false),
            };
        }
        match owner {
            Some((uid, gid)) if uid != 0 => Self::new(uid, gid, true),
            _ => ["postgres", "nobody"]
                .into_iter()
                .find_map(|name| {
                    Some((id("-u", name)?.parse().ok()?, id("-g", name)?.parse().ok()?))
                })
                .ok_or(Error::NoAccount)
                .and_then(|(uid, gid)| Self::new(uid, gid, true)),
        }
    }

    fn new(uid: u32, gid: u32, lent: bool) -> Result<Self, Error> {
        let name = id("-un", uid.to_string()).ok_or(Error::NamelessUser(uid))?;
        Ok(Self {
            uid,
            gid,
            name,
            lent,
        })
    }

    /// `program`, to be run as this user in `dir`, with nothing of the caller's Postgres environment.
    pub fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        if self.lent {
            // As root, std also drops the supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// A trial run, so that a directory this user cannot enter gives a clear message and not one of initdb's.
    pub fn try_out(&self, binaries: &Binaries, layout: &Layout) -> Result<(), Error> {
        let refused = |reason: String| Error::Unreachable {
            user: self.name.clone(),
            dir: layout.dir.clone(),
            reason,
        };
        let tried = self
            .command(&binaries.postgres(), &layout.dir)
            .arg("--version")
            .output()
            .map_err(|error| refused(error.to_string()))?;
        if tried.status.success() {
            return Ok(());
        }
        Err(refused(
            String::from_utf8_lossy(&tried.stderr).trim().into(),
        ))
    }

    /// Make a file of this user with `mode`, whole or not at all; never through a link that somebody put there.
    pub fn write(&self, path: &Path, mode: u32, content: &str) -> Result<(), Error> {
        let nonce = hex::encode(crate::clock::random_bytes::<6>());
        let fresh = path.with_extension(format!("new-{nonce}"));
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&fresh)
            .map_err(io("create", &fresh))?;
        self.own(&file).map_err(io("give away", &fresh))?;
        file.write_all(content.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(io("write", &fresh))?;
        fs::rename(&fresh, path).map_err(io("write", path))
    }

    /// Make `file` this user's when we act for it.
    pub fn own(&self, file: &File) -> std::io::Result<()> {
        if self.lent {
            std::os::unix::fs::fchown(file, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }
}

/// `id`, which asks every source of users the system knows (files, LDAP, systemd).
fn id(what: &str, who: impl AsRef<OsStr>) -> Option<String> {
    let output = Command::new("id").arg(what).arg(who).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
}
