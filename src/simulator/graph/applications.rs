//! Enterprise applications in the caller's tenant: present, enabled, and what was consented to. Taking back is in
//! [`super::deletions`].

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use axum::extract::{Path, Query, State as Extract};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use uuid::Uuid;

use super::caller::{Caller, serve};
use super::people::list;
use super::problem::Problem;
use super::query::OData;
use crate::simulator::directory::{AppRole, Principal, Resource, State, Tenant};
use crate::simulator::json::put;
use crate::simulator::site::{Call, Site};

const READ_APPLICATIONS: [&str; 2] = ["Application.Read.All", "Directory.Read.All"];

pub async fn service_principals(
    Extract(site): Extract<Site>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&READ_APPLICATIONS)?;
        let tenant = caller.tenant(state)?;
        let app = odata.equals("appId").and_then(|id| id.parse().ok());
        let found = app.and_then(|id| principal(state, tenant, id));
        let found = found.into_iter().map(|sp| odata.pick(sp));
        Ok(list(&call, "servicePrincipals", found))
    })
    .await
}

/// `servicePrincipals(appId='…')`.
pub async fn by_segment(
    Extract(site): Extract<Site>,
    Path(segment): Path<String>,
    Query(odata): Query<OData>,
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
        caller.need(&READ_APPLICATIONS)?;
        let tenant = caller.tenant(state)?;
        let id: Uuid = app.parse().map_err(|_| Problem::not_found(app))?;
        let mut found = principal(state, tenant, id).ok_or_else(|| Problem::not_found(app))?;
        put(
            &mut found,
            "@odata.context",
            json!(format!(
                "{}/v1.0/$metadata#servicePrincipals/$entity",
                call.base
            )),
        );
        Ok(odata.pick(found))
    })
    .await
}

/// The service principal of a client application, or of one of Microsoft's resources.
fn principal(state: &State, tenant: &Tenant, app: Uuid) -> Option<Value> {
    if let Some(resource) = Resource::ALL.into_iter().find(|r| r.app_id() == app) {
        let enabled = !tenant.is_resource_off(resource);
        let mut found = shape(
            resource_principal(tenant, resource),
            app,
            resource.name(),
            enabled,
        );
        put(&mut found, "appRoles", json!(app_roles(state, resource)));
        return Some(found);
    }
    let Principal { id, enabled, .. } = tenant.principals.get(&app)?;
    let name = state.apps.get(&app).map_or("", |a| a.name.as_str());
    Some(shape(*id, app, name, *enabled))
}

fn shape(id: Uuid, app: Uuid, name: &str, enabled: bool) -> Value {
    json!({
        "id": id,
        "appId": app,
        "displayName": name,
        "accountEnabled": enabled,
        "appRoleAssignmentRequired": false,
        "disabledByMicrosoftStatus": null,
        "servicePrincipalType": "Application",
    })
}

/// The application permissions of `resource` that any registration asks for.
fn app_roles(state: &State, resource: Resource) -> Vec<Value> {
    let declared = state.apps.values().flat_map(|app| &app.required);
    let roles: BTreeSet<_> = declared
        .filter(|r| r.resource == resource)
        .flat_map(|r| &r.application)
        .collect();
    let shape = |role: &String| json!({"id": role_id(role), "value": role, "isEnabled": true});
    roles.into_iter().map(shape).collect()
}

/// The id of an application permission, made of its name.
fn role_id(role: &str) -> Uuid {
    let hash = digest::digest(&digest::SHA256, role.as_bytes());
    let first = hash.as_ref().first_chunk::<16>();
    Uuid::from_bytes(first.copied().unwrap_or_default())
}

/// The id of a granted application permission, made of what it is.
pub(super) fn assignment_id(role: &AppRole) -> String {
    let name = format!("{}/{:?}/{}", role.client, role.resource, role.role);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, name.as_bytes()))
}

/// The id of a resource's service principal in `tenant`: made of both ids, so that it stays the same.
fn resource_principal(tenant: &Tenant, resource: Resource) -> Uuid {
    Uuid::from_u128(tenant.id.as_u128() ^ resource.app_id().as_u128())
}

pub async fn permission_grants(
    Extract(site): Extract<Site>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"])?;
        let tenant = caller.tenant(state)?;
        let wanted = odata.equals("clientId");
        let grants = tenant.grants.iter().filter_map(|grant| {
            let client = tenant.principals.get(&grant.client)?.id;
            if wanted.as_ref().is_some_and(|w| *w != client.to_string()) {
                return None;
            }
            let scopes: Vec<_> = grant.scopes.iter().map(String::as_str).collect();
            Some(json!({
                "id": grant.id,
                "clientId": client,
                "consentType": if grant.principal.is_none() { "AllPrincipals" } else { "Principal" },
                "principalId": grant.principal,
                "resourceId": resource_principal(tenant, grant.resource),
                "scope": scopes.join(" "),
            }))
        });
        Ok(list(&call, "oauth2PermissionGrants", grants))
    })
    .await
}

pub async fn app_role_assignments(
    Extract(site): Extract<Site>,
    Path(id): Path<Uuid>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller: &Caller, state| {
        caller.need(&READ_APPLICATIONS)?;
        let tenant = caller.tenant(state)?;
        let client = tenant
            .principals
            .iter()
            .find(|(_, p)| p.id == id)
            .map(|(client, _)| *client)
            .ok_or_else(|| Problem::not_found(&id.to_string()))?;
        let roles = tenant
            .app_roles
            .iter()
            .filter(|r| r.client == client)
            .map(|r| {
                json!({
                    "id": assignment_id(r),
                    "principalId": id,
                    "principalType": "ServicePrincipal",
                    "resourceId": resource_principal(tenant, r.resource),
                    "resourceDisplayName": r.resource.name(),
                    "appRoleId": role_id(&r.role),
                })
            });
        Ok(list(&call, "appRoleAssignments", roles))
    })
    .await
}
