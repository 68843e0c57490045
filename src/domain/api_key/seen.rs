//! Keys that were let in before, kept to compare secrets without asking the database.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use time::OffsetDateTime;

use super::{ApiKey, KeySecret, Pepper, Standing};

/// More are forgotten all together; each is found again at its next call.
const MOST_SEEN: usize = 10_000;

/// Keys that this process has seen at work, with what their secrets are compared with. Whatever is known here may be out of
/// date: it serves hand-outs, whose one statement asks the database for the key's version and owner before anything is given.
#[derive(Clone, Debug, Default)]
pub struct SeenKeys(Arc<Mutex<HashMap<String, Seen>>>);

/// A key with what its secrets are compared with.
#[derive(Clone)]
pub(super) struct Seen {
    pub key: Arc<ApiKey>,
    pub mac: Vec<u8>,
    pub previous_mac: Option<Vec<u8>>,
    pub pepper: Arc<Pepper>,
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("key", &self.key.id)
            .finish_non_exhaustive()
    }
}

impl SeenKeys {
    fn all(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        // Whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, seen: Seen) {
        let mut all = self.all();
        if all.len() >= MOST_SEEN {
            all.clear();
        }
        all.insert(seen.key.public_id.clone(), seen);
    }

    /// The key, if it was seen before, was whole and usable from there then, and has not expired since.
    pub fn find(&self, text: &str, ip: &str, now: OffsetDateTime) -> Option<Arc<ApiKey>> {
        let secret = KeySecret::parse(text)?;
        let seen = self.all().get(secret.public_id()).cloned()?;
        let works = seen.is(&secret, now) && seen.key.standing(now) == Standing::Works;
        (works && seen.key.admits(ip)).then_some(seen.key)
    }

    /// This secret opens nothing any more.
    pub(super) fn forget_secret(&self, secret: &KeySecret, now: OffsetDateTime) {
        let mut all = self.all();
        if let Some(seen) = all.get(secret.public_id())
            && seen.is(secret, now)
        {
            all.remove(secret.public_id());
        }
    }

    /// It is not as it was any more.
    pub fn forget(&self, key: &ApiKey) {
        self.all().remove(&key.public_id);
    }
}

impl Seen {
    /// With this very secret, or with the one before the last rotation as long as that works.
    pub fn is(&self, secret: &KeySecret, now: OffsetDateTime) -> bool {
        let overlaps = self.key.previous_until.is_some_and(|until| now < until);
        let previous = self.previous_mac.as_ref().filter(|_| overlaps);
        secret.is(&self.mac, &self.pepper)
            || previous.is_some_and(|mac| secret.is(mac, &self.pepper))
    }
}
