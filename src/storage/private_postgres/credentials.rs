//! The roles' passwords: made once, kept in files that only their owner can read, never typed by anyone.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::account::Account;
use super::error::{Error, io};
use super::layout::Layout;
use crate::clock;
use crate::storage::roles::LOGINS;

/// Every login's password; empty in a volatile cluster, which asks for none.
#[derive(Clone, Debug)]
pub struct Credentials {
    passwords: BTreeMap<&'static str, SecretString>,
    /// Some were made just now, so the server does not know them yet.
    pub made_some: bool,
}

impl Credentials {
    /// Read `credentials/<role>` for every login, making those that are missing.
    pub fn read_or_make(layout: &Layout, account: &Account, volatile: bool) -> Result<Self, Error> {
        let mut all = Self {
            passwords: BTreeMap::new(),
            made_some: false,
        };
        if volatile {
            return Ok(all);
        }
        for role in LOGINS {
            let path = layout.credentials.join(role);
            if !path.exists() {
                let password = hex::encode(clock::random_bytes::<32>());
                account.write(&path, 0o400, &password)?;
                all.made_some = true;
            }
            let password = std::fs::read_to_string(&path).map_err(io("read", &path))?;
            all.passwords.insert(role, password.into());
        }
        Ok(all)
    }

    pub fn password(&self, role: &str) -> Option<&SecretString> {
        self.passwords.get(role)
    }
}
