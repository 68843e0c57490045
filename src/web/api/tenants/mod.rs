//! Tenants: list, read, add, change, and the steps of their life.

mod change;
mod life;

pub(super) use change::invalid;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access_tokens::ResourceWord;
use super::words::{At, TenantStateWord, Text, cursor_of, page_size, place_in, tenant_of};
use super::{Api, ApiResult, Endpoint, KeyHolder, Query};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::tenant::{self, Filter, Shown, Tenant, TenantState};

const GROUP: &str = "Tenants";

/// A customer organisation.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TenantView {
    id: Uuid,
    /// 1 to 32 characters: a–z, 0–9 and inner hyphens.
    short_name: String,
    full_name: String,
    /// The customer's mail domain; empty until told.
    domain: String,
    /// Where invitations go; empty means link only.
    invitation_email: String,
    /// Who is expected to sign in; empty until known.
    admin_username: String,
    tags: Vec<String>,
    /// Resources whose tokens must be acquired.
    required_resources: Vec<ResourceWord>,
    optional_resources: Vec<ResourceWord>,
    state: TenantStateWord,
    /// Why it is suspended or archived; empty otherwise, and when nobody said.
    state_reason: String,
    /// The Entra tenant it is bound to; none before the first onboarding.
    entra_tenant_id: Option<Uuid>,
    created_at: At,
    updated_at: At,
}

/// A page of tenants by short name.
#[derive(Debug, Serialize, JsonSchema)]
struct TenantPage {
    items: Vec<TenantView>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// Which tenants.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    /// Part of a name, domain or address.
    #[serde(default)]
    q: Text<200>,
    #[serde(default)]
    tag: Option<Text<40>>,
    /// Without it: all but the archived.
    state: Option<TenantStateWord>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        let set = |required| {
            let entries = tenant.resources.iter();
            let entries = entries.filter(move |entry| entry.required == required);
            entries.map(|entry| entry.resource.into()).collect()
        };
        let reason = match &tenant.state {
            TenantState::Active => "",
            TenantState::Suspended { reason, .. } | TenantState::Archived { reason, .. } => reason,
        };
        Self {
            id: tenant.id.as_uuid(),
            short_name: tenant.short_name.to_string(),
            full_name: tenant.full_name.clone(),
            domain: tenant.domain.clone(),
            invitation_email: tenant.invitation_email.clone(),
            admin_username: tenant.admin_username.clone(),
            tags: tenant.tags.clone(),
            required_resources: set(true),
            optional_resources: set(false),
            state: (&tenant.state).into(),
            state_reason: reason.to_owned(),
            entra_tenant_id: tenant.entra_tenant_id,
            created_at: At(tenant.created_at),
            updated_at: At(tenant.updated_at),
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::get("/api/v1/tenants", ApiScope::TenantsRead)
                .named("list_tenants", GROUP, "List tenants")
                .query::<Asked>()
                .gives::<TenantPage>(),
            list,
        )
        .on(
            Endpoint::get("/api/v1/tenants/{tenant}", ApiScope::TenantsRead)
                .named("get_tenant", GROUP, "Read a tenant")
                .about("`tenant` is an id or a short name. The header `ETag` names the version; send it back as `If-Match` with a change, or as `If-None-Match` to be told only when it is another one.")
                .gives::<TenantView>()
                .versioned(),
            show,
        )
        .merge(change::endpoints())
        .merge(life::endpoints())
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<TenantPage>> {
    let limit = page_size(asked.limit)?;
    let after = place_in(asked.cursor.as_deref())?;
    let filter = Filter {
        search: asked.q.trim().to_owned(),
        tag: asked
            .tag
            .map(|tag| tag.trim().to_lowercase())
            .filter(|tag| !tag.is_empty()),
        shown: asked.state.map_or(Shown::Current, Shown::from),
    };
    let mut op = holder.begin(&app).await?;
    let found = tenant::whole(&mut op, holder.scope(), &filter, &after, limit + 1).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let items: Vec<TenantView> = found.iter().take(size).map(TenantView::from).collect();
    let next_cursor = match items.last() {
        Some(last) if found.len() > size => Some(cursor_of(&last.short_name)),
        _ => None,
    };
    Ok(Json(TenantPage { items, next_cursor }))
}

async fn show(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
    headers: HeaderMap,
) -> ApiResult {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let tag = version_of(&tenant);
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    Ok(answer(StatusCode::OK, &tenant))
}

/// The tenant with its version.
fn answer(status: StatusCode, tenant: &Tenant) -> Response {
    let headers = [(header::ETAG, version_of(tenant))];
    (status, headers, Json(TenantView::from(tenant))).into_response()
}

/// Another text after every change.
fn version_of(tenant: &Tenant) -> String {
    format!("\"{:x}\"", tenant.updated_at.unix_timestamp_nanos())
}
