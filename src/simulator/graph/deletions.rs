//! Taking consent and enterprise applications away, with the permissions that Graph wants for it. Tokens that were issued
//! before stay good to their end; the next one is refused.

use axum::extract::{Path, State as Extract};
use axum::http::HeaderMap;
use axum::response::Response;
use uuid::Uuid;

use super::applications::assignment_id;
use super::caller::serve_deletion;
use super::problem::Problem;
use crate::simulator::site::{Call, Site};

pub async fn permission_grant(
    Extract(site): Extract<Site>,
    Path(id): Path<Uuid>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve_deletion(&site, &call, &headers, |caller, state| {
        caller.need(&[
            "DelegatedPermissionGrant.ReadWrite.All",
            "Directory.ReadWrite.All",
        ])?;
        let tenant = caller.tenant_mut(state)?;
        let before = tenant.grants.len();
        tenant.grants.retain(|grant| grant.id != id);
        found(before - tenant.grants.len(), &id.to_string())
    })
    .await
}

pub async fn app_role_assignment(
    Extract(site): Extract<Site>,
    Path((principal, assignment)): Path<(Uuid, String)>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve_deletion(&site, &call, &headers, |caller, state| {
        caller.need(&["AppRoleAssignment.ReadWrite.All"])?;
        let tenant = caller.tenant_mut(state)?;
        let mut principals = tenant.principals.iter();
        let client = principals
            .find(|(_, one)| one.id == principal)
            .map(|(client, _)| *client)
            .ok_or_else(|| Problem::not_found(&principal.to_string()))?;
        let before = tenant.app_roles.len();
        tenant
            .app_roles
            .retain(|role| role.client != client || assignment_id(role) != assignment);
        found(before - tenant.app_roles.len(), &assignment)
    })
    .await
}

/// `servicePrincipals(appId='…')`.
pub async fn service_principal(
    Extract(site): Extract<Site>,
    Path(segment): Path<String>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve_deletion(&site, &call, &headers, |caller, state| {
        let app = segment
            .strip_prefix("servicePrincipals(appId='")
            .and_then(|rest| rest.strip_suffix("')"))
            .and_then(|id| id.parse::<Uuid>().ok())
            .ok_or_else(|| {
                Problem::bad_request(&format!("Resource not found for the segment '{segment}'."))
            })?;
        caller.need(&["Application.ReadWrite.All", "Directory.ReadWrite.All"])?;
        let tenant = caller.tenant_mut(state)?;
        let gone = tenant.principals.remove(&app);
        tenant.grants.retain(|grant| grant.client != app);
        tenant.app_roles.retain(|role| role.client != app);
        found(usize::from(gone.is_some()), &app.to_string())
    })
    .await
}

fn found(removed: usize, id: &str) -> Result<(), Problem> {
    if removed == 0 {
        return Err(Problem::not_found(id));
    }
    Ok(())
}
