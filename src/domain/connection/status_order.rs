//! In which order the Authentication Status stands, and where a page of it begins. Pages are found by the row they begin
//! after, not by how many rows come before: the thousandth page costs what the first one does.

use time::OffsetDateTime;
use time::macros::format_description;

/// What a list can be ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    ShortName,
    FullName,
    Mode,
    Admin,
    State,
    Cause,
    Since,
    Tokens,
    NextExpiry,
    LastSuccess,
    LastError,
}

impl Column {
    pub const ALL: [Self; 11] = [
        Self::ShortName,
        Self::FullName,
        Self::Mode,
        Self::Admin,
        Self::State,
        Self::Cause,
        Self::Since,
        Self::Tokens,
        Self::NextExpiry,
        Self::LastSuccess,
        Self::LastError,
    ];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ShortName => "tenant",
            Self::FullName => "name",
            Self::Mode => "mode",
            Self::Admin => "admin",
            Self::State => "state",
            Self::Cause => "cause",
            Self::Since => "since",
            Self::Tokens => "tokens",
            Self::NextExpiry => "expiry",
            Self::LastSuccess => "success",
            Self::LastError => "error",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.as_str() == word)
    }
}

/// The order of a list; ties go by short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: Column,
    pub descending: bool,
}

impl Default for Sort {
    /// The most urgent first.
    fn default() -> Self {
        Self {
            column: Column::State,
            descending: false,
        }
    }
}

/// What kind of value a column is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    Text,
    Integer,
    Instant,
}

impl KeyType {
    /// Whether `key` can be read as this type, so that an address somebody wrote by hand is no error of the database's.
    pub(super) fn reads(self, key: &str) -> bool {
        match self {
            Self::Text => true,
            Self::Integer => key.parse::<i64>().is_ok(),
            Self::Instant => is_instant(key),
        }
    }
}

/// As Postgres writes a `timestamptz` in UTC.
fn is_instant(key: &str) -> bool {
    let form = format_description!(
        version = 2,
        "[year]-[month]-[day] [hour]:[minute]:[second][optional [.[subsecond]]][offset_hour sign:mandatory]"
    );
    matches!(key, "infinity" | "-infinity") || OffsetDateTime::parse(key, form).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_postgres_writes_and_nothing_else() {
        for key in [
            "2026-03-02 08:00:00+00",
            "2026-03-02 08:00:00.12345+00",
            "infinity",
            "-infinity",
        ] {
            assert!(KeyType::Instant.reads(key), "{key}");
        }
        for key in ["", "yesterday", "2026-13-01 00:00:00+00", "1'; drop"] {
            assert!(!KeyType::Instant.reads(key), "{key}");
        }
        assert!(KeyType::Integer.reads("-3") && !KeyType::Integer.reads("three"));
    }
}
