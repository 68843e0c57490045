//! "Validate Authentication" for scripts.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::words::{At, CheckWord, OutcomeWord, TenantName, tenant_of};
use super::{Api, ApiResult, Endpoint, KeyHolder, Problem};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::connection::{self, ValidateError, Validation};
use crate::domain::tenant::Tenant;
use crate::keeper::message::Check;
use crate::web::kit::error::WebError;
use crate::web::kit::load::Place;
use crate::web::kit::paths::TenantPaths;

/// One run of the live checks.
#[derive(Debug, Serialize, JsonSchema)]
struct ValidationView {
    id: Uuid,
    tenant: TenantName,
    connection_id: Uuid,
    at: At,
    /// No check failed.
    passed: bool,
    /// In the order in which people see them.
    checks: Vec<CheckView>,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
struct CheckView {
    check: CheckWord,
    outcome: OutcomeWord,
    /// What was seen, in a sentence.
    detail: String,
    /// The failure that was recorded; it has the diagnosis.
    msal_error_id: Option<i64>,
}

impl ValidationView {
    fn new(validation: Validation, tenant: &Tenant) -> Self {
        Self {
            id: validation.id.as_uuid(),
            tenant: tenant.into(),
            connection_id: validation.connection_id.as_uuid(),
            at: At(validation.at),
            passed: validation.passed,
            checks: validation.checks.into_iter().map(CheckView::from).collect(),
        }
    }
}

impl From<Check> for CheckView {
    fn from(check: Check) -> Self {
        Self {
            check: check.check.into(),
            outcome: check.outcome.into(),
            detail: check.detail,
            msal_error_id: check.error_id,
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new().on(
        Endpoint::post(
            "/api/v1/tenants/{tenant}/validation",
            ApiScope::TenantsWrite,
        )
        .named("validate_tenant", "Standing", "Validate Authentication")
        .about(
            "Runs the live checks on the connection in use, which may take a minute: every resource is refreshed, and Microsoft is \
             asked who we are there. Callers at the same moment share one run. A check that fails is a result and no refusal.",
        )
        .gives::<ValidationView>()
        .once()
        .problems(&[
            (409, "not_connected"),
            (409, "tenant_suspended"),
            (409, "quarantined"),
            (503, "no_app"),
            (503, "try_later"),
            (503, "keeper_unavailable"),
        ]),
        validate,
    )
}

async fn validate(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
    place: Option<Extension<Place>>,
) -> ApiResult<Json<ValidationView>> {
    // Whoever waits for Microsoft keeps nobody else out.
    let room = Arc::clone(&app.hand_outs).try_acquire_owned();
    let _room = room.map_err(|_| WebError::Busy { retry_after_s: 5 })?;
    if let Some(Extension(place)) = place {
        place.give_back();
    }
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let (pool, clock, keeper) = (&app.pool, &app.clock, &app.keeper);
    let done =
        connection::validate_or_join(op, pool, clock, keeper, holder.scope(), tenant.id).await;
    match done {
        Ok(validation) => Ok(Json(ValidationView::new(validation, &tenant))),
        Err(why) => Err(not_run(&app, &tenant, why)),
    }
}

/// Why no checks were run.
fn not_run(app: &App, tenant: &Tenant, why: ValidateError) -> Problem {
    let dead = |code, title: &str, detail: &str| {
        let page = TenantPaths(tenant.short_name.as_str()).m365();
        let page = app.site.base_url.join(&page);
        Problem::conflict(code, detail)
            .titled(title)
            .with("console_url", page.map(String::from).unwrap_or_default())
    };
    let unavailable =
        |code, title: &str| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, title);
    match why {
        ValidateError::NotFound => Problem::not_found(),
        ValidateError::NotConnected => dead(
            "not_connected",
            "This tenant is not connected",
            "There is nothing to validate yet: send an invitation.",
        ),
        ValidateError::Suspended => dead(
            "tenant_suspended",
            "This tenant is suspended",
            "The service provider has paused it. Resume it first.",
        ),
        ValidateError::Quarantined => dead(
            "quarantined",
            "The stored token cannot be opened",
            "It was set aside. Send an invitation, and tell an operator.",
        ),
        ValidateError::NoApp => unavailable("no_app", "No usable app registration")
            .detail("The MSP's app registration has no credential that works.")
            .retry_after(60),
        ValidateError::TryLater { retry_after_s } => {
            let seconds = retry_after_s.and_then(|s| u32::try_from(s).ok());
            unavailable("try_later", "No validation right now")
                .detail(
                    "Microsoft cannot be reached, or many validations are under way. Ask again.",
                )
                .retry_after(seconds.unwrap_or(5).max(1))
        }
        ValidateError::Keeper(unavailable) => unavailable.into(),
        ValidateError::Database(error) => error.into(),
    }
}
