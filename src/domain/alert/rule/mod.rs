//! Rules: which tenants, which events, how loudly, to which channels, and when not.

mod check;
mod input;
mod save;

use std::collections::BTreeSet;

use time::Time;
use uuid::Uuid;

use super::{Event, Severity, store};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::domain::technician::{Choice, Limit};
use crate::domain::tenant;
use crate::storage::TenantId;

pub use input::RuleInput;
pub use save::{RuleError, save};

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

/// Every rule, by name.
pub async fn list(op: &mut Op) -> Result<Vec<Rule>, sqlx::Error> {
    store::rules::all(op).await
}

/// One rule.
pub async fn find(op: &mut Op, id: Uuid) -> Result<Option<Rule>, sqlx::Error> {
    Ok(list(op).await?.into_iter().find(|rule| rule.id == id))
}

/// Tags that the rule names and no tenant has: perhaps one to come, perhaps mistyped.
pub async fn unused_tags(op: &mut Op, scope: Scope, id: Uuid) -> Result<Vec<String>, sqlx::Error> {
    let rule = find(op, id).await?;
    let choice = rule.as_ref().and_then(|rule| rule.reach.choice());
    let Some(choice) = choice else {
        return Ok(Vec::new());
    };
    let used = tenant::tags(op, scope).await?;
    let unused = choice.tags.iter().filter(|tag| !used.contains(tag));
    Ok(unused.cloned().collect())
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

    #[test]
    fn a_rule_reaches_the_tenants_it_names() {
        let mut rule = RuleInput::fresh().check().rule;
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
