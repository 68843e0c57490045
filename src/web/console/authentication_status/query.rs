//! The list's query: what was typed, what it means, and addresses that change one thing of it.

use serde::Deserialize;
use time::Date;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::domain::connection::{Column, Filter, ModeFilter, ShownState, Sort};
use crate::domain::diagnosis::Category;
use crate::domain::line::plain;
use crate::web::kit::paging::{Keyset, with_query};
use crate::web::kit::paths;

/// A day in an address.
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// The query as it came; everything may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    pub q: String,
    pub state: String,
    pub cause: String,
    pub mode: String,
    pub tag: String,
    /// `yes` for the snoozed alone, `no` for the others.
    pub snoozed: String,
    /// `lacking` for tenants that lack a permission of the set, `whole` for the others.
    pub permissions: String,
    /// A day (`2026-03-02`) on which the authorisation ends by itself.
    pub expires: String,
    pub sort: String,
    /// `desc`, or anything for ascending.
    pub dir: String,
    pub after: String,
    pub before: String,
    /// Number of the first row, told by the link that led here.
    pub n: String,
}

/// The query, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub filter: Filter,
    pub sort: Sort,
    pub keyset: Keyset,
    /// What was asked for and does not exist, as name and word: left aside, and said so.
    pub unknown: Vec<(&'static str, String)>,
}

/// One thing to change in an address.
#[derive(Clone, Debug)]
pub enum Change {
    State(Option<ShownState>),
    Sort(Sort),
    /// The day of an expiry, under no other filter.
    Day(Date),
    NoDay,
    /// No filters at all, the order kept.
    Clear,
}

impl Params {
    /// What the query means.
    pub fn read(&self) -> Asked {
        let filter = self.filter();
        let known = [
            ("state", &self.state, filter.state.is_some()),
            ("cause", &self.cause, filter.cause.is_some()),
            ("mode", &self.mode, filter.mode.is_some()),
            ("snoozed", &self.snoozed, filter.snoozed.is_some()),
            ("permissions", &self.permissions, filter.lacking.is_some()),
            ("expires", &self.expires, filter.lapses_on.is_some()),
        ];
        Asked {
            unknown: known
                .into_iter()
                .filter(|(_, word, known)| !word.is_empty() && !known)
                .map(|(name, word, _)| (name, word.clone()))
                .collect(),
            filter,
            sort: Column::from_word(&self.sort).map_or_else(Sort::default, |column| Sort {
                column,
                descending: self.dir == "desc",
            }),
            keyset: Keyset::read(&self.after, &self.before, self.n.parse().ok()),
        }
    }

    fn filter(&self) -> Filter {
        Filter {
            state: self.state.parse().ok(),
            cause: self.cause.parse::<Category>().ok(),
            mode: ModeFilter::from_word(&self.mode),
            tag: Some(plain(&self.tag).to_lowercase()).filter(|tag| !tag.is_empty()),
            snoozed: match self.snoozed.as_str() {
                "yes" => Some(true),
                "no" => Some(false),
                _ => None,
            },
            lacking: match self.permissions.as_str() {
                "lacking" => Some(true),
                "whole" => Some(false),
                _ => None,
            },
            lapses_on: Date::parse(&self.expires, DAY).ok(),
            search: plain(&self.q),
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
        let mut asked = Self {
            unknown: Vec::new(),
            ..self.clone()
        };
        match change {
            Change::State(state) => asked.filter.state = *state,
            Change::Sort(sort) => asked.sort = *sort,
            Change::Day(day) => {
                asked.filter = Filter {
                    lapses_on: Some(*day),
                    ..Filter::default()
                };
            }
            Change::NoDay => asked.filter.lapses_on = None,
            Change::Clear => asked.filter = Filter::default(),
        }
        asked.address(paths::AUTHENTICATION_STATUS)
    }

    /// `base` with filters and order as its query.
    pub fn address(&self, base: &str) -> String {
        let day = self.day();
        with_query(base, &self.pairs(&day), &[])
    }

    /// The day of expiry asked for, as a word; empty for none.
    pub fn day(&self) -> String {
        self.filter
            .lapses_on
            .and_then(|day| day.format(DAY).ok())
            .unwrap_or_default()
    }

    /// Filters and order as a query, without the page; `day` is [`Self::day`].
    pub fn pairs<'a>(&'a self, day: &'a str) -> [(&'static str, &'a str); 10] {
        let filter = &self.filter;
        let sorted = self.sort != Sort::default();
        [
            ("q", filter.search.as_str()),
            ("state", filter.state.map_or("", ShownState::as_str)),
            ("cause", filter.cause.map_or("", Category::as_str)),
            ("mode", filter.mode.map_or("", ModeFilter::as_str)),
            ("tag", filter.tag.as_deref().unwrap_or_default()),
            (
                "snoozed",
                match filter.snoozed {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "",
                },
            ),
            (
                "permissions",
                match filter.lacking {
                    Some(true) => "lacking",
                    Some(false) => "whole",
                    None => "",
                },
            ),
            ("expires", day),
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
    fn unknown_words_are_left_aside_and_named() {
        let asked = Params {
            state: "broken".into(),
            sort: "1;drop".into(),
            after: "no tilde".into(),
            n: "-4".into(),
            expires: "tomorrow".into(),
            ..Params::default()
        }
        .read();
        assert_eq!(asked.filter, Filter::default());
        assert_eq!(asked.sort, Sort::default());
        assert_eq!(asked.keyset, Keyset::read("", "", None));
        let named = [("state", "broken"), ("expires", "tomorrow")];
        assert_eq!(
            asked.unknown,
            named.map(|(name, word)| (name, word.to_owned()))
        );
    }

    #[test]
    fn a_change_keeps_the_rest_and_goes_to_the_first_page() {
        let asked = Params {
            q: "a&b".into(),
            sort: "name".into(),
            dir: "desc".into(),
            after: "contoso~x".into(),
            snoozed: "no".into(),
            n: "51".into(),
            ..Params::default()
        }
        .read();
        assert_eq!(
            asked.with(&Change::State(Some(ShownState::Expired))),
            "/security/authentication-status?q=a%26b&state=expired&snoozed=no&sort=name&dir=desc"
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
