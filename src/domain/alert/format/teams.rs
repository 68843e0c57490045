//! An Adaptive Card as the "Workflows" of Microsoft Teams take it ("Post to a channel when a webhook request is received").

use serde_json::{Value, json};

use crate::domain::alert::{Message, Severity, Step};

/// The card in its envelope.
pub fn teams(message: &Message) -> Value {
    let color = match (message.step, message.severity) {
        (Step::Closed, _) => "Good",
        (_, Severity::Urgent) => "Attention",
        (_, Severity::Warning) => "Warning",
        (_, Severity::Info) => "Default",
    };
    let facts: Vec<Value> = message
        .facts
        .iter()
        .map(|(label, value)| json!({ "title": label, "value": escaped(value) }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [
                    { "type": "TextBlock", "text": escaped(&message.title), "size": "Large", "weight": "Bolder", "wrap": true, "color": color },
                    { "type": "TextBlock", "text": escaped(&message.text), "wrap": true },
                    { "type": "FactSet", "facts": facts },
                ],
                "actions": [{ "type": "Action.OpenUrl", "title": "Open in Tenantry", "url": message.link }],
            },
        }],
    })
}

/// Cards read Markdown: what could be a link or emphasis is taken out of names.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '[' | ']' | '*' | '_' | '`' | '\\' | '<' | '>') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
