//! A text that travels between portal and keeper but never into a log: silent in `Debug`, zeroed when dropped.

use serde::{Deserialize, Serialize};

use super::wiped::Wiped;

/// A short-lived secret on its way (an invitation's token, an authorization code, an OAuth state).
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Take a text into custody.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; the caller keeps it out of logs and errors.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        drop(Wiped::new(std::mem::take(&mut self.0).into_bytes()));
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(…)")
    }
}
