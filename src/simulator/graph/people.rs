//! The organisation, its users, their roles and the sign-in log.

use axum::extract::{Path, Query, State as Extract};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::caller::serve;
use super::problem::Problem;
use super::query::OData;
use crate::simulator::directory::{Realm, State, Tenant, User, resource};
use crate::simulator::json::put;
use crate::simulator::site::{Call, Site};

pub async fn organization(
    Extract(site): Extract<Site>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["User.Read", "Organization.Read.All", "Directory.Read.All"])?;
        let tenant = caller.tenant(state)?;
        Ok(list(
            &call,
            "organization",
            vec![odata.pick(organisation(tenant))],
        ))
    })
    .await
}

fn organisation(tenant: &Tenant) -> Value {
    let initial = json!({"name": tenant.initial_domain, "isInitial": true,
        "isDefault": tenant.domains.is_empty(), "type": "Managed", "capabilities": "Email, OfficeCommunicationsOnline"});
    let kind = if tenant.realm == Realm::Managed {
        "Managed"
    } else {
        "Federated"
    };
    let custom = tenant.domains.iter().enumerate().map(|(i, domain)| {
        json!({"name": domain, "isInitial": false, "isDefault": i == 0, "type": kind,
            "capabilities": "Email, OfficeCommunicationsOnline"})
    });
    json!({
        "id": tenant.id,
        "displayName": tenant.name,
        "countryLetterCode": null,
        "tenantType": "AAD",
        "onPremisesSyncEnabled": (tenant.realm != Realm::Managed).then_some(true),
        "verifiedDomains": std::iter::once(initial).chain(custom).collect::<Vec<_>>(),
    })
}

pub async fn me(
    Extract(site): Extract<Site>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        let user = caller.user(state)?;
        caller.need(&["User.Read", "User.Read.All", "Directory.Read.All"])?;
        let mut body = person(user, state);
        put(
            &mut body,
            "@odata.context",
            json!(format!("{}/v1.0/$metadata#users/$entity", call.base)),
        );
        Ok(odata.pick(body))
    })
    .await
}

pub async fn user(
    Extract(site): Extract<Site>,
    Path(id): Path<String>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["User.Read.All", "Directory.Read.All"])?;
        let tenant = caller.tenant(state)?;
        let found = state
            .user_named(&id)
            .filter(|u| !u.deleted && u.is_in(tenant.id));
        let user = found.ok_or_else(|| Problem::not_found(&id))?;
        let mut body = person(user, state);
        put(
            &mut body,
            "@odata.context",
            json!(format!("{}/v1.0/$metadata#users/$entity", call.base)),
        );
        Ok(odata.pick(body))
    })
    .await
}

fn person(user: &User, state: &State) -> Value {
    let federated = state
        .tenants
        .get(&user.tenant)
        .is_some_and(|t| t.realm != Realm::Managed);
    let valid_from = user.tokens_valid_from.unwrap_or(user.last_password_change);
    json!({
        "id": user.oid,
        "userPrincipalName": user.upn,
        "displayName": user.name,
        "mail": user.upn,
        "accountEnabled": user.enabled,
        "userType": "Member",
        "lastPasswordChangeDateTime": instant(user.last_password_change),
        "signInSessionsValidFromDateTime": instant(valid_from),
        "onPremisesSyncEnabled": federated.then_some(true),
        "assignedLicenses": vec![json!({"skuId": SKU, "disabledPlans": []}); user.licences],
    })
}

/// Microsoft 365 E3.
const SKU: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";

pub async fn risky_user(
    Extract(site): Extract<Site>,
    Path(id): Path<String>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["IdentityRiskyUser.Read.All"])?;
        let tenant = caller.tenant(state)?;
        if !tenant.premium {
            return Err(Problem::no_premium());
        }
        let found = state
            .user_named(&id)
            .filter(|u| u.at_risk && u.is_in(tenant.id));
        let user = found.ok_or_else(|| Problem::not_found(&id))?;
        Ok(odata.pick(json!({"id": user.oid, "riskLevel": "high", "riskState": "atRisk"})))
    })
    .await
}

pub async fn my_roles(Extract(site): Extract<Site>, call: Call, headers: HeaderMap) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        let user = caller.user(state)?;
        caller.need(&[
            "User.Read",
            "Directory.Read.All",
            "RoleManagement.Read.Directory",
        ])?;
        let with_names = caller.has(&["Directory.Read.All", "RoleManagement.Read.Directory"]);
        let role = |template: &uuid::Uuid| {
            let name = with_names.then(|| resource::role_name(*template));
            json!({"@odata.type": "#microsoft.graph.directoryRole", "id": template,
                "displayName": name, "roleTemplateId": with_names.then_some(template)})
        };
        Ok(list(
            &call,
            "directoryObjects/microsoft.graph.directoryRole",
            user.roles.iter().map(role),
        ))
    })
    .await
}

pub async fn role_assignments(
    Extract(site): Extract<Site>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    let eventual = headers
        .get("ConsistencyLevel")
        .is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"eventual"));
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["RoleManagement.Read.Directory", "Directory.Read.All"])?;
        if !eventual {
            return Err(Problem::bad_request(
                "Request_UnsupportedQuery: the header 'ConsistencyLevel: eventual' is missing.",
            ));
        }
        let principal = odata
            .equals("principalId")
            .ok_or_else(|| Problem::bad_request("The filter must be: principalId eq '{id}'."))?;
        let user = state
            .user_named(&principal)
            .filter(|u| u.is_in(caller.claims.tid));
        let assignment = |template: &uuid::Uuid| {
            json!({"id": format!("{template}-{principal}"), "principalId": principal,
                "roleDefinitionId": template, "directoryScopeId": "/"})
        };
        let roles: Option<Vec<_>> = user.map(|u| u.roles.iter().map(assignment).collect());
        Ok(list(
            &call,
            "roleManagement/directory/transitiveRoleAssignments",
            roles.unwrap_or_default(),
        ))
    })
    .await
}

pub async fn sign_ins(
    Extract(site): Extract<Site>,
    Query(odata): Query<OData>,
    call: Call,
    headers: HeaderMap,
) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        caller.need(&["AuditLog.Read.All"])?;
        let tenant = caller.tenant(state)?;
        if !tenant.premium {
            return Err(Problem::no_premium());
        }
        let wanted = odata.equals("correlationId");
        let lines = tenant
            .sign_ins
            .iter()
            .rev()
            .filter(|s| wanted.as_ref().is_none_or(|w| *w == s.correlation_id.to_string()))
            .map(|s| {
                let policies: Vec<_> = (s.code == 53003)
                    .then(|| json!({"displayName": "Simulated policy", "result": "failure"}))
                    .into_iter()
                    .collect();
                json!({
                    "id": s.id,
                    "createdDateTime": instant(s.at),
                    "userPrincipalName": s.upn,
                    "userId": s.oid,
                    "appId": s.client,
                    "correlationId": s.correlation_id,
                    "conditionalAccessStatus": if policies.is_empty() { "notApplied" } else { "failure" },
                    "originalTransferMethod": if s.device_code { "deviceCodeFlow" } else { "none" },
                    "status": {"errorCode": s.code, "failureReason": s.reason},
                    "appliedConditionalAccessPolicies": policies,
                })
            });
        Ok(list(&call, "auditLogs/signIns", lines))
    })
    .await
}

pub async fn userinfo(Extract(site): Extract<Site>, call: Call, headers: HeaderMap) -> Response {
    serve(&site, &call, &headers, |caller, state| {
        let user = caller.user(state)?;
        Ok(json!({"sub": user.oid, "name": user.name, "email": user.upn}))
    })
    .await
}

/// A collection as Graph wraps it.
pub fn list(call: &Call, kind: &str, value: impl IntoIterator<Item = Value>) -> Value {
    let value: Vec<_> = value.into_iter().collect();
    json!({
        "@odata.context": format!("{}/v1.0/$metadata#{kind}", call.base),
        "@odata.count": value.len(),
        "value": value,
    })
}

/// Graph gives instants to the second.
pub fn instant(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0)
        .unwrap_or(at)
        .format(&Rfc3339)
        .unwrap_or_default()
}
