//! Conditional Access as Graph lists it: each rule of the simulated tenant as a policy of its own.

use axum::extract::State as Extract;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::serve;
use super::people::{instant, list};
use super::problem::Problem;
use crate::simulator::directory::{DeviceCodeBlock, Policies};
use crate::simulator::json::put;
use crate::simulator::site::{Call, Site};

pub async fn conditional_access(
    Extract(site): Extract<Site>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["Policy.Read.All"])?;
        let tenant = caller.tenant(state)?;
        if !tenant.premium {
            return Err(Problem::no_premium());
        }
        Ok(list(
            &call,
            "identity/conditionalAccess/policies",
            policies(&tenant.policies),
        ))
    })
    .await
}

fn policies(rules: &Policies) -> Vec<Value> {
    let mut found = Vec::new();
    if let Some(seconds) = rules.sif_seconds {
        let (value, unit) = match seconds {
            s if s % 86_400 == 0 => (s / 86_400, "days"),
            s => (s / 3_600, "hours"),
        };
        let session = json!({"signInFrequency": {"value": value, "type": unit, "isEnabled": true,
            "frequencyInterval": "timeBased"}});
        found.push(policy(
            "Sign-in frequency",
            "enabled",
            &json!({}),
            &[],
            &session,
        ));
    }
    let flows = json!({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}});
    if rules.block_device_code != DeviceCodeBlock::Off {
        found.push(policy(
            "No device code",
            "enabled",
            &flows,
            &["block"],
            &Value::Null,
        ));
    } else if let Some(since) = rules.device_code_block_announced {
        let state = "enabledForReportingButNotEnforced";
        let mut announced = policy(
            "Microsoft-managed: Block device code flow",
            state,
            &flows,
            &["block"],
            &Value::Null,
        );
        put(&mut announced, "createdDateTime", json!(instant(since)));
        put(&mut announced, "templateId", json!(Uuid::nil()));
        found.push(announced);
    }
    if rules.require_mfa || rules.mfa_required_since.is_some() {
        found.push(policy(
            "Everybody with MFA",
            "enabled",
            &json!({}),
            &["mfa"],
            &Value::Null,
        ));
    }
    if rules.compliant_device {
        let control = ["compliantDevice"];
        found.push(policy(
            "Known devices",
            "enabled",
            &json!({}),
            &control,
            &Value::Null,
        ));
    }
    if rules.ca_block_location {
        let place =
            json!({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}});
        found.push(policy(
            "Trusted places only",
            "enabled",
            &place,
            &["block"],
            &Value::Null,
        ));
    }
    found
}

fn policy(
    name: &str,
    state: &str,
    conditions: &Value,
    controls: &[&str],
    session: &Value,
) -> Value {
    json!({
        "id": Uuid::nil(),
        "displayName": name,
        "state": state,
        "createdDateTime": null,
        "modifiedDateTime": null,
        "templateId": null,
        "conditions": conditions,
        "grantControls": (!controls.is_empty()).then(|| json!({"operator": "OR", "builtInControls": controls})),
        "sessionControls": session,
    })
}
