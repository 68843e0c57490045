//! The log as shown: lines, one entry with all its details, and how the chain stands.

use serde_json::Value;
use time::OffsetDateTime;

use super::filters::Filters;
use crate::domain::audit::{Chain, Event, Page};
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::when::When;

/// One entry.
pub(super) struct EventView {
    pub id: i64,
    pub href: String,
    pub at: When,
    /// RFC 3339 with the fraction, for the details.
    pub instant: String,
    pub who: String,
    /// What kind of actor, in a word.
    pub kind: String,
    pub actor_id: String,
    pub ip: String,
    pub key_id: String,
    pub action: String,
    /// Empty without a tenant, or when it is no longer there.
    pub tenant_href: String,
    pub short_name: String,
    pub full_name: String,
    pub object_type: String,
    pub object_id: String,
    /// Badge class and word.
    pub result: (&'static str, String),
    pub request_id: String,
    /// Word and value, in the order stored.
    pub details: Vec<(String, String)>,
    /// The details in one line.
    pub summary: String,
    /// Number in the chain; empty while it waits.
    pub seal: String,
}

impl EventView {
    pub(super) fn of(event: &Event, now: OffsetDateTime) -> Self {
        let at = When::new(event.at, now);
        let tenant = event.tenant.as_ref();
        let short_name = tenant.map(|one| one.short_name.clone()).unwrap_or_default();
        let details = details(&event.details);
        let summary: Vec<String> = details
            .iter()
            .map(|(word, value)| format!("{word}: {value}"))
            .collect();
        let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
        Self {
            id: event.id,
            href: paths::audit_event(event.id),
            instant: at.machine.clone(),
            at,
            who: event.actor.clone(),
            kind: event.actor_type.clone(),
            actor_id: text(event.actor_id),
            ip: event.ip.clone(),
            key_id: text(event.key_id),
            action: event.action.clone(),
            tenant_href: match short_name.as_str() {
                "" => String::new(),
                name => TenantPaths(name).overview(),
            },
            full_name: match tenant {
                Some(one) if one.full_name.is_empty() => one.id.to_string(),
                Some(one) => one.full_name.clone(),
                None => String::new(),
            },
            short_name,
            object_type: event.object_type.replace('_', " "),
            object_id: event.object_id.clone(),
            result: result(&event.result),
            request_id: event.request_id.clone(),
            summary: summary.join(" · "),
            details,
            seal: event.seal.map(|seq| seq.to_string()).unwrap_or_default(),
        }
    }
}

fn result(word: &str) -> (&'static str, String) {
    let class = match word {
        "done" => "valid",
        "denied" => "retrying",
        _ => "expired",
    };
    (class, word.to_owned())
}

fn details(stored: &Value) -> Vec<(String, String)> {
    let Value::Object(map) = stored else {
        return Vec::new();
    };
    map.iter()
        .map(|(word, value)| (word.replace('_', " "), plain(value)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// A value without the quotation marks of JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(all) => all.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// The list with its form.
pub(super) struct ListView {
    pub action: &'static str,
    pub filters: Filters,
    pub events: Vec<EventView>,
    /// The same list without renewals and with them.
    pub acts_href: String,
    pub all_href: String,
    pub csv_href: String,
    pub jsonl_href: String,
    /// Addresses of the neighbouring pages; empty when there is nothing.
    pub newer: String,
    pub older: String,
}

impl ListView {
    pub(super) fn of(filters: Filters, page: &Page, now: OffsetDateTime) -> Self {
        let action = paths::AUDIT_LOG;
        let pairs = filters.pairs();
        let link = |there: bool, name: &'static str, event: Option<&Event>| match event {
            Some(event) if there => with_query(action, &pairs, &[(name, &event.id.to_string())]),
            _ => String::new(),
        };
        let others: Vec<_> = pairs
            .iter()
            .copied()
            .filter(|(name, _)| *name != "what")
            .collect();
        let file = |ending| with_query(&format!("{action}/export.{ending}"), &pairs, &[]);
        Self {
            newer: link(page.newer, "newer_than", page.events.first()),
            older: link(page.older, "older_than", page.events.last()),
            acts_href: with_query(action, &others, &[]),
            all_href: with_query(action, &others, &[("what", "renewals")]),
            csv_href: file("csv"),
            jsonl_href: file("jsonl"),
            action,
            events: page
                .events
                .iter()
                .map(|event| EventView::of(event, now))
                .collect(),
            filters,
        }
    }
}

/// How the chain stands, in sentences.
pub(super) struct ChainView {
    pub sealed: i64,
    pub waiting: String,
    /// None before the first.
    pub checkpoint: Option<(i64, When)>,
    /// Something that ought to be looked after; empty when all is well.
    pub problem: &'static str,
}

/// A checkpoint is made each five minutes.
const LATE_S: f64 = 900.0;
/// So many rows wait only when nobody seals them.
const MANY: i64 = 5_000;

impl ChainView {
    pub(super) fn of(chain: &Chain, now: OffsetDateTime) -> Self {
        let late = chain.checkpoint_age_s.is_some_and(|age| age > LATE_S);
        Self {
            sealed: chain.seq,
            waiting: match chain.waiting {
                10_000 => "10000 or more".to_owned(),
                n => n.to_string(),
            },
            checkpoint: chain
                .checkpoint_at
                .map(|at| (chain.checkpoint, When::new(at, now))),
            problem: if late || chain.waiting > MANY {
                "The keeper does not seal the log as it should: see whether it runs and what its log says."
            } else {
                ""
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_read_without_json() {
        let stored = json!({"reason": "leaves us", "lasting": true, "tenants": 3, "idle": ["a", "b"], "code": null});
        assert_eq!(
            details(&stored),
            [
                ("reason", "leaves us"),
                ("lasting", "yes"),
                ("tenants", "3"),
                ("idle", "a, b")
            ]
            .map(|(word, value)| (word.to_owned(), value.to_owned()))
        );
    }
}
