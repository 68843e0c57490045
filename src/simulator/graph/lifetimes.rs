//! Token lifetime policies: the tenant's, and those assigned to an application.

use axum::extract::{Path, State as Extract};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Caller, serve};
use super::people::list;
use super::problem::Problem;
use crate::simulator::directory::LifetimePolicy;
use crate::simulator::site::{Call, Site};

fn need(caller: &Caller) -> Result<(), Problem> {
    caller.need(&[
        "Policy.Read.All",
        "Policy.Read.ApplicationConfiguration",
        "Policy.ReadWrite.ApplicationConfiguration",
    ])
}

pub async fn list_all(Extract(site): Extract<Site>, call: Call, headers: HeaderMap) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        need(caller)?;
        let tenant = caller.tenant(state)?;
        let all = (1..).zip(&tenant.lifetime_policies);
        Ok(list(
            &call,
            "policies/tokenLifetimePolicies",
            all.map(|(n, policy)| shape(tenant.id, n, policy)),
        ))
    })
    .await
}

/// `servicePrincipals(appId='…')/tokenLifetimePolicies`.
pub async fn assigned(
    Extract(site): Extract<Site>,
    Path(segment): Path<String>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        let app = segment
            .strip_prefix("servicePrincipals(appId='")
            .and_then(|rest| rest.strip_suffix("')"))
            .ok_or_else(|| {
                Problem::bad_request(&format!("Resource not found for the segment '{segment}'."))
            })?;
        need(caller)?;
        caller.need(&["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"])?;
        let tenant = caller.tenant(state)?;
        let id: Uuid = app.parse().map_err(|_| Problem::not_found(app))?;
        if !tenant.principals.contains_key(&id) {
            return Err(Problem::not_found(app));
        }
        let all = (1..).zip(&tenant.lifetime_policies);
        let of_app = all.filter(|(_, policy)| policy.assigned_to.contains(&id));
        Ok(list(
            &call,
            "tokenLifetimePolicies",
            of_app.map(|(n, policy)| shape(tenant.id, n, policy)),
        ))
    })
    .await
}

/// The id is made of the tenant's, so that it stays the same.
fn shape(tenant: Uuid, number: u128, policy: &LifetimePolicy) -> Value {
    let definition = json!({"TokenLifetimePolicy": {"Version": 1, "AccessTokenLifetime": policy.access_token_lifetime}});
    json!({
        "id": Uuid::from_u128(tenant.as_u128() ^ number),
        "displayName": policy.name,
        "isOrganizationDefault": policy.organization_default,
        "definition": [definition.to_string()],
    })
}
