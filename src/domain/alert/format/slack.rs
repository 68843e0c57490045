//! Blocks for an incoming webhook of Slack.

use serde_json::{Value, json};

use crate::domain::alert::{Message, Severity, Step};

/// The text that notifications show, and the blocks.
pub fn slack(message: &Message) -> Value {
    let mark = match (message.step, message.severity) {
        (Step::Closed, _) => ":white_check_mark:",
        (_, Severity::Urgent) => ":rotating_light:",
        (_, Severity::Warning) => ":warning:",
        (_, Severity::Info) => ":information_source:",
    };
    // Ten fields at most.
    let fields: Vec<Value> = message
        .facts
        .iter()
        .take(10)
        .map(|(label, value)| json!({ "type": "mrkdwn", "text": format!("*{}*\n{}", escaped(label), escaped(value)) }))
        .collect();
    let mut blocks = vec![json!({ "type": "section", "text": { "type": "mrkdwn",
            "text": cut(&format!("{mark} *{}*\n{}", escaped(&message.title), escaped(&message.text))) } })];
    if !fields.is_empty() {
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    blocks.push(json!({ "type": "section",
        "text": { "type": "mrkdwn", "text": format!("<{}|Open in Tenantry>", message.link) } }));
    json!({ "text": cut(&escaped(&message.title)), "blocks": blocks })
}

/// The three characters that Slack reads.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn cut(text: &str) -> String {
    text.chars().take(2_900).collect()
}
