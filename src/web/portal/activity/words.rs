//! Acts of the audit log in words.

use serde_json::Value;

use crate::domain::history::Act;

/// What was done.
pub fn title(act: &Act) -> String {
    let done = act.result == "done";
    let known = match (act.action.as_str(), done) {
        ("tenant.added", _) => "Tenant added",
        ("tenant.edited", _) => "Tenant edited",
        ("tenant.suspended", _) => "Tenant suspended",
        ("tenant.resumed", _) => "Tenant resumed",
        ("tenant.archived", _) => "Tenant archived",
        ("tenant.restored", _) => "Tenant restored",
        ("invitation.created", _) => "Invitation created",
        ("invitation.mailed", _) => "Invitation sent by e-mail",
        ("invitation.link_shown", _) => "Auth URL shown",
        ("invitation.new_link_asked", _) => "A new link was asked for",
        ("invitation.pin_told", _) => "The PIN of an invitation was told",
        ("invitation.pin_refused", _) => "A wrong PIN was told",
        ("invitation.expired", _) => "Invitation expired",
        ("invitation.revoked", _) => "Invitation revoked",
        ("onboarding.started", _) => "Onboarding started",
        ("onboarding.code_shown", _) => "A code was shown",
        ("onboarding.redirected" | "onboarding.leg_opened", _) => "Sent to Microsoft",
        ("onboarding.returned", _) => "Came back from Microsoft",
        ("onboarding.taken_over", _) => "Onboarding continued in another browser",
        ("onboarding.account_refused", _) => "The account that signed in was refused",
        ("onboarding.consent_refused", _) => "Consent was refused",
        ("onboarding.held", _) => "A sign-in waits for confirmation",
        ("onboarding.step", _) => "Onboarding failed",
        ("onboarding.complete", _) => "Onboarding complete",
        ("connection.store", _) => "Authorisation obtained",
        ("connection.activate", _) => "Authorisation put to use",
        ("connection.revoke", _) => "Authorisation ended",
        ("connection.erase", _) => "Dead tokens erased",
        ("connection.taken_back", _) => "Restored after an incident",
        ("connection.validated", true) => "Authentication validated",
        ("connection.validated", false) => "Validation failed",
        ("token.claims_shown", _) => "Token details looked at",
        ("policies.read", true) => "Token lifetime policies read",
        ("policies.read", false) => "Token lifetime policies could not be read",
        _ => return plain(&act.action),
    };
    known.to_owned()
}

/// `app_only.trial_begun` as "App only: trial begun".
fn plain(action: &str) -> String {
    let words = action.replace('_', " ").replace('.', ": ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

/// What is worth knowing of it: reference, account, reason.
pub fn text(act: &Act) -> String {
    const TOLD: [(&str, &str); 11] = [
        ("reference", ""),
        ("admin_username", ""),
        ("signed_in", "Signed in: "),
        ("expected", "Expected: "),
        ("expected_admin", "Expected: "),
        ("to", "To "),
        ("obtained_by", "By "),
        ("reason", ""),
        ("why", ""),
        ("failure", ""),
        ("resource", ""),
    ];
    let of = |(key, before): (&str, &str)| match act.details.get(key) {
        Some(Value::String(text)) if !text.is_empty() => {
            Some(format!("{before}{}", text.replace('_', " ")))
        }
        _ => None,
    };
    let told: Vec<_> = TOLD.into_iter().filter_map(of).collect();
    told.join(" · ")
}

/// Who did it; empty for what the portal did by itself.
pub fn who(act: &Act) -> String {
    match act.actor_type.as_str() {
        "technician" => act.actor.clone(),
        "customer" if act.actor.is_empty() || act.actor == "customer" => "the customer".to_owned(),
        "customer" => format!("the customer: {}", act.actor),
        "command" => format!("command {}", act.actor),
        _ => String::new(),
    }
}

/// The colour of its mark.
pub fn mark(act: &Act) -> &'static str {
    match (act.action.as_str(), act.result.as_str()) {
        (_, "failed" | "denied") => "expired",
        (
            "connection.store"
            | "connection.activate"
            | "connection.validated"
            | "onboarding.complete",
            _,
        ) => "valid",
        (action, _) if action.starts_with("invitation.") || action.starts_with("onboarding.") => {
            "pending"
        }
        _ => "none",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use super::*;
    use crate::domain::history::ActId;

    fn act(action: &str, result: &str, details: Value) -> Act {
        Act {
            id: ActId(1),
            at: OffsetDateTime::UNIX_EPOCH,
            action: action.into(),
            actor_type: "technician".into(),
            actor: "robin@msp.example".into(),
            result: result.into(),
            details,
        }
    }

    #[test]
    fn acts_read_as_what_happened() {
        let created = act(
            "invitation.created",
            "done",
            json!({"reference": "INV-1234", "expected_admin": "ada@contoso.example", "lasting": true}),
        );
        assert_eq!(title(&created), "Invitation created");
        assert_eq!(text(&created), "INV-1234 · Expected: ada@contoso.example");
        assert_eq!(
            (who(&created).as_str(), mark(&created)),
            ("robin@msp.example", "pending")
        );
        let failed = act("connection.validated", "failed", json!({}));
        assert_eq!(
            (title(&failed).as_str(), mark(&failed)),
            ("Validation failed", "expired")
        );
    }

    #[test]
    fn an_act_nobody_named_is_still_told() {
        assert_eq!(
            title(&act("app_only.trial_begun", "done", json!({}))),
            "App only: trial begun"
        );
        assert_eq!(plain(""), "");
    }
}
