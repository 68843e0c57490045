//! A directory for one test. Removed when dropped, and with it any Postgres that a failed test left working in it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// A fresh directory that other system users may pass through.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub fn new() -> Self {
        let name = format!(
            "tenantry-scratch-{}",
            tenantry::clock::random_uuid().simple()
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("the temporary directory takes another one");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file of our own with `content`, readable by us alone.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path.join(name);
        fs::write(&path, content).expect("the scratch directory takes a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        for cluster in ["data", "postgres/data"] {
            if let Some(server) = server_of(&self.path.join(cluster)) {
                let _ = kill_process(server, Signal::QUIT);
            }
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The process that a cluster's `postmaster.pid` names.
pub fn server_of(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}
