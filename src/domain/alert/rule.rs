//! Rules: which tenants, which events, how loudly, to which channels, and when not.

use std::collections::BTreeSet;

use time::Time;
use time::macros::format_description;
use uuid::Uuid;

use super::channel::FieldError;
use super::{Event, Severity, store};
use crate::domain::audit::Entry;
use crate::domain::line::plain;
use crate::domain::op::Op;
use crate::domain::technician::{Choice, Limit};
use crate::domain::tenant;
use crate::storage::TenantId;

/// A name is one line of a list.
const LONGEST_NAME: usize = 80;

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: Uuid,
    pub name: String,
    pub enabled: bool,
    /// Which tenants, as a technician's limit says it.
    pub reach: Limit,
    pub events: BTreeSet<Event>,
    pub severity: Severity,
    /// Days before an end.
    pub lead_days: i16,
    /// Minutes of trouble.
    pub retrying_minutes: i32,
    pub quiet: Option<Quiet>,
    /// Hours; none: told once.
    pub remind_hours: Option<i16>,
    pub channels: Vec<Uuid>,
}

/// Hours in which messages wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quiet {
    pub from: Time,
    pub until: Time,
    /// A time zone of the IANA database.
    pub zone: String,
    /// What is urgent does not wait.
    pub urgent_passes: bool,
}

impl Rule {
    pub fn tells(&self, event: Event) -> bool {
        self.enabled && self.events.contains(&event)
    }

    /// Whether a tenant with these tags is one of the rule's.
    pub fn admits(&self, tenant: TenantId, tags: &[String]) -> bool {
        let is_named = |choice: &Choice| {
            choice.tenants.contains(&tenant) || choice.tags.iter().any(|tag| tags.contains(tag))
        };
        match &self.reach {
            Limit::All => true,
            Limit::Only(choice) => is_named(choice),
            Limit::Except(choice) => !is_named(choice),
        }
    }
}

/// A rule as typed.
#[derive(Clone, Debug, Default)]
pub struct RuleInput {
    pub name: String,
    /// `all`, `tags`, `list` or `except`.
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
        Self {
            reach: "all".into(),
            events: [
                "expired",
                "expiring",
                "retrying",
                "incident",
                "credential",
                "recovered",
            ]
            .map(String::from)
            .to_vec(),
            severity: "warning".into(),
            lead_days: "14".into(),
            retrying_minutes: "60".into(),
            quiet_zone: "UTC".into(),
            urgent_passes: true,
            ..Self::default()
        }
    }
}

fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split([',', ' ', ';', '\n', '\t', '\r'])
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort();
    words.dedup();
    words
}

struct Checked {
    rule: Rule,
    errors: Vec<FieldError>,
}

impl Checked {
    fn wrong(&mut self, field: &'static str, message: &str) {
        self.errors.push(FieldError {
            field,
            message: message.to_owned(),
        });
    }

    fn number<T: std::str::FromStr + PartialOrd>(
        &mut self,
        field: &'static str,
        text: &str,
        (least, most): (T, T),
        message: &str,
    ) -> Option<T> {
        match text.trim().parse::<T>() {
            Ok(number) if number >= least && number <= most => Some(number),
            _ => {
                self.wrong(field, message);
                None
            }
        }
    }
}

/// Every rule, by name.
pub async fn list(op: &mut Op) -> Result<Vec<Rule>, sqlx::Error> {
    store::rules::all(op).await
}

/// One rule.
pub async fn find(op: &mut Op, id: Uuid) -> Result<Option<Rule>, sqlx::Error> {
    Ok(list(op).await?.into_iter().find(|rule| rule.id == id))
}

/// Make a rule (`id` none) or change one. Gives the fields that are wrong, or the rule's id.
pub async fn save(
    op: &mut Op,
    id: Option<Uuid>,
    input: &RuleInput,
) -> Result<Result<Uuid, Vec<FieldError>>, sqlx::Error> {
    let mut checked = check(input);
    let names = words(&input.tenants);
    let tenants = store::rules::by_name(op, &names).await?;
    if input.reach != "all" && tenants.len() != names.len() {
        checked.wrong("tenants", "Some of these short names are no tenant's.");
    }
    let choice = Choice {
        tags: words(&input.tags),
        tenants,
    };
    if !choice.tags.iter().all(|tag| tenant::is_tag(tag)) {
        checked.wrong("tags", "Tags have lower-case letters, digits and hyphens.");
    }
    let is_empty = choice.tags.is_empty() && choice.tenants.is_empty();
    checked.rule.reach = match input.reach.as_str() {
        "all" => Limit::All,
        "only" => Limit::Only(choice),
        "except" => Limit::Except(choice),
        _ => {
            checked.wrong("reach", "Choose which tenants.");
            Limit::All
        }
    };
    if is_empty && checked.rule.reach != Limit::All {
        checked.wrong("tags", "Name a tag or a tenant.");
    }
    if let Some(quiet) = &checked.rule.quiet
        && !store::rules::is_zone(op, &quiet.zone).await?
    {
        checked.wrong("quiet_zone", "Name a time zone such as Europe/Berlin.");
    }
    let known = store::channels::all(op).await?;
    let chosen: Vec<Uuid> = input
        .channels
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    checked.rule.channels = known
        .iter()
        .filter(|one| chosen.contains(&one.id) && one.kind.takes_alerts())
        .map(|one| one.id)
        .collect();
    if checked.rule.channels.len() != input.channels.len() {
        checked.wrong("channels", "Choose channels from the list.");
    }
    let Checked { mut rule, errors } = checked;
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let action = if let Some(id) = id {
        let Some(before) = find(op, id).await? else {
            return Ok(Err(Vec::new()));
        };
        rule.id = id;
        rule.enabled = before.enabled;
        store::rules::update(op, &rule).await?;
        "alert_rule.changed"
    } else {
        store::rules::insert(op, &rule).await?;
        "alert_rule.added"
    };
    note(op, action, &rule).await?;
    Ok(Ok(rule.id))
}

fn check(input: &RuleInput) -> Checked {
    let mut checked = Checked {
        rule: Rule {
            id: crate::clock::ordered_uuid(),
            name: plain(&input.name),
            enabled: true,
            reach: Limit::All,
            events: input
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
    match checked.rule.name.chars().count() {
        0 => checked.wrong("name", "Give the rule a name."),
        n if n > LONGEST_NAME => checked.wrong("name", "The name is longer than 80 characters."),
        _ => {}
    }
    if checked
        .rule
        .events
        .iter()
        .all(|one| *one == Event::Recovered)
    {
        checked.wrong("events", "Choose at least one event.");
    }
    match input.severity.parse() {
        Ok(severity) => checked.rule.severity = severity,
        Err(_) => checked.wrong("severity", "Choose how urgent it is."),
    }
    let lead = checked.number("lead_days", &input.lead_days, (1, 90), "Days from 1 to 90.");
    checked.rule.lead_days = lead.unwrap_or(14);
    let minutes = "Minutes from 5 to 10080.";
    let retrying = checked.number(
        "retrying_minutes",
        &input.retrying_minutes,
        (5, 10_080),
        minutes,
    );
    checked.rule.retrying_minutes = retrying.unwrap_or(60);
    if !input.remind_hours.trim().is_empty() {
        let hours = "Hours from 1 to 720, or nothing.";
        checked.rule.remind_hours =
            checked.number("remind_hours", &input.remind_hours, (1, 720), hours);
    }
    quiet(&mut checked, input);
    checked
}

fn quiet(checked: &mut Checked, input: &RuleInput) {
    let (from, until) = (input.quiet_from.trim(), input.quiet_until.trim());
    if from.is_empty() && until.is_empty() {
        return;
    }
    let read = |text| Time::parse(text, format_description!("[hour]:[minute]"));
    match (read(from), read(until)) {
        (Ok(from), Ok(until)) if from != until => {
            checked.rule.quiet = Some(Quiet {
                from,
                until,
                zone: input.quiet_zone.trim().to_owned(),
                urgent_passes: input.urgent_passes,
            });
        }
        _ => checked.wrong(
            "quiet_from",
            "Two different times such as 22:00 and 06:30, or nothing.",
        ),
    }
}

/// Switch a rule on or off. Off, it opens nothing; what it opened is closed without a word.
pub async fn set_enabled(op: &mut Op, id: Uuid, enabled: bool) -> Result<bool, sqlx::Error> {
    let Some(rule) = find(op, id).await? else {
        return Ok(false);
    };
    if rule.enabled != enabled {
        store::rules::set_enabled(op, id, enabled).await?;
        if !enabled {
            store::alerts::close_of_rule(op, id).await?;
        }
        let action = if enabled {
            "alert_rule.enabled"
        } else {
            "alert_rule.disabled"
        };
        note(op, action, &rule).await?;
    }
    Ok(true)
}

/// Delete a rule; its open alerts are closed without a word.
pub async fn remove(op: &mut Op, id: Uuid) -> Result<bool, sqlx::Error> {
    let Some(rule) = find(op, id).await? else {
        return Ok(false);
    };
    store::alerts::close_of_rule(op, id).await?;
    store::rules::delete(op, id).await?;
    note(op, "alert_rule.removed", &rule).await?;
    Ok(true)
}

async fn note(op: &mut Op, action: &'static str, rule: &Rule) -> Result<(), sqlx::Error> {
    let events: Vec<&str> = rule.events.iter().map(|one| one.as_str()).collect();
    Entry::new(action)
        .object("alert_rule", rule.id)
        .detail("name", rule.name.clone())
        .detail("events", events.join(" "))
        .detail("kind", rule.reach.kind().unwrap_or("all"))
        .write(op)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(input: &RuleInput) -> Vec<&'static str> {
        check(input).errors.iter().map(|one| one.field).collect()
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
    fn a_rule_reaches_the_tenants_it_names() {
        let mut rule = check(&typed()).rule;
        let (one, other) = (TenantId::new(), TenantId::new());
        let tags = ["gold".to_owned()];
        assert!(rule.admits(one, &[]));
        let choice = Choice {
            tags: vec!["gold".into()],
            tenants: vec![one],
        };
        rule.reach = Limit::Only(choice.clone());
        assert!(rule.admits(one, &[]) && rule.admits(other, &tags) && !rule.admits(other, &[]));
        rule.reach = Limit::Except(choice);
        assert!(!rule.admits(one, &[]) && !rule.admits(other, &tags) && rule.admits(other, &[]));
    }
}
