//! The few Microsoft Graph calls with which an authorisation is validated and taken back, with Graph's permissions and error
//! shapes.

mod applications;
mod caller;
mod deletions;
mod lifetimes;
mod people;
mod policies;
mod problem;
mod query;

use axum::Router;
use axum::routing::{delete, get};

use super::site::Site;

/// Graph version 1.0 and the OpenID Connect userinfo address.
pub fn router() -> Router<Site> {
    Router::new()
        .route("/v1.0/organization", get(people::organization))
        .route("/v1.0/me", get(people::me))
        .route(
            "/v1.0/me/transitiveMemberOf/microsoft.graph.directoryRole",
            get(people::my_roles),
        )
        .route("/v1.0/users/{id}", get(people::user))
        .route(
            "/v1.0/roleManagement/directory/transitiveRoleAssignments",
            get(people::role_assignments),
        )
        .route("/v1.0/auditLogs/signIns", get(people::sign_ins))
        .route(
            "/v1.0/oauth2PermissionGrants",
            get(applications::permission_grants),
        )
        .route(
            "/v1.0/servicePrincipals",
            get(applications::service_principals),
        )
        .route(
            "/v1.0/servicePrincipals/{id}/appRoleAssignments",
            get(applications::app_role_assignments),
        )
        .route(
            "/v1.0/oauth2PermissionGrants/{id}",
            delete(deletions::permission_grant),
        )
        .route(
            "/v1.0/servicePrincipals/{id}/appRoleAssignments/{assignment}",
            delete(deletions::app_role_assignment),
        )
        .route(
            "/v1.0/identity/conditionalAccess/policies",
            get(policies::conditional_access),
        )
        .route(
            "/v1.0/identityProtection/riskyUsers/{id}",
            get(people::risky_user),
        )
        .route(
            "/v1.0/policies/tokenLifetimePolicies",
            get(lifetimes::list_all),
        )
        .route(
            "/v1.0/{segment}/tokenLifetimePolicies",
            get(lifetimes::assigned),
        )
        // `servicePrincipals(appId='…')` is one path segment.
        .route(
            "/v1.0/{segment}",
            get(applications::by_segment).delete(deletions::service_principal),
        )
        .route("/oidc/userinfo", get(people::userinfo))
}
