//! Conditional Access policies, as far as they decide how long tokens live. Unknown fields and shapes are left out: a
//! policy that is not understood says nothing.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::OffsetDateTime;

use super::answers::instant;

/// A policy (`conditionalAccessPolicy`).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessPolicy {
    #[serde(default)]
    pub display_name: String,
    pub state: PolicyState,
    #[serde(default, deserialize_with = "instant")]
    pub created_date_time: Option<OffsetDateTime>,
    #[serde(default, deserialize_with = "instant")]
    pub modified_date_time: Option<OffsetDateTime>,
    /// Microsoft's own policies are made from a template of theirs.
    pub template_id: Option<String>,
    #[serde(default, deserialize_with = "or_null")]
    conditions: Value,
    #[serde(default, deserialize_with = "or_null")]
    grant_controls: Value,
    #[serde(default, deserialize_with = "or_null")]
    session_controls: Value,
}

/// Whether a policy acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum PolicyState {
    #[serde(rename = "enabled")]
    Enabled,
    #[serde(rename = "enabledForReportingButNotEnforced")]
    ReportOnly,
    #[serde(other)]
    Disabled,
}

impl AccessPolicy {
    /// Seconds between sign-ins; 0 stands for every time, none for no such rule.
    pub fn sign_in_frequency_s(&self) -> Option<i64> {
        let frequency = self.session_controls.get("signInFrequency")?;
        if frequency.get("isEnabled")?.as_bool() != Some(true) {
            return None;
        }
        if frequency.get("frequencyInterval").and_then(Value::as_str) == Some("everyTime") {
            return Some(0);
        }
        let value = frequency.get("value")?.as_i64()?;
        let unit = match frequency.get("type")?.as_str()? {
            "hours" => 3_600,
            "days" => 86_400,
            _ => return None,
        };
        value.checked_mul(unit).filter(|seconds| *seconds > 0)
    }

    /// The policy blocks whatever it applies to.
    pub fn blocks(&self) -> bool {
        self.controls("block")
    }

    pub fn requires_mfa(&self) -> bool {
        let strength = self.grant_controls.get("authenticationStrength");
        self.controls("mfa") || strength.is_some_and(|strength| !strength.is_null())
    }

    pub fn requires_device(&self) -> bool {
        self.controls("compliantDevice") || self.controls("domainJoinedDevice")
    }

    /// The policy blocks sign-ins by device code.
    pub fn blocks_device_code(&self) -> bool {
        let methods = self
            .conditions
            .get("authenticationFlows")
            .and_then(|flows| flows.get("transferMethods"));
        let names_it = match methods {
            // One text with commas, or a list.
            Some(Value::String(text)) => text.contains("deviceCodeFlow"),
            Some(Value::Array(list)) => list.iter().any(|one| one == "deviceCodeFlow"),
            _ => false,
        };
        names_it && self.blocks()
    }

    fn controls(&self, name: &str) -> bool {
        let controls = self.grant_controls.get("builtInControls");
        let listed = controls.and_then(Value::as_array);
        listed.is_some_and(|list| list.iter().any(|one| one == name))
    }
}

/// Absent, null or anything.
fn or_null<'de, D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
    Value::deserialize(from)
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    #[test]
    fn a_policy_is_read_as_far_as_it_decides_over_tokens() {
        let read = |value| from_value::<AccessPolicy>(value).unwrap();
        let frequency = read(
            json!({"displayName": "Daily", "state": "enabled", "conditions": {}, "grantControls": null,
            "sessionControls": {"signInFrequency": {"value": 14, "type": "days", "isEnabled": true,
            "frequencyInterval": "timeBased"}}}),
        );
        assert_eq!(frequency.sign_in_frequency_s(), Some(14 * 86_400));
        assert!(!frequency.blocks() && !frequency.requires_mfa());
        let flows = read(json!({"displayName": "Block device code flow",
            "state": "enabledForReportingButNotEnforced", "templateId": "x",
            "conditions": {"authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"}},
            "grantControls": {"operator": "OR", "builtInControls": ["block"]}}));
        assert!(flows.blocks_device_code());
        assert_eq!(flows.state, PolicyState::ReportOnly);
        let every_time = read(
            json!({"state": "disabled", "sessionControls": {"signInFrequency":
            {"value": null, "type": null, "isEnabled": true, "frequencyInterval": "everyTime"}}}),
        );
        assert_eq!(every_time.sign_in_frequency_s(), Some(0));
        let odd = read(
            json!({"state": "new", "conditions": 7, "sessionControls": {"signInFrequency": []}}),
        );
        assert_eq!(
            (odd.state, odd.sign_in_frequency_s()),
            (PolicyState::Disabled, None)
        );
    }
}
