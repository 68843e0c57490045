//! The control page: everything that can be made to happen, as forms that need no JavaScript.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use uuid::Uuid;

use super::forms;
use crate::simulator::directory::{ApprovalState, Area, Fault, Realm, State, Tenant, resource};
use crate::simulator::site::Site;
use crate::simulator::tokens::Entry;
use crate::simulator::wire::timestamp;

pub fn router() -> Router<Site> {
    Router::new()
        .route("/control", get(overview))
        .route("/control/tenants/{id}", get(tenant))
        .route("/control/clock", post(forms::clock))
        .route("/control/mode", post(forms::mode))
        .route("/control/kill", post(forms::kill))
        .route("/control/restore", post(forms::restore))
        .route("/control/fault", post(forms::fault))
        .route("/control/faults/clear", post(forms::clear_faults))
        .route("/control/approvals/{id}", post(forms::approval))
}

/// All tenants, the clock, faults and approval requests.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/control.html")]
struct OverviewPage {
    now: String,
    ahead: String,
    mode: String,
    tenants: Vec<TenantRow>,
    apps: Vec<AppRow>,
    approvals: Vec<ApprovalRow>,
    faults: Vec<String>,
}

struct TenantRow {
    id: Uuid,
    name: String,
    domain: String,
    standing: String,
    users: usize,
    working: usize,
    tokens: usize,
}

struct AppRow {
    client_id: Uuid,
    name: String,
    secrets: Vec<String>,
}

struct ApprovalRow {
    id: Uuid,
    tenant: String,
    app: String,
    by: String,
    reason: String,
}

/// One tenant: people, standing of applications, causes, tokens.
#[derive(Template, WebTemplate)]
#[template(path = "simulator/control_tenant.html")]
struct TenantPage {
    id: Uuid,
    name: String,
    domains: String,
    standing: String,
    users: Vec<UserRow>,
    apps: Vec<String>,
    entries: Vec<Entry>,
    causes: &'static [(&'static str, &'static str)],
}

struct UserRow {
    upn: String,
    name: String,
    password: String,
    roles: String,
    standing: String,
}

async fn overview(Extract(site): Extract<Site>) -> impl IntoResponse {
    let clock = site.directory.clock();
    let (now, ahead) = (clock.now(), clock.offset_ms() / 1000);
    let entries = site.directory.ledger(false);
    site.directory.read(|state| OverviewPage {
        now: timestamp(now),
        ahead: span(ahead),
        mode: format!("{:?}", state.settings.mode).to_lowercase(),
        tenants: state
            .tenants
            .values()
            .map(|t| tenant_row(state, t, &entries))
            .collect(),
        apps: state
            .apps
            .values()
            .map(|app| AppRow {
                client_id: app.client_id,
                name: app.name.clone(),
                secrets: app
                    .secrets
                    .iter()
                    .map(|s| format!("{} until {}", s.value, timestamp(s.expires_at)))
                    .collect(),
            })
            .collect(),
        approvals: approvals(state),
        faults: state.faults.iter().map(|f| describe(state, f)).collect(),
    })
}

async fn tenant(Extract(site): Extract<Site>, Path(id): Path<Uuid>) -> Response {
    let mut entries = site.directory.ledger(false);
    entries.retain(|e| e.tenant == id);
    entries.reverse();
    entries.truncate(SHOWN);
    let page = site.directory.read(|state| {
        let tenant = state.tenants.get(&id)?;
        let users = state.users.values().filter(|u| u.tenant == id);
        let users = users.map(|u| UserRow {
            upn: u.upn.clone(),
            name: u.name.clone(),
            password: u.password.clone(),
            roles: u
                .roles
                .iter()
                .map(|r| resource::role_name(*r))
                .collect::<Vec<_>>()
                .join(", "),
            standing: match (u.deleted, u.enabled) {
                (true, _) => "deleted".to_owned(),
                (_, false) => "disabled".to_owned(),
                _ => format!("second factor: {:?}", u.mfa).to_lowercase(),
            },
        });
        Some(TenantPage {
            id,
            name: tenant.name.clone(),
            domains: std::iter::once(&tenant.initial_domain)
                .chain(&tenant.domains)
                .cloned()
                .collect::<Vec<_>>()
                .join(", "),
            standing: standing(tenant),
            users: users.collect(),
            apps: applications(state, tenant),
            entries,
            causes: &forms::TENANT_CAUSES,
        })
    });
    match page {
        Some(page) => page.into_response(),
        None => (StatusCode::NOT_FOUND, "There is no such tenant.").into_response(),
    }
}

fn tenant_row(state: &State, tenant: &Tenant, entries: &[Entry]) -> TenantRow {
    let of_tenant = || entries.iter().filter(|e| e.tenant == tenant.id);
    TenantRow {
        id: tenant.id,
        name: tenant.name.clone(),
        domain: tenant.default_domain().to_owned(),
        standing: standing(tenant),
        users: state
            .users
            .values()
            .filter(|u| u.tenant == tenant.id)
            .count(),
        working: of_tenant().filter(|e| e.works).count(),
        tokens: of_tenant().count(),
    }
}

/// What is unusual about a tenant, in words.
fn standing(tenant: &Tenant) -> String {
    let policies = &tenant.policies;
    let sign_in_frequency = policies
        .sif_seconds
        .map(|s| format!("sign-in every {}", span(s)));
    let words = [
        tenant.deleted.then(|| "gone".to_owned()),
        (tenant.realm != Realm::Managed).then(|| "federated".to_owned()),
        (policies.block_device_code != crate::simulator::directory::DeviceCodeBlock::Off)
            .then(|| "device code blocked".to_owned()),
        sign_in_frequency,
        policies
            .require_mfa
            .then(|| "second factor required".to_owned()),
        policies
            .compliant_device
            .then(|| "compliant device required".to_owned()),
        policies
            .ca_block_location
            .then(|| "blocked by Conditional Access".to_owned()),
        tenant
            .approval_workflow
            .then(|| "approval workflow".to_owned()),
    ];
    let words: Vec<_> = words.into_iter().flatten().collect();
    words.join(", ")
}

fn applications(state: &State, tenant: &Tenant) -> Vec<String> {
    let line = |(client, principal): (&Uuid, &crate::simulator::directory::Principal)| {
        let name = state.apps.get(client).map_or("?", |a| a.name.as_str());
        let on = if principal.enabled {
            "enabled"
        } else {
            "disabled"
        };
        let scopes: Vec<_> = tenant
            .grants
            .iter()
            .filter(|g| g.client == *client)
            .map(|g| {
                let scopes: Vec<_> = g.scopes.iter().map(String::as_str).collect();
                format!("{}: {}", g.resource.name(), scopes.join(" "))
            })
            .collect();
        format!("{name} ({client}), {on}. {}", scopes.join("; "))
    };
    tenant.principals.iter().map(line).collect()
}

fn approvals(state: &State) -> Vec<ApprovalRow> {
    let mut rows = Vec::new();
    for tenant in state.tenants.values() {
        for request in &tenant.approvals {
            if request.state != ApprovalState::Waiting {
                continue;
            }
            let app = state.apps.get(&request.client);
            let by = state.users.get(&request.requested_by);
            rows.push(ApprovalRow {
                id: request.id,
                tenant: tenant.name.clone(),
                app: app.map(|a| a.name.clone()).unwrap_or_default(),
                by: by.map(|u| u.upn.clone()).unwrap_or_default(),
                reason: request.reason.clone(),
            });
        }
    }
    rows
}

fn describe(state: &State, fault: &Fault) -> String {
    let tenant = fault.tenant.and_then(|id| state.tenants.get(&id));
    let whom = tenant.map_or("everybody", |t| t.name.as_str());
    let calls = fault
        .remaining
        .map_or_else(|| "all calls".to_owned(), |n| format!("{n} calls"));
    let until = fault
        .until
        .map(|t| format!(" until {}", timestamp(t)))
        .unwrap_or_default();
    let area = match fault.area {
        Area::Token => "token endpoint",
        Area::DeviceCode => "device code endpoint",
        Area::Graph => "Graph",
        Area::Discovery => "metadata and keys",
        Area::Any => "everything",
    };
    format!("{} at {area} for {whom}, {calls}{until}", fault.kind)
}

/// A number of seconds as days, hours and minutes.
fn span(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86400, seconds % 86400 / 3600, seconds % 3600 / 60);
    format!("{days} d {hours} h {minutes} min")
}

/// So many refresh tokens stand on a tenant's page; the JSON ledger has all.
const SHOWN: usize = 100;
