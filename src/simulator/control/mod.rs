//! The control interface: JSON for programs, one page for people. It needs no login, since nothing here is real, but
//! refuses posts that another site makes a browser send.

mod answers;
mod causes;
mod forms;
mod objects;
mod page;
mod problem;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use super::site::Site;

/// `/control` and everything below it.
pub fn router() -> Router<Site> {
    let api = Router::new()
        .route("/clock", get(causes::clock).post(causes::move_clock))
        .route(
            "/settings",
            get(objects::settings).put(objects::set_settings),
        )
        .route("/tenants", get(objects::tenants).post(objects::add_tenant))
        .route(
            "/tenants/{name}",
            get(objects::tenant).patch(objects::patch_tenant),
        )
        .route(
            "/tenants/{name}/consent",
            post(objects::grant_admin_consent),
        )
        .route("/users", get(objects::users).post(objects::add_user))
        .route("/users/{name}", patch(objects::patch_user))
        .route("/apps", get(objects::apps).post(objects::put_app))
        .route("/fleet", post(objects::plant_fleet))
        .route("/kill", post(causes::kill))
        .route("/restore", post(causes::restore))
        .route("/faults", get(causes::faults).post(causes::add_fault))
        .route("/faults", delete(causes::clear_faults))
        .route("/faults/{id}", delete(causes::clear_fault))
        .route("/device/approve", post(answers::approve_device))
        .route("/device/decline", post(answers::decline_device))
        .route("/authorize", post(answers::authorize))
        .route("/adminconsent", post(answers::admin_consent))
        .route("/approvals", get(answers::approvals))
        .route("/approvals/{id}/approve", post(answers::approve))
        .route("/approvals/{id}/deny", post(answers::deny))
        .route("/ledger", get(objects::ledger))
        .route("/ledger/check", post(objects::check));
    Router::new()
        .nest("/control/api", api)
        .merge(page::router())
}
