//! JSON for what the directory holds: settings, tenants, users, apps, the ledger.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::problem::Problem;
use crate::simulator::directory::{
    App, FleetOrder, Member, NewTenant, NewUser, Settings, TenantPatch, User, UserPatch, Wanted,
};
use crate::simulator::site::Site;
use crate::simulator::tokens::Entry;

/// An answer that carries the id of what was made.
type Made = Result<(StatusCode, Json<Value>), Problem>;

pub async fn settings(State(site): State<Site>) -> Json<Settings> {
    Json(site.directory.settings())
}

pub async fn set_settings(
    State(site): State<Site>,
    Json(settings): Json<Settings>,
) -> Json<Settings> {
    site.directory.set_settings(settings);
    Json(site.directory.settings())
}

pub async fn tenants(State(site): State<Site>) -> Json<Value> {
    Json(
        site.directory
            .read(|state| json!(state.tenants.values().collect::<Vec<_>>())),
    )
}

pub async fn tenant(
    State(site): State<Site>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    site.directory
        .read(|state| state.tenant_named(&name).map(|t| Json(json!(t))))
        .ok_or_else(|| crate::simulator::directory::EditError::unknown("tenant", name).into())
}

pub async fn add_tenant(State(site): State<Site>, Json(new): Json<NewTenant>) -> Made {
    let id = site.directory.add_tenant(new)?;
    Ok((StatusCode::CREATED, Json(json!({"id": id}))))
}

pub async fn patch_tenant(
    State(site): State<Site>,
    Path(name): Path<String>,
    Json(patch): Json<TenantPatch>,
) -> Result<StatusCode, Problem> {
    site.directory.patch_tenant(&name, patch)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn plant_fleet(
    State(site): State<Site>,
    Json(order): Json<FleetOrder>,
) -> Result<Json<Vec<Member>>, Problem> {
    Ok(Json(site.directory.plant_fleet(&order)?))
}

/// Consent for the organisation; without `permissions` to all that the application declares.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminGrant {
    client_id: Uuid,
    #[serde(default)]
    permissions: Option<Vec<Wanted>>,
}

pub async fn grant_admin_consent(
    State(site): State<Site>,
    Path(name): Path<String>,
    Json(grant): Json<AdminGrant>,
) -> Result<StatusCode, Problem> {
    site.directory
        .grant_admin_consent(&name, grant.client_id, grant.permissions.as_deref())?;
    Ok(StatusCode::NO_CONTENT)
}

/// `?tenant=` narrows the list to one tenant, by GUID or domain.
#[derive(Deserialize)]
pub struct OfTenant {
    #[serde(default)]
    tenant: Option<String>,
}

pub async fn users(State(site): State<Site>, Query(query): Query<OfTenant>) -> Json<Value> {
    Json(site.directory.read(|state| {
        let tenant = query.tenant.as_deref();
        let tenant = tenant.map(|name| state.tenant_named(name).map(|t| t.id));
        let wanted = |u: &&User| tenant.is_none_or(|t| t == Some(u.tenant));
        json!(state.users.values().filter(wanted).collect::<Vec<_>>())
    }))
}

pub async fn add_user(State(site): State<Site>, Json(new): Json<NewUser>) -> Made {
    let oid = site.directory.add_user(new)?;
    Ok((StatusCode::CREATED, Json(json!({"oid": oid}))))
}

pub async fn patch_user(
    State(site): State<Site>,
    Path(name): Path<String>,
    Json(patch): Json<UserPatch>,
) -> Result<StatusCode, Problem> {
    site.directory.patch_user(&name, patch)?;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn apps(State(site): State<Site>) -> Json<Value> {
    Json(
        site.directory
            .read(|state| json!(state.apps.values().collect::<Vec<_>>())),
    )
}

/// Add a registration or replace the one with the same client id.
pub async fn put_app(State(site): State<Site>, Json(app): Json<App>) -> Made {
    let id = site.directory.put_app(app);
    Ok((StatusCode::CREATED, Json(json!({"client_id": id}))))
}

/// `?values=1` adds the tokens themselves.
#[derive(Deserialize)]
pub struct LedgerQuery {
    #[serde(default)]
    values: Option<String>,
}

pub async fn ledger(
    State(site): State<Site>,
    Query(query): Query<LedgerQuery>,
) -> Json<Vec<Entry>> {
    Json(site.directory.ledger(query.values.as_deref() == Some("1")))
}

/// One fingerprint or several.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Fingerprints {
    One { sha256: String },
    Many { sha256: Vec<String> },
}

/// What the ledger says of one fingerprint.
#[derive(Serialize)]
pub struct Checked {
    sha256: String,
    known: bool,
    works: bool,
    why_not: Option<String>,
}

pub async fn check(
    State(site): State<Site>,
    Json(asked): Json<Fingerprints>,
) -> Json<Vec<Checked>> {
    let asked = match asked {
        Fingerprints::One { sha256 } => vec![sha256],
        Fingerprints::Many { sha256 } => sha256,
    };
    let check = |sha256: String| {
        let entry = site.directory.ledger_entry(&sha256);
        Checked {
            known: entry.is_some(),
            works: entry.as_ref().is_some_and(|e| e.works),
            why_not: entry.and_then(|e| e.why_not),
            sha256,
        }
    };
    Json(asked.into_iter().map(check).collect())
}
