//! The cluster's directory: where things lie in it, its locks, and the addresses that follow from it.

use std::fs::{self, DirBuilder, File};
use std::io as std_io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded::byte_serialize;

use super::account::Account;
use super::error::{Error, io};

/// Name of the socket within its directory, and the longest path `sockaddr_un` holds on Linux.
const SOCKET: &str = ".s.PGSQL.5432";
const LONGEST_SOCKET_PATH: usize = 107;

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Layout {
    pub dir: PathBuf,
    /// Postgres' own data directory.
    pub data: PathBuf,
    pub socket_dir: PathBuf,
    pub credentials: PathBuf,
    pub server_log: PathBuf,
    /// What `initdb` and `pg_ctl` said last.
    pub tool_log: PathBuf,
}

impl Layout {
    /// Make the directory: 0700, of the account that Postgres will run as.
    pub fn make(dir: &Path) -> Result<(Self, Account), Error> {
        if let Some(parent) = dir.parent() {
            make_data_dir(parent).map_err(io("create", parent))?;
        }
        let account = Account::for_cluster(dir)?;
        private_dir(dir, &account)?;
        let dir = dir.canonicalize().map_err(io("open", dir))?;
        let socket_dir = socket_dir(&dir);
        let credentials = dir.join("credentials");
        private_dir(&credentials, &account)?;
        let layout = Self {
            data: dir.join("data"),
            socket_dir,
            credentials,
            server_log: dir.join("server.log"),
            tool_log: dir.join("tool.log"),
            dir,
        };
        Ok((layout, account))
    }

    pub fn socket(&self) -> PathBuf {
        self.socket_dir.join(SOCKET)
    }

    pub fn socket_lock(&self) -> PathBuf {
        self.socket_dir.join(format!("{SOCKET}.lock"))
    }

    pub fn pid_file(&self) -> PathBuf {
        self.data.join("postmaster.pid")
    }

    /// The address of `database` for `role`, for sqlx and for `psql` alike.
    pub fn url(&self, role: &str, password: Option<&SecretString>, database: &str) -> SecretString {
        let host: String = byte_serialize(self.socket_dir.as_os_str().as_encoded_bytes()).collect();
        // Form encoding writes a blank as `+`, which libpq would take literally.
        let host = host.replace('+', "%20");
        let password = password.map(|password| format!(":{}", password.expose_secret()));
        let password = password.unwrap_or_default();
        format!("postgres://{role}{password}@localhost:5432/{database}?host={host}&sslmode=disable")
            .into()
    }

    /// Make the socket's directory. Call with the gate held: whoever stops the server removes one that lies outside.
    pub fn make_socket_dir(&self, account: &Account) -> Result<(), Error> {
        private_dir(&self.socket_dir, account)
    }

    /// After the server stopped, leave nothing outside the cluster's directory.
    pub fn remove_outside_socket_dir(&self) {
        if !self.socket_dir.starts_with(&self.dir) {
            // Somebody else's file in it keeps it, which harms nobody.
            let _ = fs::remove_dir(&self.socket_dir);
        }
    }

    /// Pass the gate that starting and stopping go through one at a time; it opens again when the file is dropped.
    pub fn gate(&self, account: &Account) -> Result<File, Error> {
        let path = self.dir.join("start.lock");
        let file = lock_file(&path, account)?;
        file.lock().map_err(io("lock", path))?;
        Ok(file)
    }

    /// Sign in as a user of the running server; the kernel signs us out, even after `kill -9`.
    pub fn users(&self, account: &Account) -> Result<File, Error> {
        let path = self.dir.join("users.lock");
        let file = lock_file(&path, account)?;
        file.lock_shared().map_err(io("lock", path))?;
        Ok(file)
    }
}

fn lock_file(path: &Path, account: &Account) -> Result<File, Error> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io("open", path))?;
    account.own(&file).map_err(io("give away", path))?;
    Ok(file)
}

/// Make Tenantry's data directory. As root everyone may pass through it (not list it), because the account that
/// Postgres runs as must; each secret in it has a mode of its own.
pub fn make_data_dir(dir: &Path) -> std_io::Result<()> {
    let root = rustix::process::geteuid().is_root();
    DirBuilder::new()
        .recursive(true)
        .mode(if root { 0o711 } else { 0o700 })
        .create(dir)
}

/// `dir/socket`, or a short place in the temporary directory when that would not fit a socket address.
fn socket_dir(dir: &Path) -> PathBuf {
    let fits = |path: &Path| path.as_os_str().len() + 1 + SOCKET.len() <= LONGEST_SOCKET_PATH;
    let inside = dir.join("socket");
    if fits(&inside) {
        return inside;
    }
    let sum = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        dir.as_os_str().as_encoded_bytes(),
    );
    let name = hex::encode(sum.as_ref().get(..8).unwrap_or_default());
    let name = format!("portal-pg-{name}");
    let outside = std::env::temp_dir().join(&name);
    if fits(&outside) {
        return outside;
    }
    Path::new("/tmp").join(name)
}

/// A directory of `account` that nobody else can enter; one that belongs to someone else is refused.
fn private_dir(dir: &Path, account: &Account) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(dir) {
        Ok(()) => {
            let made = File::open(dir).map_err(io("open", dir))?;
            return account.own(&made).map_err(io("give away", dir));
        }
        Err(error) if error.kind() == std_io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io("create", dir)(error)),
    }
    let found = fs::symlink_metadata(dir).map_err(io("open", dir))?;
    if found.uid() == 0 && account.uid != 0 && found.is_dir() {
        // Made by root, e.g. by a container's volume or before a crash: hand it over.
        let made = File::open(dir).map_err(io("open", dir))?;
        account.own(&made).map_err(io("give away", dir))?;
    } else if found.uid() != account.uid {
        return Err(Error::ForeignDirectory {
            dir: dir.to_owned(),
            owner: found.uid(),
        });
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(io("protect", dir))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_moves_the_socket_and_stays_the_same_place() {
        let long = PathBuf::from(format!("/srv/{}", "a".repeat(120)));
        let socket = socket_dir(&long);
        assert!(socket.starts_with(std::env::temp_dir()));
        assert_eq!(socket, socket_dir(&long));
        assert_eq!(socket_dir(Path::new("/srv/t")), Path::new("/srv/t/socket"));
    }
}
