//! Suspending, resuming, archiving and restoring a tenant.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::words::tenant_of;
use super::super::{Api, ApiResult, Body, Endpoint, KeyHolder, Problem};
use super::change::invalid;
use super::{GROUP, TenantView, answer};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::tenant::{self, LifecycleError};

/// Why.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "LifecycleReason")]
struct Why {
    /// For colleagues and the audit log; at most 500 characters on one line.
    #[serde(default)]
    #[schemars(length(max = 500))]
    reason: String,
}

/// One step of a tenant's life.
#[derive(Clone, Copy)]
enum Step {
    Suspend,
    Resume,
    Archive,
    Restore,
}

pub(super) fn endpoints() -> Api {
    let call = |path, id, summary| {
        Endpoint::post(path, ApiScope::TenantsWrite)
            .named(id, GROUP, summary)
            .takes::<Why>()
            .gives::<TenantView>()
            .problems(&[(409, "other_state"), (422, "invalid")])
    };
    Api::new()
        .on(
            call(
                "/api/v1/tenants/{tenant}/suspension",
                "suspend_tenant",
                "Pause renewal and hand-out",
            ),
            |app, holder, path, body| act(app, holder, path, body, Step::Suspend),
        )
        .on(
            call(
                "/api/v1/tenants/{tenant}/resumption",
                "resume_tenant",
                "Renew again",
            ),
            |app, holder, path, body| act(app, holder, path, body, Step::Resume),
        )
        .on(
            call(
                "/api/v1/tenants/{tenant}/archival",
                "archive_tenant",
                "Put a tenant away that has left",
            ),
            |app, holder, path, body| act(app, holder, path, body, Step::Archive),
        )
        .on(
            call(
                "/api/v1/tenants/{tenant}/restoration",
                "restore_tenant",
                "Bring an archived tenant back",
            ),
            |app, holder, path, body| act(app, holder, path, body, Step::Restore),
        )
}

async fn act(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
    Body(why): Body<Why>,
    step: Step,
) -> ApiResult {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let scope = holder.scope();
    let done = match step {
        Step::Suspend => tenant::suspend(&mut op, scope, &tenant, &why.reason).await,
        Step::Resume => tenant::resume(&mut op, scope, &tenant).await,
        Step::Archive => tenant::archive(&mut op, scope, &tenant, &why.reason).await,
        Step::Restore => tenant::restore(&mut op, scope, &tenant).await,
    };
    done.map_err(|error| match error {
        LifecycleError::OtherState => Problem::conflict(
            "other_state",
            "The tenant is not in a state that allows this. Read it again.",
        ),
        LifecycleError::Reason(error) => invalid(vec![error]),
        LifecycleError::Database(error) => error.into(),
    })?;
    let made = tenant::find(&mut op, scope, tenant.id).await?;
    let made = made.ok_or_else(Problem::not_found)?;
    op.commit().await?;
    Ok(answer(StatusCode::OK, &made))
}
