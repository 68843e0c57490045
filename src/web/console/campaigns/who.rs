//! Which tenants a campaign is for: those of a filter, or those of a list.

use serde::Deserialize;

use crate::domain::campaign::MOST_TENANTS;
use crate::domain::connection::{self, ModeFilter, ShownState, Sort};
use crate::domain::line::words;
use crate::domain::op::{Op, Scope};
use crate::domain::place::Place;
use crate::domain::tenant::{self, ShortName};
use crate::storage::TenantId;
use crate::web::console::authentication_status::query::Params;

/// Rows read at a time.
const PIECE: i64 = 500;
/// Names in a list; more are chosen by filter or tag.
const MOST_NAMES: usize = 500;
/// Unknown names that are told.
const MOST_TOLD: usize = 5;

/// The choice as typed: the words of the status list's filter, or names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Who {
    pub q: String,
    pub state: String,
    pub cause: String,
    pub mode: String,
    pub tag: String,
    pub snoozed: String,
    pub permissions: String,
    pub expires: String,
    /// Short names, by lines, commas or blanks; empty: the filter counts.
    pub list: String,
}

/// An option of a select.
pub struct Choice {
    pub value: &'static str,
    pub label: &'static str,
    pub chosen: bool,
}

impl Who {
    fn params(&self) -> Params {
        Params {
            q: self.q.clone(),
            state: self.state.clone(),
            cause: self.cause.clone(),
            mode: self.mode.clone(),
            tag: self.tag.clone(),
            snoozed: self.snoozed.clone(),
            permissions: self.permissions.clone(),
            expires: self.expires.clone(),
            ..Params::default()
        }
    }

    /// How many the filter finds now, in words.
    pub async fn count(&self, op: &mut Op, scope: Scope) -> Result<String, sqlx::Error> {
        let asked = self.params().read();
        let first = Place::First;
        let found = connection::overview(op, scope, &asked.filter, asked.sort, &first, 1).await?;
        let plus = if found.summary.tally.more { "+" } else { "" };
        Ok(match found.total {
            1 => "1 tenant matches now.".to_owned(),
            n => format!("{n}{plus} tenants match now."),
        })
    }

    /// The tenants chosen, by short name; or what is wrong with the choice.
    pub async fn tenants(
        &self,
        op: &mut Op,
        scope: Scope,
    ) -> Result<Result<Vec<TenantId>, String>, sqlx::Error> {
        if self.list.trim().is_empty() {
            self.filtered(op, scope).await
        } else {
            self.named(op, scope).await
        }
    }

    async fn filtered(
        &self,
        op: &mut Op,
        scope: Scope,
    ) -> Result<Result<Vec<TenantId>, String>, sqlx::Error> {
        let asked = self.params().read();
        if let Some((name, word)) = asked.unknown.first() {
            return Ok(Err(format!(
                "There is no {name} “{word}”. Choose from the filters."
            )));
        }
        let (mut found, mut place) = (Vec::new(), Place::First);
        let order = Sort {
            column: connection::Column::ShortName,
            descending: false,
        };
        loop {
            let page = connection::page(op, scope, &asked.filter, order, &place, PIECE).await?;
            found.extend(page.rows.iter().map(|row| row.tenant_id));
            if found.len() > MOST_TENANTS {
                return Ok(Err(format!(
                    "More than {MOST_TENANTS} tenants match. Narrow the filter."
                )));
            }
            match page.after {
                Some(cursor) => place = Place::After(cursor),
                None => break,
            }
        }
        if found.is_empty() {
            return Ok(Err("No tenant matches. Widen the filter.".to_owned()));
        }
        Ok(Ok(found))
    }

    async fn named(
        &self,
        op: &mut Op,
        scope: Scope,
    ) -> Result<Result<Vec<TenantId>, String>, sqlx::Error> {
        let names: Vec<&str> = words(&self.list).collect();
        if names.len() > MOST_NAMES {
            return Ok(Err(format!(
                "At most {MOST_NAMES} names fit here. Use a tag and the filter for more."
            )));
        }
        let (mut found, mut unknown) = (Vec::new(), Vec::new());
        for name in names {
            let tenant = match ShortName::parse(&name.to_lowercase()) {
                Some(short) => tenant::find_by_short_name(op, scope, &short).await?,
                None => None,
            };
            match tenant.filter(|one| !matches!(one.state, tenant::TenantState::Archived { .. })) {
                Some(tenant) => found.push(tenant.id),
                None => unknown.push(name),
            }
        }
        if unknown.is_empty() {
            return Ok(Ok(found));
        }
        let more = unknown.len().saturating_sub(MOST_TOLD);
        let told: Vec<String> = unknown
            .iter()
            .take(MOST_TOLD)
            .map(|name| name.chars().take(40).collect())
            .collect();
        let more = match more {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        Ok(Err(format!(
            "No tenant has the short name {}{more}.",
            told.join(", ")
        )))
    }

    pub fn states(&self) -> Vec<Choice> {
        let all = ShownState::ALL.into_iter();
        choices(all.map(|one| (one.as_str(), one.label())), &self.state)
    }

    pub fn modes(&self) -> Vec<Choice> {
        let all = ModeFilter::ALL.into_iter();
        choices(all.map(|one| (one.as_str(), one.label())), &self.mode)
    }

    pub fn lacking(&self) -> Vec<Choice> {
        let all = [("lacking", "Lacking"), ("whole", "Complete")];
        choices(all.into_iter(), &self.permissions)
    }

    /// What came from the status list and has no field of its own here.
    pub fn hidden(&self) -> Vec<(&'static str, String)> {
        [
            ("cause", &self.cause),
            ("snoozed", &self.snoozed),
            ("expires", &self.expires),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.clone()))
        .collect()
    }
}

pub fn choices(
    pairs: impl Iterator<Item = (&'static str, &'static str)>,
    chosen: &str,
) -> Vec<Choice> {
    pairs
        .map(|(value, label)| Choice {
            chosen: value == chosen,
            value,
            label,
        })
        .collect()
}
