//! Which tenants the Authentication Status shows.

use time::Date;

use super::standing::Mode;
use super::state::ShownState;
use crate::domain::diagnosis::Category;

/// Which connections a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeFilter {
    Connected(Mode),
    /// Without a current connection.
    None,
}

impl ModeFilter {
    pub const ALL: [Self; 3] = [
        Self::Connected(Mode::AuthToken),
        Self::Connected(Mode::AppOnly),
        Self::None,
    ];

    /// The word in addresses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected(mode) => mode.as_str(),
            Self::None => "none",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Connected(mode) => mode.label(),
            Self::None => "None",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}

/// Which tenants a list shows; the default shows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub state: Option<ShownState>,
    pub cause: Option<Category>,
    pub mode: Option<ModeFilter>,
    pub tag: Option<String>,
    /// Snoozed tenants among the others, without them, or alone.
    pub snoozed: Option<bool>,
    /// Only those that lack a permission of the set, or only those that lack none.
    pub lacking: Option<bool>,
    /// Whose authorisation ends by itself on this day (UTC).
    pub lapses_on: Option<Date>,
    /// Part of a name, domain or administrator; of fewer than three characters the beginning of a word. Empty for all.
    pub search: String,
}

impl Filter {
    /// Whether the kept counts know the answer; otherwise the rows that match are counted.
    pub(super) fn is_counted(&self) -> bool {
        self.search.is_empty() && self.lapses_on.is_none() && self.lacking.is_none()
    }
}
