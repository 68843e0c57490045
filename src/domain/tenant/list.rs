//! The list of tenants: which are shown, one line each, and how many there are in every state.

use sqlx::FromRow;

use super::store;
use crate::domain::op::{Op, Scope};
use crate::domain::place::{Place, Slice};
use crate::storage::TenantId;

/// Which tenants a list shows; the default shows all that have not left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of a name, domain or address; empty for all.
    pub search: String,
    pub tag: Option<String>,
    pub shown: Shown,
}

/// Tenants in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// All but the archived.
    #[default]
    Current,
    Active,
    Suspended,
    Archived,
}

impl Shown {
    pub const ALL: [Self; 4] = [Self::Current, Self::Active, Self::Suspended, Self::Archived];

    /// The word in addresses; empty for the default.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Current => "Current",
            Self::Active => "Active",
            Self::Suspended => "Suspended",
            Self::Archived => "Archived",
        }
    }

    /// From the word in an address; an unknown one means the default.
    pub fn from_word(word: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|shown| shown.as_str() == word)
            .unwrap_or_default()
    }

    /// The states as stored.
    pub(super) const fn states(self) -> &'static [&'static str] {
        match self {
            Self::Current => &["active", "suspended"],
            Self::Active => &["active"],
            Self::Suspended => &["suspended"],
            Self::Archived => &["archived"],
        }
    }
}

/// One tenant in a list.
#[derive(Clone, Debug, FromRow)]
pub struct Line {
    pub id: TenantId,
    pub short_name: String,
    pub full_name: String,
    /// Empty until told.
    pub domain: String,
    /// Empty until known.
    pub admin_username: String,
    /// `active`, `suspended` or `archived`.
    pub state: String,
    /// Lower-case, sorted.
    pub tags: Vec<String>,
}

/// Tenants per state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Counts {
    pub active: i64,
    pub suspended: i64,
    pub archived: i64,
}

impl Counts {
    /// How many a list of `shown` has.
    pub const fn of(self, shown: Shown) -> i64 {
        match shown {
            Shown::Current => self.active + self.suspended,
            Shown::Active => self.active,
            Shown::Suspended => self.suspended,
            Shown::Archived => self.archived,
        }
    }
}

/// One page of the list, with what surrounds it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub page: Slice<Line>,
    /// Under every filter but that of the state.
    pub counts: Counts,
    /// More matched than were counted.
    pub more: bool,
}

/// A search counts so many tenants; of more it says that there are more.
pub(super) const MOST_COUNTED: i64 = 10_000;

/// One page of tenants by short name.
pub async fn list(
    op: &mut Op,
    scope: Scope,
    filter: &Filter,
    place: &Place,
    limit: i64,
) -> Result<Listed, sqlx::Error> {
    let counts = store::counts(op, scope, filter).await?;
    Ok(Listed {
        page: store::lines(op, scope, filter, place, limit).await?,
        more: counts.active + counts.suspended + counts.archived > MOST_COUNTED,
        counts,
    })
}
