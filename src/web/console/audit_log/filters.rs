//! The filter form: from what was typed to a filter of the domain, or a word on what is wrong.

use serde::Deserialize;
use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime};

use crate::domain::audit::{self, Filter, From, Outcome, RENEWAL};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant::{self, ShortName};

/// Shorter pieces would read every entry.
const SHORTEST_SEARCH: usize = 3;

/// The query as it came; everything may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params {
    pub who: String,
    pub action: String,
    /// Short name.
    pub tenant: String,
    pub result: String,
    /// Days in UTC, `2026-11-21`, both included.
    pub from: String,
    pub to: String,
    pub q: String,
    /// `renewals`: those of tokens too.
    pub what: String,
    /// Where the page begins: ids.
    pub older_than: String,
    pub newer_than: String,
}

/// The filter form with what was typed and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Filters {
    pub typed: Params,
    /// Every action there is, to choose from.
    pub actions: Vec<String>,
    /// One sentence per field; empty when all is well.
    pub who_error: &'static str,
    pub action_error: &'static str,
    pub tenant_error: &'static str,
    pub result_error: &'static str,
    pub from_error: &'static str,
    pub to_error: &'static str,
    pub q_error: &'static str,
    pub what_error: &'static str,
}

impl Filters {
    /// Read the query. `None` as filter when a field is wrong: then nothing is listed.
    pub(super) async fn read(
        op: &mut Op,
        scope: Scope,
        typed: Params,
    ) -> Result<(Self, Option<Filter>), sqlx::Error> {
        let mut form = Self {
            actions: audit::actions(op).await?,
            typed,
            ..Self::default()
        };
        form.actions.push(RENEWAL.to_owned());
        form.actions.sort_unstable();
        let mut filter = form.dates();
        form.words(&mut filter);
        let who = form.typed.who.trim();
        if !who.is_empty() {
            if audit::is_actor(op, who).await? {
                filter.actor = Some(who.to_owned());
            } else {
                form.who_error =
                    "Nobody of this name stands in the log. Give the whole e-mail address.";
            }
        }
        let name = form.typed.tenant.trim().to_lowercase();
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
        let usable = !form.is_wrong();
        Ok((form, usable.then_some(filter)))
    }

    fn dates(&mut self) -> Filter {
        let mut filter = Filter::default();
        match day(&self.typed.from) {
            Ok(from) => filter.from = from.map(midnight),
            Err(sentence) => self.from_error = sentence,
        }
        match day(&self.typed.to) {
            // Included, so up to the next midnight.
            Ok(to) => filter.until = to.and_then(Date::next_day).map(midnight),
            Err(sentence) => self.to_error = sentence,
        }
        if filter.from.zip(filter.until).is_some_and(|(a, b)| a >= b) {
            self.to_error = "The end lies before the beginning.";
        }
        filter
    }

    fn words(&mut self, filter: &mut Filter) {
        let typed = &self.typed;
        filter.outcome = Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == typed.result);
        if !typed.result.is_empty() && filter.outcome.is_none() {
            self.result_error = "There is no such result. Choose one.";
        }
        if !typed.action.is_empty() {
            if self.actions.contains(&typed.action) {
                filter.action = Some(typed.action.clone());
            } else {
                self.action_error = "There is no such action in the log. Choose one.";
            }
        }
        filter.renewals = typed.what == "renewals" || typed.action == RENEWAL;
        if !typed.what.is_empty() && typed.what != "renewals" {
            self.what_error = "There is no such list. Choose one.";
        }
        typed.q.trim().clone_into(&mut filter.text);
        let length = filter.text.chars().count();
        if length > 0 && length < SHORTEST_SEARCH {
            self.q_error = "Type three letters or more.";
        }
    }

    pub(super) fn is_wrong(&self) -> bool {
        [
            self.who_error,
            self.action_error,
            self.tenant_error,
            self.result_error,
            self.from_error,
            self.to_error,
            self.q_error,
            self.what_error,
        ]
        .iter()
        .any(|error| !error.is_empty())
    }

    /// Where the page begins; odd ids mean the newest.
    pub(super) fn place(&self) -> From {
        let id = |text: &str| text.parse().ok();
        match (id(&self.typed.older_than), id(&self.typed.newer_than)) {
            (Some(id), _) => From::OlderThan(id),
            (None, Some(id)) => From::NewerThan(id),
            (None, None) => From::Newest,
        }
    }

    /// Whether any filter narrows the list.
    pub(super) fn any(&self) -> bool {
        self.pairs()
            .iter()
            .any(|(name, value)| *name != "what" && !value.is_empty())
    }

    pub(super) fn with_renewals(&self) -> bool {
        self.typed.what == "renewals"
    }

    /// The query again, without the place.
    pub(super) fn pairs(&self) -> [(&'static str, &str); 8] {
        let typed = &self.typed;
        [
            ("who", typed.who.as_str()),
            ("action", &typed.action),
            ("tenant", &typed.tenant),
            ("result", &typed.result),
            ("from", &typed.from),
            ("to", &typed.to),
            ("q", &typed.q),
            ("what", &typed.what),
        ]
    }

    /// Choices of the action: word, chosen.
    pub(super) fn action_choices(&self) -> Vec<(&str, bool)> {
        let chosen = |word: &String| *word == self.typed.action;
        let choices = self.actions.iter();
        choices.map(|word| (word.as_str(), chosen(word))).collect()
    }

    /// Choices of the result: word, chosen.
    pub(super) fn result_choices(&self) -> Vec<(&'static str, bool)> {
        Outcome::ALL
            .into_iter()
            .map(|outcome| (outcome.as_str(), outcome.as_str() == self.typed.result))
            .collect()
    }
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
