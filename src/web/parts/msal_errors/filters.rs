//! The filter form: from what was typed to a filter of the domain, or a word on what is wrong.

use serde::Deserialize;
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime};

use crate::domain::diagnosis::Category;
use crate::domain::msal_error::{Filter, From, SHORTEST_SEARCH};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, Resource, ShortName};
use crate::storage::MsalErrorId;

/// The query as it came; everything may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Short name; ignored in the Customer portal.
    pub tenant: String,
    pub resource: String,
    /// `50173` or `AADSTS50173`.
    pub code: String,
    pub cause: String,
    /// Days in UTC, `2026-11-21`, both included.
    pub from: String,
    pub to: String,
    pub q: String,
    /// `equal`: equal errors as one line.
    pub fold: String,
    /// Where the page begins: ids.
    pub older_than: String,
    pub newer_than: String,
}

/// The filter form with what was typed and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    pub typed: Params,
    /// One sentence per field; empty when all is well.
    pub tenant_error: &'static str,
    pub resource_error: &'static str,
    pub cause_error: &'static str,
    pub code_error: &'static str,
    pub from_error: &'static str,
    pub to_error: &'static str,
    pub q_error: &'static str,
}

impl Filters {
    /// Read the query. `None` as filter when a field is wrong: then nothing is listed.
    pub async fn read(
        op: &mut Op,
        scope: Scope,
        typed: Params,
    ) -> Result<(Self, Option<Filter>), sqlx::Error> {
        let mut form = Self::default();
        let mut filter = Filter {
            cause: typed.cause.parse().ok(),
            resource: typed
                .resource
                .parse::<Resource>()
                .ok()
                .map(|resource| resource.as_str().to_owned()),
            search: typed.q.trim().to_owned(),
            ..Filter::default()
        };
        if !typed.cause.is_empty() && filter.cause.is_none() {
            form.cause_error = "There is no such cause. Choose one.";
        }
        if !typed.resource.is_empty() && filter.resource.is_none() {
            form.resource_error = "There is no such resource. Choose one.";
        }
        let name = typed.tenant.trim().to_lowercase();
        if !name.is_empty() {
            let found = match ShortName::parse(&name) {
                Some(name) => tenant::find_by_short_name(op, scope, &name).await?,
                None => None,
            };
            match found {
                Some(tenant) => filter.tenant = Some(tenant.id),
                None => form.tenant_error = "No tenant has this short name.",
            }
        }
        match code(&typed.code) {
            Ok(code) => filter.code = code,
            Err(sentence) => form.code_error = sentence,
        }
        match day(&typed.from) {
            Ok(from) => filter.from = from.map(midnight),
            Err(sentence) => form.from_error = sentence,
        }
        match day(&typed.to) {
            // Included, so up to the next midnight.
            Ok(to) => filter.until = to.and_then(Date::next_day).map(midnight),
            Err(sentence) => form.to_error = sentence,
        }
        if filter.from.zip(filter.until).is_some_and(|(a, b)| a >= b) {
            form.to_error = "The end lies before the beginning.";
        }
        let search = filter.search.chars().count();
        let number = filter.search.parse::<i64>().is_ok();
        if search > 0 && search < SHORTEST_SEARCH && !number {
            form.q_error = "Type three letters or more.";
        }
        form.typed = typed;
        let usable = !form.is_wrong();
        Ok((form, usable.then_some(filter)))
    }

    pub fn is_wrong(&self) -> bool {
        [
            self.tenant_error,
            self.resource_error,
            self.cause_error,
            self.code_error,
            self.from_error,
            self.to_error,
            self.q_error,
        ]
        .iter()
        .any(|error| !error.is_empty())
    }

    /// Where the page begins; odd ids mean the newest.
    pub fn place(&self) -> From {
        let id = |text: &str| text.parse::<MsalErrorId>().ok();
        match (id(&self.typed.older_than), id(&self.typed.newer_than)) {
            (Some(id), _) => From::OlderThan(id),
            (None, Some(id)) => From::NewerThan(id),
            (None, None) => From::Newest,
        }
    }

    /// Whether any filter narrows the list.
    pub fn any(&self) -> bool {
        let fold = |name: &str| name == "fold";
        self.pairs()
            .iter()
            .any(|(name, value)| !fold(name) && !value.is_empty())
    }

    /// Whether equal errors are one line. A search looks at single errors.
    pub fn folded(&self) -> bool {
        self.typed.fold == "equal" && self.typed.q.trim().is_empty()
    }

    /// The query again, without the place.
    pub fn pairs(&self) -> [(&'static str, &str); 8] {
        let typed = &self.typed;
        [
            ("tenant", typed.tenant.as_str()),
            ("resource", &typed.resource),
            ("code", &typed.code),
            ("cause", &typed.cause),
            ("from", &typed.from),
            ("to", &typed.to),
            ("q", &typed.q),
            ("fold", if self.folded() { "equal" } else { "" }),
        ]
    }

    /// Choices of the cause: word, label, chosen.
    pub fn causes(&self) -> Vec<(&'static str, &'static str, bool)> {
        Category::ALL
            .into_iter()
            .map(|c| (c.as_str(), c.label(), c.as_str() == self.typed.cause))
            .collect()
    }

    /// Choices of the resource: word, label, chosen.
    pub fn resources(&self) -> Vec<(&'static str, &'static str, bool)> {
        Resource::ALL
            .into_iter()
            .map(|r| (r.as_str(), r.name(), r.as_str() == self.typed.resource))
            .collect()
    }
}

fn code(typed: &str) -> Result<Option<i32>, &'static str> {
    let text = typed.trim().to_ascii_uppercase();
    if text.is_empty() {
        return Ok(None);
    }
    text.strip_prefix("AADSTS")
        .unwrap_or(&text)
        .parse()
        .map(Some)
        .map_err(|_| "Enter a number like 50173.")
}

fn day(typed: &str) -> Result<Option<Date>, &'static str> {
    let text = typed.trim();
    if text.is_empty() {
        return Ok(None);
    }
    Date::parse(text, &Iso8601::DATE)
        .map(Some)
        .map_err(|_| "Enter a day like 2026-11-21.")
}

fn midnight(day: Date) -> OffsetDateTime {
    day.midnight().assume_utc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_copied_with_its_prefix() {
        assert_eq!(code(" aadsts50173 "), Ok(Some(50_173)));
        assert_eq!(code("700082"), Ok(Some(700_082)));
        assert_eq!(code(""), Ok(None));
        assert!(code("expired").is_err());
    }

    #[test]
    fn a_day_is_a_calendar_day() {
        assert!(day("2026-11-21").unwrap().is_some());
        assert!(day("2026-02-30").is_err());
        assert!(day("yesterday").is_err());
    }

    #[test]
    fn an_odd_place_means_the_newest() {
        let place = |older: &str, newer: &str| {
            Filters {
                typed: Params {
                    older_than: older.into(),
                    newer_than: newer.into(),
                    ..Params::default()
                },
                ..Filters::default()
            }
            .place()
        };
        assert_eq!(place("7", ""), From::OlderThan(MsalErrorId(7)));
        assert_eq!(place("", "7"), From::NewerThan(MsalErrorId(7)));
        assert_eq!(place("x", ""), From::Newest);
    }
}
