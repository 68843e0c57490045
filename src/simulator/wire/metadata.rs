//! Metadata (OpenID Connect Discovery), keys and instance discovery.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::answer::{failure, identify};
use super::faults::{interrupt, spoil};
use crate::simulator::aadsts::Aadsts;
use crate::simulator::directory::{Area, Segment};
use crate::simulator::site::{Call, Site};

pub async fn openid_configuration(
    State(site): State<Site>,
    Path(tenant): Path<String>,
    call: Call,
) -> Response {
    discover(&site, &call, configuration(&site, &call, &tenant, "v2.0")).await
}

pub async fn openid_configuration_v1(
    State(site): State<Site>,
    Path(tenant): Path<String>,
    call: Call,
) -> Response {
    discover(&site, &call, configuration(&site, &call, &tenant, "v1.0")).await
}

pub async fn keys(State(site): State<Site>, Path(tenant): Path<String>, call: Call) -> Response {
    let known = site.directory.read(|state| state.segment(&tenant));
    let issuer = format!("{}/{{tenantid}}/v2.0", call.base);
    discover(&site, &call, known.map(|_| site.keys.document(&issuer))).await
}

/// Which hosts belong together. The simulator is a cloud of its own with one host.
pub async fn instance_discovery(State(site): State<Site>, call: Call) -> Response {
    let host = Site::host(&call.base);
    let body = json!({
        "tenant_discovery_endpoint":
            format!("{}/common/v2.0/.well-known/openid-configuration", call.base),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    });
    discover(&site, &call, Ok(body)).await
}

async fn discover(site: &Site, call: &Call, found: Result<Value, Aadsts>) -> Response {
    let fault = site
        .directory
        .change(|state, now| state.take_fault(Area::Discovery, None, None, now));
    if let Some(response) = fault.as_ref().and_then(|f| interrupt(site, call, f)) {
        return response;
    }
    let response = match found {
        Ok(body) => {
            let headers = [
                (CACHE_CONTROL, "max-age=86400, private"),
                (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            let mut response = (headers, Json(body)).into_response();
            identify(call, &mut response);
            response
        }
        Err(refusal) => failure(site, call, &refusal),
    };
    spoil(call, fault.as_ref(), response).await
}

fn configuration(site: &Site, call: &Call, tenant: &str, version: &str) -> Result<Value, Aadsts> {
    let (segment, region) = site.directory.read(|state| {
        let segment = state
            .segment(tenant)
            .map_err(|e| e.named("invalid_tenant"))?;
        let region = match segment {
            Segment::Tenant(id) => Some(state.live_tenant(id)?.region.clone()),
            _ => None,
        };
        Ok::<_, Aadsts>((segment, region))
    })?;
    let base = &call.base;
    let (path, issued_by) = match segment {
        Segment::Tenant(id) => (id.to_string(), id.to_string()),
        _ => (tenant.to_owned(), "{tenantid}".to_owned()),
    };
    let v2 = version == "v2.0";
    let oauth = if v2 { "oauth2/v2.0" } else { "oauth2" };
    let issuer = if v2 {
        format!("{base}/{issued_by}/v2.0")
    } else {
        format!("{base}/{issued_by}/")
    };
    Ok(json!({
        "token_endpoint": format!("{base}/{path}/{oauth}/token"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": format!("{base}/{path}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": false,
        "userinfo_endpoint": format!("{base}/oidc/userinfo"),
        "authorization_endpoint": format!("{base}/{path}/{oauth}/authorize"),
        "device_authorization_endpoint": format!("{base}/{path}/{oauth}/devicecode"),
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "end_session_endpoint": format!("{base}/{path}/{oauth}/logout"),
        "claims_supported": [
            "sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host",
            "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash",
            "c_hash", "email"],
        "kerberos_endpoint": format!("{base}/{path}/kerberos"),
        "tenant_region_scope": region,
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": Site::host(base),
        "rbac_url": "https://pas.windows.net",
    }))
}
