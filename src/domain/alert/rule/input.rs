//! A rule as typed.

use std::collections::BTreeSet;

use time::Time;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::Rule;
use crate::domain::alert::{Event, Severity};
use crate::domain::line::{plain, words};

/// `22:00`
pub(super) const CLOCK: &[BorrowedFormatItem<'_>] = format_description!("[hour]:[minute]");

/// A rule as typed.
#[derive(Clone, Debug, Default)]
pub struct RuleInput {
    pub name: String,
    /// `all`, `only` or `except`.
    pub reach: String,
    /// Separated by commas or blanks.
    pub tags: String,
    /// Short names, likewise.
    pub tenants: String,
    pub events: Vec<String>,
    pub severity: String,
    pub lead_days: String,
    pub retrying_minutes: String,
    /// `22:00`; both empty: none.
    pub quiet_from: String,
    pub quiet_until: String,
    pub quiet_zone: String,
    pub urgent_passes: bool,
    /// Empty: told once.
    pub remind_hours: String,
    pub channels: Vec<String>,
}

impl RuleInput {
    /// As stored.
    pub fn of(rule: &Rule, names: &[String]) -> Self {
        let choice = rule.reach.choice().cloned().unwrap_or_default();
        let quiet = rule.quiet.as_ref();
        Self {
            name: rule.name.clone(),
            reach: rule.reach.kind().unwrap_or("all").to_owned(),
            tags: choice.tags.join(", "),
            tenants: names.join(", "),
            events: rule.events.iter().map(ToString::to_string).collect(),
            severity: rule.severity.as_str().to_owned(),
            lead_days: rule.lead_days.to_string(),
            retrying_minutes: rule.retrying_minutes.to_string(),
            quiet_from: quiet.map(|one| clock(one.from)).unwrap_or_default(),
            quiet_until: quiet.map(|one| clock(one.until)).unwrap_or_default(),
            quiet_zone: quiet.map_or_else(|| "UTC".to_owned(), |one| one.zone.clone()),
            urgent_passes: quiet.is_none_or(|one| one.urgent_passes),
            remind_hours: rule
                .remind_hours
                .map(|one| one.to_string())
                .unwrap_or_default(),
            channels: rule.channels.iter().map(ToString::to_string).collect(),
        }
    }

    /// What a new rule begins with.
    pub fn fresh() -> Self {
        let events = [
            Event::Expired,
            Event::Expiring,
            Event::Retrying,
            Event::Incident,
            Event::Credential,
            Event::Recovered,
        ];
        Self {
            reach: "all".into(),
            events: events.iter().map(ToString::to_string).collect(),
            severity: Severity::Warning.as_str().into(),
            lead_days: "14".into(),
            retrying_minutes: "60".into(),
            quiet_zone: "UTC".into(),
            urgent_passes: true,
            ..Self::default()
        }
    }

    /// The time zone named.
    pub(super) fn zone(&self) -> String {
        plain(&self.quiet_zone)
    }

    /// The tags named, sorted.
    pub(super) fn tags(&self) -> Vec<String> {
        lower_case(&self.tags)
    }

    /// The short names, sorted.
    pub(super) fn short_names(&self) -> Vec<String> {
        lower_case(&self.tenants)
    }
}

fn lower_case(typed: &str) -> Vec<String> {
    let all: BTreeSet<String> = words(typed).map(str::to_lowercase).collect();
    all.into_iter().collect()
}

fn clock(time: Time) -> String {
    time.format(CLOCK).unwrap_or_default()
}
