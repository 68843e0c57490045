//! What of a typed rule can be checked without asking anybody: all of it at once, each at its field.

use std::str::FromStr;

use time::Time;

use super::input::CLOCK;
use super::{Quiet, Rule, RuleInput};
use crate::domain::alert::{Event, Severity};
use crate::domain::line::plain;
use crate::domain::technician::Limit;
use crate::domain::tenant::{FieldError, is_tag};

/// A name is one line of a list.
const LONGEST_NAME: usize = 80;
/// More are better named by a tag.
const MOST_TENANTS: usize = 1_000;
const MOST_TAGS: usize = 100;

/// A rule as far as it was typed well, and what was not.
pub(super) struct Checked {
    pub rule: Rule,
    pub errors: Vec<FieldError>,
}

impl Checked {
    pub fn wrong(&mut self, field: &'static str, message: &str) {
        self.errors.push(FieldError::new(field, message));
    }

    fn number<T: FromStr + PartialOrd>(
        &mut self,
        field: &'static str,
        typed: &str,
        (least, most): (T, T),
        message: &str,
    ) -> Option<T> {
        let number = typed.trim().parse().ok();
        let number = number.filter(|number| (least..=most).contains(number));
        if number.is_none() {
            self.wrong(field, message);
        }
        number
    }
}

impl RuleInput {
    /// Everything but what the database has to be asked for: tenants, time zone and channels.
    pub(super) fn check(&self) -> Checked {
        let mut checked = Checked {
            rule: Rule {
                id: crate::clock::ordered_uuid(),
                name: plain(&self.name),
                enabled: true,
                reach: Limit::All,
                events: self
                    .events
                    .iter()
                    .filter_map(|one| one.parse().ok())
                    .collect(),
                severity: Severity::Warning,
                lead_days: 14,
                retrying_minutes: 60,
                quiet: None,
                remind_hours: None,
                channels: Vec::new(),
            },
            errors: Vec::new(),
        };
        self.check_what(&mut checked);
        self.check_when(&mut checked);
        self.check_quiet(&mut checked);
        checked
    }

    fn check_what(&self, checked: &mut Checked) {
        match checked.rule.name.chars().count() {
            0 => checked.wrong("name", "Give the rule a name."),
            n if n > LONGEST_NAME => {
                checked.wrong("name", "The name is longer than 80 characters.");
            }
            _ => {}
        }
        let events = &checked.rule.events;
        if events.is_empty() {
            checked.wrong("events", "Choose at least one event.");
        } else if events.iter().all(|one| *one == Event::Recovered) {
            // The end of what is never told is not told either.
            let message = "“Works again” tells the end of another event: choose that one too.";
            checked.wrong("events", message);
        }
        match self.severity.parse() {
            Ok(severity) => checked.rule.severity = severity,
            Err(_) => checked.wrong("severity", "Choose how urgent it is."),
        }
        if self.reach == "all" {
            return;
        }
        if self.short_names().len() > MOST_TENANTS {
            let message = "Name at most 1,000 tenants. Give the others a tag and name that.";
            checked.wrong("tenants", message);
        }
        let tags = self.tags();
        if tags.iter().any(|tag| !is_tag(tag)) {
            checked.wrong("tags", "Tags have lower-case letters, digits and hyphens.");
        } else if tags.len() > MOST_TAGS {
            checked.wrong("tags", "Name at most 100 tags.");
        }
    }

    fn check_when(&self, checked: &mut Checked) {
        let lead = (1, 90);
        let lead = checked.number("lead_days", &self.lead_days, lead, "Days from 1 to 90.");
        checked.rule.lead_days = lead.unwrap_or(checked.rule.lead_days);
        let minutes = checked.number(
            "retrying_minutes",
            &self.retrying_minutes,
            (5, 10_080),
            "Minutes from 5 to 10080.",
        );
        checked.rule.retrying_minutes = minutes.unwrap_or(checked.rule.retrying_minutes);
        if !self.remind_hours.trim().is_empty() {
            let message = "Hours from 1 to 720, or nothing.";
            let hours = checked.number("remind_hours", &self.remind_hours, (1, 720), message);
            checked.rule.remind_hours = hours;
        }
    }

    fn check_quiet(&self, checked: &mut Checked) {
        let (from, until) = (self.quiet_from.trim(), self.quiet_until.trim());
        if from.is_empty() && until.is_empty() {
            return;
        }
        let read = |text| Time::parse(text, CLOCK);
        match (read(from), read(until)) {
            (Ok(from), Ok(until)) if from != until => {
                checked.rule.quiet = Some(Quiet {
                    from,
                    until,
                    zone: self.zone(),
                    urgent_passes: self.urgent_passes,
                });
            }
            _ => checked.wrong(
                "quiet_from",
                "Two different times such as 22:00 and 06:30, or nothing.",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(input: &RuleInput) -> Vec<&'static str> {
        input.check().errors.iter().map(|one| one.field).collect()
    }

    fn typed() -> RuleInput {
        RuleInput {
            name: "Nights".into(),
            ..RuleInput::fresh()
        }
    }

    #[test]
    fn what_a_fresh_rule_begins_with_is_right_but_for_its_name() {
        assert_eq!(wrong(&RuleInput::fresh()), ["name"]);
        assert!(wrong(&typed()).is_empty());
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let input = RuleInput {
            lead_days: "0".into(),
            retrying_minutes: "4".into(),
            remind_hours: "x".into(),
            quiet_from: "25:00".into(),
            quiet_until: "06:00".into(),
            severity: "loud".into(),
            events: vec!["recovered".into()],
            ..typed()
        };
        let expected = [
            "events",
            "severity",
            "lead_days",
            "retrying_minutes",
            "remind_hours",
            "quiet_from",
        ];
        assert_eq!(wrong(&input), expected);
    }

    #[test]
    fn a_rule_names_so_many_tenants_and_no_more() {
        let names = |count: usize| RuleInput {
            reach: "only".into(),
            tenants: (0..count)
                .map(|n| format!("t{n}"))
                .collect::<Vec<_>>()
                .join(" "),
            ..typed()
        };
        assert!(wrong(&names(1_000)).is_empty());
        assert_eq!(wrong(&names(1_001)), ["tenants"]);
    }
}
