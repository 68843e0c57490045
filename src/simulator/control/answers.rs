//! JSON for what people would do in a browser: approve a device code, go through authorize or admin consent, decide
//! over approval requests.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::problem::Problem;
use crate::simulator::directory::{EditError, answers::Decision};
use crate::simulator::site::{Call, Site};
use crate::simulator::tokens::{Person, Willing};

/// A user code and who answers it.
#[derive(Deserialize)]
pub struct ForCode {
    user_code: String,
    #[serde(flatten)]
    person: Option<Person>,
}

pub async fn approve_device(
    State(site): State<Site>,
    Json(body): Json<ForCode>,
) -> Result<StatusCode, Problem> {
    let person = body
        .person
        .ok_or_else(|| EditError::Invalid("'upn' says who approves".to_owned()))?;
    site.directory.approve_device(&body.user_code, &person)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn decline_device(
    State(site): State<Site>,
    Json(body): Json<ForCode>,
) -> Result<StatusCode, Problem> {
    site.directory.decline_device(&body.user_code)?;
    Ok(StatusCode::NO_CONTENT)
}

/// The address a browser would have been sent to, and who goes through it.
#[derive(Deserialize)]
pub struct ForUrl {
    url: Url,
    #[serde(flatten)]
    person: Person,
}

/// Go through the authorize endpoint; `redirect` is where the browser would land.
pub async fn authorize(
    State(site): State<Site>,
    call: Call,
    Json(body): Json<ForUrl>,
) -> Result<Json<Value>, Problem> {
    let (segment, query) = parts(&body.url)?;
    let redirect = site
        .directory
        .authorize(&call.base, &segment, &query, &body.person)?;
    Ok(Json(json!({"redirect": redirect})))
}

/// Go through the admin consent endpoint; `redirect` is where the browser would land.
pub async fn admin_consent(
    State(site): State<Site>,
    call: Call,
    Json(body): Json<ForUrl>,
) -> Result<Json<Value>, Problem> {
    let (segment, query) = parts(&body.url)?;
    let v1 = !body.url.path().contains("/v2.0/");
    let refuse = body.person.consent == Willing::Refuse;
    let redirect =
        site.directory
            .admin_consent(&call, &segment, &query, v1, &body.person, refuse)?;
    Ok(Json(json!({"redirect": redirect})))
}

/// The tenant segment and the query of an address.
fn parts(url: &Url) -> Result<(String, HashMap<String, String>), EditError> {
    let segment = url
        .path_segments()
        .and_then(|mut segments| segments.next())
        .ok_or_else(|| EditError::Invalid(format!("{url} names no tenant")))?;
    Ok((segment.to_owned(), url.query_pairs().into_owned().collect()))
}

pub async fn approvals(State(site): State<Site>) -> Json<Value> {
    Json(site.directory.read(|state| {
        let of_tenant = |t: &crate::simulator::directory::Tenant| {
            let id = t.id;
            let line = move |a| json!({"tenant": id, "request": a});
            t.approvals.clone().into_iter().map(line)
        };
        json!(
            state
                .tenants
                .values()
                .flat_map(of_tenant)
                .collect::<Vec<_>>()
        )
    }))
}

pub async fn approve(
    State(site): State<Site>,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    site.directory.decide_approval(id, Decision::Approve)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn deny(State(site): State<Site>, Path(id): Path<Uuid>) -> Result<StatusCode, Problem> {
    site.directory.decide_approval(id, Decision::Deny)?;
    Ok(StatusCode::NO_CONTENT)
}
