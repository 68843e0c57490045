//! What calls answer: what they are for, and refusals.

use serde_json::{Map, Value, json};

use super::Maker;
use crate::web::api::endpoint::Endpoint;

/// What any call may answer besides its own.
const ALWAYS: [(u16, &str); 9] = [
    (400, "The address or the body makes no sense."),
    (401, "No key, or one that does not work."),
    (403, "The key may not do this."),
    (404, "Absent, or outside of what the key may see."),
    (414, "The address is too long."),
    (
        429,
        "Too many calls; `Retry-After` says when to come again.",
    ),
    (431, "The headers are too long."),
    (500, "Something went wrong; quote the request id."),
    (
        503,
        "Not possible right now; `Retry-After` says when to come again.",
    ),
];
/// What a call with a body may answer besides.
const WITH_BODY: [(u16, &str); 3] = [
    (413, "The body is larger than 64 KiB."),
    (415, "The body is not JSON."),
    (422, "Fields that cannot be taken."),
];

/// What a call that takes an `Idempotency-Key` may answer besides; 422 also when it takes no body.
const RUNNING: (u16, &str) = (
    409,
    "The call with this `Idempotency-Key` is still running.",
);
const REUSED: (u16, &str) = (422, "This `Idempotency-Key` belongs to another call.");

impl Maker {
    pub(super) fn responses(&mut self, endpoint: &Endpoint) -> Value {
        let mut all = Map::new();
        let success = match endpoint.reply {
            Some(reply) => {
                let schema = reply(&mut self.given);
                json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } })
            }
            None => json!({ "description": "Done; nothing to say." }),
        };
        all.insert(endpoint.status.to_string(), success);
        if endpoint.versioned {
            let same = "It is as `If-None-Match` says.";
            all.insert("304".into(), json!({ "description": same }));
        }
        let mut common: Vec<(u16, &str)> = ALWAYS.to_vec();
        if endpoint.body.is_some() {
            common.extend(WITH_BODY);
        }
        if endpoint.once {
            common.push(RUNNING);
            if endpoint.body.is_none() {
                common.push(REUSED);
            }
        }
        for (status, about) in common {
            all.insert(status.to_string(), refusal(about, endpoint, status));
        }
        for (status, _) in endpoint.problems {
            let about = "Not possible as things are.";
            all.entry(status.to_string())
                .or_insert_with(|| refusal(about, endpoint, *status));
        }
        all.sort_keys();
        all.into()
    }
}

fn refusal(about: &str, endpoint: &Endpoint, status: u16) -> Value {
    let own = endpoint
        .problems
        .iter()
        .filter(|(known, _)| *known == status);
    let codes: Vec<String> = own.map(|(_, code)| format!("`{code}`")).collect();
    let about = if codes.is_empty() {
        about.to_owned()
    } else {
        format!("{about} Among the codes: {}.", codes.join(", "))
    };
    json!({
        "description": about,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

/// The schema of every refusal.
pub(super) fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why nothing was done (RFC 9457). Some codes have members of their own.",
        "required": ["type", "title", "status", "code", "detail", "request_id"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "code": { "type": "string", "description": "For programs; never changes its meaning." },
            "detail": { "type": "string", "description": "What can be done, for people." },
            "request_id": { "type": "string", "description": "As in our log." },
            "errors": {
                "type": "array",
                "description": "Fields that cannot be taken.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": { "field": { "type": "string" }, "message": { "type": "string" } },
                },
            },
        },
        "examples": [{
            "type": "about:blank", "title": "Not found", "status": 404, "code": "not_found",
            "detail": "There is nothing at this address, or this key may not see it.",
            "request_id": "0193a1b2-0000-7000-8000-000000000000",
        }],
    })
}
