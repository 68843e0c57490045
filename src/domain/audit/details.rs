//! What details may say: a closed list of words, and values that are short. No secret, no body and no free map gets into the
//! audit log by mistake: a word that is not on the list is left out, and a test that meets one fails.

use serde_json::{Map, Value};

/// Longest text of a value, in characters.
const LONGEST: usize = 1_000;

/// Every word that a detail may have, at any depth.
pub const WORDS: [&str; 158] = [
    "access_tokens",
    "access_tokens_forgotten",
    "access_tokens_open",
    "access_tokens_shut",
    "acquired",
    "action",
    "admin_username",
    "after",
    "again",
    "alert_channels_open",
    "alert_channels_shut",
    "app_registration_id",
    "application",
    "as_application",
    "asks_pin",
    "audit_keys_open",
    "audit_keys_shut",
    "authenticator_apps_open",
    "authenticator_apps_shut",
    "backup",
    "before",
    "begun",
    "browser",
    "by",
    "by_previous",
    "calls_per_minute",
    "cause",
    "challenged",
    "changed",
    "channels_held",
    "class",
    "client_id",
    "code",
    "codes_ended",
    "count",
    "credentials",
    "credentials_open",
    "credentials_shut",
    "data_keys",
    "days",
    "delete_everything",
    "demoted",
    "denied",
    "destroyed",
    "disabled",
    "display_name",
    "email",
    "ended",
    "ends",
    "entra_tenant_id",
    "error_id",
    "errors",
    "events",
    "expected",
    "expected_admin",
    "factor",
    "factors",
    "factors_removed",
    "failed",
    "failed_checks",
    "failure",
    "flow",
    "fold",
    "for",
    "format",
    "found",
    "from",
    "grants",
    "hand_outs_per_minute",
    "held",
    "hint",
    "id",
    "idle",
    "invitations_closed",
    "invitations_ended",
    "issuer",
    "kept_days",
    "kind",
    "lasting",
    "left",
    "limit_lifted",
    "limited",
    "link_only",
    "links_ended",
    "logins",
    "logins_ended",
    "logins_reset",
    "method",
    "min_ttl_s",
    "minutes",
    "months",
    "name",
    "networks",
    "new",
    "new_tenants",
    "object",
    "obtained_by",
    "outcome",
    "over_minutes",
    "pending_reason",
    "plug",
    "policies",
    "primary",
    "proof",
    "purpose",
    "q",
    "quarantined",
    "quarantined_tenants",
    "read",
    "reason",
    "reference",
    "refresh_tokens",
    "refresh_tokens_forgotten",
    "refresh_tokens_open",
    "refused",
    "removed",
    "resource",
    "resources",
    "restore",
    "result",
    "retired",
    "rewrapped",
    "role",
    "roles",
    "route",
    "scopes",
    "sees",
    "short_name",
    "sign_ins_closed",
    "sign_ins_forgotten",
    "sign_ons_untied",
    "signed_in",
    "someone_else",
    "spread",
    "state",
    "state_before",
    "status",
    "step",
    "stopped",
    "subject",
    "suspended",
    "tags",
    "taken_at",
    "technician",
    "tenant",
    "tenants",
    "times",
    "to",
    "total",
    "trial",
    "unchanged",
    "until",
    "version",
    "what",
    "who",
    "why",
    "without_log",
    "wrong",
];

/// The details without what they may not hold.
pub fn permitted(details: Map<String, Value>) -> Map<String, Value> {
    details
        .into_iter()
        .filter(|(word, _)| is_permitted(word))
        .map(|(word, value)| (word, shortened(value)))
        .collect()
}

/// The same for a whole value, which is a map.
pub fn permitted_value(details: Value) -> Value {
    match details {
        Value::Object(map) => Value::Object(permitted(map)),
        other => shortened(other),
    }
}

fn is_permitted(word: &str) -> bool {
    let known = WORDS.contains(&word);
    if !known {
        debug_assert!(
            known,
            "{word} is no word of the audit log: see domain::audit::details"
        );
        tracing::error!(
            word,
            "a detail is left out of the audit log: its word is not on the list"
        );
    }
    known
}

fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONGEST => {
            Value::String(text.chars().take(LONGEST).chain(['…']).collect())
        }
        Value::Array(all) => Value::Array(all.into_iter().map(shortened).collect()),
        Value::Object(map) => Value::Object(permitted(map)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_long_text_is_cut() {
        let long = permitted_value(
            json!({ "reason": "x".repeat(5_000), "found": [{ "why": "y".repeat(5_000) }] }),
        );
        assert_eq!(
            long["reason"].as_str().unwrap().chars().count(),
            LONGEST + 1
        );
        assert_eq!(
            long["found"][0]["why"].as_str().unwrap().chars().count(),
            LONGEST + 1
        );
    }

    #[test]
    #[should_panic(expected = "refresh_token is no word")]
    fn a_word_that_is_not_on_the_list_fails_the_test_that_meets_it() {
        permitted_value(json!({ "found": { "refresh_token": "0.AXoA" } }));
    }

    #[test]
    fn no_word_names_a_secret() {
        for word in WORDS {
            let secret = [
                "secret",
                "password",
                "cookie",
                "bearer",
                "assertion",
                "seed",
                "link_token",
                "body",
                "raw",
            ];
            assert!(!secret.iter().any(|bad| word.contains(bad)), "{word}");
        }
        let mut sorted = WORDS.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), WORDS.len(), "each once");
    }
}
