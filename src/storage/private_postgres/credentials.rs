//! The roles' passwords: made once, kept in files that only their owner can read, never typed by anyone. A file is read when
//! its role logs in, so that a process holds no password but its own.

use secrecy::SecretString;

use super::account::Account;
use super::error::{Error, io};
use super::layout::Layout;
use crate::clock;
use crate::storage::roles::LOGINS;

/// The password of `role`; none in a volatile cluster, which asks for none.
///
/// A file that is gone gives none either, and Postgres says the rest at the login.
pub fn read(layout: &Layout, role: &str) -> Option<SecretString> {
    if !LOGINS.contains(&role) {
        return None;
    }
    let text = std::fs::read_to_string(layout.credentials.join(role)).ok()?;
    Some(text.into())
}

/// Logins without a file.
pub fn missing(layout: &Layout) -> Vec<&'static str> {
    let is_missing = |role: &&str| !layout.credentials.join(role).exists();
    LOGINS.into_iter().filter(is_missing).collect()
}

/// A new password; keep it with [`store`] once Postgres knows it.
pub fn make() -> SecretString {
    hex::encode(clock::random_bytes::<32>()).into()
}

/// Write `credentials/<role>`, mode 0400.
pub fn store(
    layout: &Layout,
    account: &Account,
    role: &str,
    password: &SecretString,
) -> Result<(), Error> {
    let path = layout.credentials.join(role);
    let password = secrecy::ExposeSecret::expose_secret(password);
    account.write(&path, 0o400, password)
}

/// Make sure that the directory can be listed by us: without it every file would look missing.
pub fn check(layout: &Layout) -> Result<(), Error> {
    std::fs::read_dir(&layout.credentials)
        .map(drop)
        .map_err(io("read", &layout.credentials))
}
