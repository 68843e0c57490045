//! Recorded failures of Microsoft's, newest first, and one of them whole with its diagnosis.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access_tokens::ResourceWord;
use super::standing::DiagnosisView;
use super::words::{
    At, CauseWord, TenantName, Text, cursor_of, odd_cursor, only_tenant, page_size, place_in,
};
use super::{Api, ApiResult, Endpoint, KeyHolder, Problem, Query};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::connection;
use crate::domain::msal_error::{self, Filter, From as Begin, MsalError, Row};
use crate::domain::tenant::Resource;
use crate::storage::MsalErrorId;

const GROUP: &str = "MSAL errors";

/// A failure in a list.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorView {
    /// The newest has the highest.
    id: i64,
    at: At,
    tenant: TenantName,
    resource: Option<ResourceWord>,
    operation: String,
    /// The number in AADSTS…; none when the answer had none.
    code: Option<i32>,
    /// What it was read as when it was recorded.
    cause: CauseWord,
    message: String,
    correlation_id: String,
}

/// A page, newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorPage {
    items: Vec<ErrorView>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// A failure, whole.
#[derive(Debug, Serialize, JsonSchema)]
struct WholeError {
    #[serde(flatten)]
    in_list: ErrorView,
    connection_id: Option<Uuid>,
    /// None when no answer came.
    http_status: Option<i32>,
    error: String,
    suberror: String,
    codes: Vec<i32>,
    trace_id: String,
    /// The instant in the answer, as Microsoft wrote it.
    answered_at: String,
    /// The whole answer; what looks like a secret is hidden.
    answer: String,
    diagnosis: DiagnosisView,
}

/// Which failures.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    /// A tenant's id or short name.
    #[schemars(length(min = 1, max = 64))]
    tenant: Option<String>,
    resource: Option<ResourceWord>,
    /// The number in AADSTS….
    code: Option<i32>,
    cause: Option<CauseWord>,
    /// First instant, included.
    from: Option<At>,
    /// Last instant, left out.
    until: Option<At>,
    /// Part of anything it says, three characters or more.
    #[serde(default)]
    q: Text<200>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl From<&Row> for ErrorView {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id.0,
            at: At(row.at),
            tenant: TenantName {
                id: row.tenant_id.as_uuid(),
                short_name: row.short_name.clone(),
                full_name: row.full_name.clone(),
            },
            resource: row
                .resource
                .parse::<Resource>()
                .ok()
                .map(ResourceWord::from),
            operation: row.operation.clone(),
            code: row.code,
            cause: row.cause.into(),
            message: row.message.clone(),
            correlation_id: row.correlation_id.clone(),
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::get("/api/v1/msal-errors", ApiScope::MsalErrorsRead)
                .named("list_msal_errors", GROUP, "List recorded errors")
                .query::<Asked>()
                .gives::<ErrorPage>(),
            list,
        )
        .on(
            Endpoint::get("/api/v1/msal-errors/{number}", ApiScope::MsalErrorsRead)
                .named("get_msal_error", GROUP, "Read one, with its diagnosis")
                .gives::<WholeError>(),
            show,
        )
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<ErrorPage>> {
    let size = usize::try_from(page_size(asked.limit)?).unwrap_or(50);
    let begin = match place_in(asked.cursor.as_deref())? {
        place if place.is_empty() => Begin::Newest,
        place => Begin::OlderThan(MsalErrorId(place.parse().map_err(|_| odd_cursor())?)),
    };
    let mut op = holder.begin(&app).await?;
    let tenant = only_tenant(&mut op, &holder, asked.tenant.as_deref()).await?;
    let filter = Filter {
        tenant,
        resource: asked
            .resource
            .map(|word| Resource::from(word).as_str().to_owned()),
        code: asked.code,
        cause: asked.cause.and_then(|word| word.0.parse().ok()),
        from: asked.from.map(|at| at.0),
        until: asked.until.map(|at| at.0),
        search: asked.q.trim().to_owned(),
    };
    let found = msal_error::list(&mut op, holder.scope(), &filter, begin, size).await?;
    let last = found.rows.last().filter(|_| found.older);
    Ok(Json(ErrorPage {
        next_cursor: last.map(|row| cursor_of(&row.id.0.to_string())),
        items: found.rows.iter().map(ErrorView::from).collect(),
    }))
}

async fn show(
    State(app): State<App>,
    holder: KeyHolder,
    Path(number): Path<String>,
) -> ApiResult<Json<WholeError>> {
    let id = number.parse().map_err(|_| Problem::not_found())?;
    let mut op = holder.begin(&app).await?;
    let error: MsalError = msal_error::find(&mut op, holder.scope(), MsalErrorId(id))
        .await?
        .ok_or_else(Problem::not_found)?;
    let diagnosis = connection::diagnose_recorded(&mut op, holder.scope(), &error).await?;
    Ok(Json(WholeError {
        in_list: (&error.row).into(),
        connection_id: error.connection_id.map(Uuid::from),
        http_status: error.http_status,
        answer: error.shown_raw(),
        error: error.error,
        suberror: error.suberror,
        codes: error.codes,
        trace_id: error.trace_id,
        answered_at: error.answered_at,
        diagnosis: diagnosis.into(),
    }))
}
