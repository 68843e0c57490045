//! User realm, three ways: who checks the password of an account. Unauthenticated and unversioned, as at Microsoft.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::simulator::directory::Realm;
use crate::simulator::json::put;
use crate::simulator::site::{Call, Site};

/// What is known about the domain of an account.
struct Found {
    domain: String,
    brand: String,
    federated: bool,
}

fn find(site: &Site, upn: &str) -> Option<Found> {
    let (_, domain) = upn.rsplit_once('@')?;
    site.directory.read(|state| {
        let tenant = state.tenant_named(domain).filter(|t| !t.deleted)?;
        Some(Found {
            domain: domain.to_ascii_lowercase(),
            brand: tenant.name.clone(),
            federated: tenant.realm != Realm::Managed,
        })
    })
}

/// Where the pretend AD FS of `domain` would be.
fn sts(domain: &str) -> String {
    format!("https://sts.{domain}/adfs")
}

pub async fn version_1(State(site): State<Site>, Path(upn): Path<String>) -> Response {
    let mut body = json!({"ver": "1.0", "account_type": "Unknown",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline"});
    if let Some(found) = find(&site, &upn) {
        put(
            &mut body,
            "account_type",
            json!(if found.federated {
                "Federated"
            } else {
                "Managed"
            }),
        );
        put(&mut body, "domain_name", json!(found.domain));
        if found.federated {
            let sts = sts(&found.domain);
            put(&mut body, "federation_protocol", json!("WSTrust"));
            put(
                &mut body,
                "federation_metadata_url",
                json!(format!("{sts}/services/trust/mex")),
            );
            put(
                &mut body,
                "federation_active_auth_url",
                json!(format!("{sts}/services/trust/2005/usernamemixed")),
            );
        }
    }
    Json(body).into_response()
}

#[derive(Deserialize)]
pub struct ByUser {
    #[serde(default)]
    user: String,
}

pub async fn version_2(
    State(site): State<Site>,
    Query(query): Query<ByUser>,
    call: Call,
) -> Response {
    let mut body = json!({"NameSpaceType": "Unknown", "Login": query.user,
        "cloudinstancename": Site::host(&call.base)});
    if let Some(found) = find(&site, &query.user) {
        put(&mut body, "DomainName", json!(found.domain));
        put(&mut body, "FederationBrandName", json!(found.brand));
        put(
            &mut body,
            "NameSpaceType",
            json!(if found.federated {
                "Federated"
            } else {
                "Managed"
            }),
        );
        if found.federated {
            put(&mut body, "federation_protocol", json!("WSTrust"));
            put(
                &mut body,
                "AuthURL",
                json!(format!(
                    "{}/ls/?username={}",
                    sts(&found.domain),
                    query.user
                )),
            );
        }
    }
    Json(body).into_response()
}

#[derive(Deserialize)]
pub struct ByLogin {
    #[serde(default)]
    login: String,
    #[serde(default)]
    xml: Option<String>,
}

pub async fn srf(State(site): State<Site>, Query(query): Query<ByLogin>) -> Response {
    let found = find(&site, &query.login);
    if query.xml.as_deref() == Some("1") {
        let federated = found.as_ref().is_some_and(|f| f.federated);
        let known = found.is_some();
        let body = format!(
            "<RealmInfo Success=\"true\"><State>{}</State><UserState>1</UserState><NameSpaceType>{}</NameSpaceType>\
             <IsFederatedNS>{federated}</IsFederatedNS></RealmInfo>",
            state_number(known, federated),
            name_space(known, federated)
        );
        return ([(CONTENT_TYPE, "text/xml; charset=utf-8")], body).into_response();
    }
    let federated = found.as_ref().is_some_and(|f| f.federated);
    let mut body = json!({
        "State": state_number(found.is_some(), federated),
        "UserState": 1,
        "Login": query.login,
        "NameSpaceType": name_space(found.is_some(), federated),
        "CloudInstanceName": "microsoftonline.com",
        "CloudInstanceIssuerUri": "urn:federation:MicrosoftOnline",
    });
    if let Some(found) = found {
        put(&mut body, "DomainName", json!(found.domain));
        put(&mut body, "FederationBrandName", json!(found.brand));
        if found.federated {
            put(
                &mut body,
                "AuthURL",
                json!(format!(
                    "{}/ls/?username={}",
                    sts(&found.domain),
                    query.login
                )),
            );
        }
    }
    Json(body).into_response()
}

fn state_number(known: bool, federated: bool) -> u8 {
    match (known, federated) {
        (true, true) => 3,
        (true, false) => 4,
        (false, _) => 1,
    }
}

fn name_space(known: bool, federated: bool) -> &'static str {
    match (known, federated) {
        (true, true) => "Federated",
        (true, false) => "Managed",
        (false, _) => "Unknown",
    }
}
