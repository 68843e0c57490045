//! The list's query: what was typed, what it means, and addresses that change one thing of it.

use serde::Deserialize;

use crate::domain::connection::{Column, Filter, ModeFilter, ShownState, Sort};
use crate::domain::diagnosis::Category;
use crate::web::kit::paging::{Paging, with_query};
use crate::web::kit::paths;

/// The query as it came; everything may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    pub q: String,
    pub state: String,
    pub cause: String,
    pub mode: String,
    pub tag: String,
    pub sort: String,
    /// `desc`, or anything for ascending.
    pub dir: String,
    pub page: Option<i64>,
}

/// The query, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub filter: Filter,
    pub sort: Sort,
    pub paging: Paging,
}

/// One thing to change in an address.
#[derive(Clone, Debug)]
pub enum Change {
    State(Option<ShownState>),
    Sort(Sort),
    /// No filters at all, the order kept.
    Clear,
}

impl Params {
    /// What the query means; unknown words mean nothing.
    pub fn read(&self) -> Asked {
        Asked {
            filter: Filter {
                state: self.state.parse().ok(),
                cause: self.cause.parse::<Category>().ok(),
                mode: ModeFilter::from_word(&self.mode),
                tag: Some(self.tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()),
                search: self.q.trim().to_owned(),
            },
            sort: Column::from_word(&self.sort).map_or_else(Sort::default, |column| Sort {
                column,
                descending: self.dir == "desc",
            }),
            paging: Paging::new(self.page, None),
        }
    }
}

impl Asked {
    /// Whether anything narrows the list.
    pub fn filtered(&self) -> bool {
        self.filter != Filter::default()
    }

    /// This list's first page with one thing changed.
    pub fn with(&self, change: &Change) -> String {
        let mut asked = self.clone();
        match change {
            Change::State(state) => asked.filter.state = *state,
            Change::Sort(sort) => asked.sort = *sort,
            Change::Clear => asked.filter = Filter::default(),
        }
        with_query(paths::AUTHENTICATION_STATUS, &asked.pairs(), &[])
    }

    /// Filters and order as a query, without the page.
    pub fn pairs(&self) -> [(&'static str, &str); 7] {
        let filter = &self.filter;
        let sorted = self.sort != Sort::default();
        [
            ("q", filter.search.as_str()),
            ("state", filter.state.map_or("", ShownState::as_str)),
            ("cause", filter.cause.map_or("", Category::as_str)),
            ("mode", filter.mode.map_or("", ModeFilter::as_str)),
            ("tag", filter.tag.as_deref().unwrap_or_default()),
            (
                "sort",
                if sorted {
                    self.sort.column.as_str()
                } else {
                    ""
                },
            ),
            (
                "dir",
                if sorted && self.sort.descending {
                    "desc"
                } else {
                    ""
                },
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_mean_nothing() {
        let asked = Params {
            state: "broken".into(),
            sort: "1;drop".into(),
            page: Some(-4),
            ..Params::default()
        }
        .read();
        assert_eq!(asked.filter, Filter::default());
        assert_eq!(asked.sort, Sort::default());
        assert_eq!(asked.paging.page, 1);
    }

    #[test]
    fn a_change_keeps_the_rest_and_goes_to_the_first_page() {
        let asked = Params {
            q: "a&b".into(),
            sort: "name".into(),
            dir: "desc".into(),
            page: Some(3),
            ..Params::default()
        }
        .read();
        assert_eq!(
            asked.with(&Change::State(Some(ShownState::Expired))),
            "/security/authentication-status?q=a%26b&state=expired&sort=name&dir=desc"
        );
        assert_eq!(
            asked.with(&Change::Clear),
            "/security/authentication-status?sort=name&dir=desc"
        );
    }

    #[test]
    fn the_default_leaves_the_address_bare() {
        let asked = Params::default().read();
        assert_eq!(asked.with(&Change::Clear), paths::AUTHENTICATION_STATUS);
        assert!(!asked.filtered());
    }
}
