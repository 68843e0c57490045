//! JSON after Standard Webhooks: `type`, `timestamp`, `data`. Ids, names of organisations and words; no token, no person.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::domain::alert::{Message, Step};

fn at(message: &Message) -> String {
    message.at.format(&Rfc3339).unwrap_or_default()
}

/// For a program.
pub fn webhook(message: &Message) -> Value {
    json!({
        "type": message.kind(),
        "timestamp": at(message),
        "data": {
            "alert_id": message.alert_id,
            "event": message.event,
            "step": message.step.as_str(),
            "sequence": message.sequence,
            "severity": message.severity,
            "title": message.title,
            "text": message.text,
            "tenant": message.tenant.as_ref().map(|tenant| json!({
                "id": tenant.id,
                "short_name": tenant.short_name,
                "full_name": tenant.full_name,
            })),
            "cause": message.cause,
            "who_acts": message.who,
            "key": message.ticket,
            "link": message.link,
        },
    })
}

/// For a PSA: what to do with the ticket of this key.
pub fn ticket(message: &Message) -> Value {
    let act = match message.step {
        Step::Opened | Step::Told | Step::Notice => "open",
        Step::Reminder => "append",
        Step::Closed => "close",
    };
    let facts: Vec<Value> = message
        .facts
        .iter()
        .map(|(label, value)| json!({ "label": label, "value": value }))
        .collect();
    json!({
        "type": format!("ticket.{act}"),
        "timestamp": at(message),
        "data": {
            "key": message.ticket,
            "act": act,
            "sequence": message.sequence,
            "priority": message.severity,
            "title": format!("[{}] {}", message.ticket, message.title),
            "description": message.text,
            "facts": facts,
            "tenant": message.tenant.as_ref().map(|tenant| &tenant.short_name),
            "event": message.event,
            "link": message.link,
        },
    })
}
