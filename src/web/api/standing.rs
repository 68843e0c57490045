//! How tenants stand: the rows of Authentication Status, connections, the states of tokens, and the diagnosis.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access_tokens::ResourceWord;
use super::words::{
    At, CauseWord, ConfidenceWord, ConnectionWord, ExpiryWord, GradeWord, ModeWord, ObtainedWord,
    PendingWord, RetryWord, StateWord, TenantName, Text, TokenWord, WhoWord, cursor_of, odd_cursor,
    page_size, place_in, tenant_of,
};
use super::{Api, ApiResult, Endpoint, KeyHolder, Problem, Query};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::connection::{self, Durability, Filter, ModeFilter, Row, Sort, Standing};
use crate::domain::diagnosis::Diagnosis;
use crate::domain::place::{Cursor, Place};

const GROUP: &str = "Standing";

/// A tenant's row of Authentication Status.
#[derive(Debug, Serialize, JsonSchema)]
struct StatusView {
    tenant: TenantName,
    domain: String,
    /// Who authorised us, or who is expected to; empty until known.
    admin_username: String,
    tags: Vec<String>,
    mode: ModeWord,
    state: StateWord,
    since: At,
    cause: Option<CauseWord>,
    /// The cause in a few words; empty when there is nothing to say.
    cause_text: String,
    /// Who can end the state; none when nobody has to.
    who_acts: Option<WhoWord>,
    /// When the authorisation ends by itself, as far as known.
    expires_at: Option<At>,
    expires_reason: Option<ExpiryWord>,
    last_success_at: Option<At>,
    last_error: Option<LastError>,
    /// Of the resource set: tokens whose last acquisition worked, and all.
    tokens_valid: i32,
    tokens_total: i32,
    open_invitation_id: Option<Uuid>,
    snoozed_until: Option<At>,
    snoozed_reason: String,
}

/// The newest failure.
#[derive(Debug, Serialize, JsonSchema)]
struct LastError {
    id: i64,
    at: Option<At>,
    /// The number in AADSTS…; none when the answer had none.
    code: Option<i32>,
}

/// A page, the most urgent first.
#[derive(Debug, Serialize, JsonSchema)]
struct StatusPage {
    items: Vec<StatusView>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// Which tenants.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    state: Option<StateWord>,
    cause: Option<CauseWord>,
    mode: Option<ModeWord>,
    tag: Option<Text<40>>,
    snoozed: Option<bool>,
    /// Part of a name, domain or administrator.
    #[serde(default)]
    q: Text<200>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// One authorisation.
#[derive(Debug, Serialize, JsonSchema)]
struct ConnectionView {
    id: Uuid,
    standing: ConnectionWord,
    /// What one that is pending waits for.
    pending_reason: Option<PendingWord>,
    mode: Option<ModeWord>,
    entra_tenant_id: Uuid,
    /// Who signed in; empty for an application.
    admin_username: String,
    admin_name: String,
    obtained_at: At,
    obtained_by: Option<ObtainedWord>,
    last_success_at: Option<At>,
    expires_at: Option<At>,
    expires_reason: Option<ExpiryWord>,
    /// How long one of this kind usually lasts.
    durability: Option<GradeWord>,
}

/// The current authorisation and those that wait beside it.
#[derive(Debug, Serialize, JsonSchema)]
struct Connections {
    items: Vec<ConnectionView>,
}

/// The state of the token of one resource; never the token.
#[derive(Debug, Serialize, JsonSchema)]
struct TokenView {
    resource: ResourceWord,
    required: bool,
    state: TokenWord,
    /// Permissions that the last token carried.
    scopes: Vec<String>,
    expires_at: Option<At>,
    last_success_at: Option<At>,
    last_error_at: Option<At>,
    last_error_id: Option<i64>,
    last_error_code: Option<i32>,
    cause: Option<CauseWord>,
}

/// The resource set with a token each.
#[derive(Debug, Serialize, JsonSchema)]
struct Tokens {
    items: Vec<TokenView>,
}

/// Why an authorisation is in trouble, and what ends it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DiagnosisView {
    cause: CauseWord,
    /// What happened, in a sentence.
    headline: String,
    who_acts: WhoWord,
    /// Steps for the one who acts.
    remedy: Vec<String>,
    /// Microsoft Graph PowerShell that shows or mends it.
    powershell: Option<String>,
    confidence: ConfidenceWord,
    evidence: Vec<String>,
    /// What would make it certain.
    to_be_sure: Vec<String>,
    retryable: RetryWord,
    /// Whether tokens held now still work; unknown without their end.
    access_still_works: Option<bool>,
}

/// A tenant's diagnosis; none while nothing is wrong.
#[derive(Debug, Serialize, JsonSchema)]
struct Diagnosed {
    state: StateWord,
    diagnosis: Option<DiagnosisView>,
}

impl From<&Row> for StatusView {
    fn from(row: &Row) -> Self {
        Self {
            tenant: TenantName {
                id: row.tenant_id.as_uuid(),
                short_name: row.short_name.clone(),
                full_name: row.full_name.clone(),
            },
            domain: row.domain.clone(),
            admin_username: row.admin.clone(),
            tags: row.tags.clone(),
            mode: row.connection.map(|(_, mode)| mode).into(),
            state: row.state.into(),
            since: At(row.since),
            cause: row.cause.map(CauseWord::from),
            cause_text: row.words().to_owned(),
            who_acts: row.who_acts().map(WhoWord::from),
            expires_at: row.expires.map(|(at, _)| At(at)),
            expires_reason: row.expires.map(|(_, reason)| reason.into()),
            last_success_at: row.last_ok_at.map(At),
            last_error: row.last_error.as_ref().map(|error| LastError {
                id: error.id.0,
                at: error.at.map(At),
                code: error.code,
            }),
            tokens_valid: row.tokens_valid,
            tokens_total: row.tokens_total,
            open_invitation_id: row.open_invitation.map(Uuid::from),
            snoozed_until: row.snoozed.as_ref().map(|(until, _)| At(*until)),
            snoozed_reason: row
                .snoozed
                .as_ref()
                .map(|(_, reason)| reason.clone())
                .unwrap_or_default(),
        }
    }
}

impl From<Diagnosis> for DiagnosisView {
    fn from(found: Diagnosis) -> Self {
        Self {
            cause: found.cause.into(),
            headline: found.headline,
            who_acts: found.who_acts.into(),
            remedy: found.remedy,
            powershell: found.powershell,
            confidence: found.confidence.into(),
            evidence: found.evidence,
            to_be_sure: found.to_be_sure,
            retryable: found.retryable.into(),
            access_still_works: found.access_still_works,
        }
    }
}

impl From<&Standing> for ConnectionView {
    fn from(standing: &Standing) -> Self {
        Self {
            id: standing.id.as_uuid(),
            standing: ConnectionWord::CURRENT,
            pending_reason: None,
            mode: Some(Some(standing.mode).into()),
            entra_tenant_id: standing.entra_tenant_id,
            admin_username: standing.admin_username.clone(),
            admin_name: standing.admin_name.clone(),
            obtained_at: At(standing.obtained_at),
            obtained_by: Some(standing.obtained_by.into()),
            last_success_at: standing.last_ok_at.map(At),
            expires_at: standing.expires.map(|(at, _)| At(at)),
            expires_reason: standing.expires.map(|(_, reason)| reason.into()),
            durability: Some(Durability::of(standing).grade.into()),
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::get("/api/v1/statuses", ApiScope::TenantsRead)
                .named("list_statuses", GROUP, "How every tenant stands")
                .about("The rows of Authentication Status, the most urgent first; archived tenants have none.")
                .query::<Asked>()
                .gives::<StatusPage>(),
            list,
        )
        .on(
            Endpoint::get("/api/v1/tenants/{tenant}/status", ApiScope::TenantsRead)
                .named("get_status", GROUP, "How a tenant stands")
                .gives::<StatusView>(),
            show,
        )
        .on(
            Endpoint::get("/api/v1/tenants/{tenant}/connections", ApiScope::TenantsRead)
                .named("list_connections", GROUP, "A tenant's authorisations")
                .gives::<Connections>(),
            connections,
        )
        .on(
            Endpoint::get("/api/v1/tenants/{tenant}/tokens", ApiScope::TokensRead)
                .named("list_tokens", GROUP, "The states of a tenant's tokens")
                .gives::<Tokens>(),
            tokens,
        )
        .on(
            Endpoint::get("/api/v1/tenants/{tenant}/diagnosis", ApiScope::MsalErrorsRead)
                .named("get_diagnosis", GROUP, "Why a tenant is in trouble, who acts and how")
                .gives::<Diagnosed>(),
            diagnosis,
        )
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<StatusPage>> {
    let limit = page_size(asked.limit)?;
    let place = match place_in(asked.cursor.as_deref())?.split_once('~') {
        Some((short_name, key)) => Place::After(Cursor {
            short_name: short_name.to_owned(),
            key: key.to_owned(),
        }),
        None if asked.cursor.is_none() => Place::First,
        None => return Err(odd_cursor()),
    };
    let filter = Filter {
        state: asked.state.and_then(|word| word.0.parse().ok()),
        cause: asked.cause.and_then(|word| word.0.parse().ok()),
        mode: asked.mode.and_then(|word| ModeFilter::from_word(word.0)),
        tag: asked
            .tag
            .map(|tag| tag.trim().to_lowercase())
            .filter(|tag| !tag.is_empty()),
        snoozed: asked.snoozed,
        search: asked.q.trim().to_owned(),
        ..Filter::default()
    };
    let mut op = holder.begin(&app).await?;
    let sort = Sort::default();
    let found = connection::page(&mut op, holder.scope(), &filter, sort, &place, limit).await?;
    let next = found.after.as_ref();
    Ok(Json(StatusPage {
        items: found.rows.iter().map(StatusView::from).collect(),
        next_cursor: next.map(|at| cursor_of(&format!("{}~{}", at.short_name, at.key))),
    }))
}

async fn show(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
) -> ApiResult<Json<StatusView>> {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let row = connection::one(&mut op, holder.scope(), tenant.id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    Ok(Json((&row).into()))
}

async fn connections(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
) -> ApiResult<Json<Connections>> {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let detail = connection::detail(&mut op, holder.scope(), tenant.id).await?;
    let detail = detail.ok_or_else(Problem::not_found)?;
    let current = detail.standing.as_ref().map(ConnectionView::from);
    let pending = detail.pending.into_iter().map(|grant| ConnectionView {
        id: grant.id.as_uuid(),
        standing: ConnectionWord::PENDING,
        pending_reason: Some(grant.reason.into()),
        mode: None,
        entra_tenant_id: grant.entra_tenant_id,
        admin_username: grant.admin_username,
        admin_name: grant.admin_name,
        obtained_at: At(grant.obtained_at),
        obtained_by: None,
        last_success_at: None,
        expires_at: None,
        expires_reason: None,
        durability: None,
    });
    Ok(Json(Connections {
        items: current.into_iter().chain(pending).collect(),
    }))
}

async fn tokens(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
) -> ApiResult<Json<Tokens>> {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let detail = connection::detail(&mut op, holder.scope(), tenant.id).await?;
    let detail = detail.ok_or_else(Problem::not_found)?;
    let items = detail.resources.into_iter().map(|line| TokenView {
        resource: line.resource.into(),
        required: line.required,
        state: line.state.into(),
        scopes: line.scopes,
        expires_at: line.expires_at.map(At),
        last_success_at: line.last_ok_at.map(At),
        last_error_at: line.last_error_at.map(At),
        last_error_id: line.last_error_id.map(|id| id.0),
        last_error_code: line.last_error_code,
        cause: line.cause.map(CauseWord::from),
    });
    Ok(Json(Tokens {
        items: items.collect(),
    }))
}

async fn diagnosis(
    State(app): State<App>,
    holder: KeyHolder,
    Path(named): Path<String>,
) -> ApiResult<Json<Diagnosed>> {
    let mut op = holder.begin(&app).await?;
    let tenant = tenant_of(&mut op, &holder, &named).await?;
    let row = connection::one(&mut op, holder.scope(), tenant.id).await?;
    let row = row.ok_or_else(Problem::not_found)?;
    let found = connection::diagnose(&mut op, holder.scope(), tenant.id).await?;
    Ok(Json(Diagnosed {
        state: row.state.into(),
        diagnosis: found.map(DiagnosisView::from),
    }))
}
