//! Invitations: list, create, mail again, withdraw, and the Auth URL. What a creating call answers is kept for a day, so the link
//! is not in it: whoever may create asks for it by a call of its own, each of which is in the audit log.

mod make;

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::words::{
    At, InvitationFilterWord, InvitationWord, MethodWord, TenantName, Text, cursor_at, only_tenant,
    page_size, place_at,
};
use super::{Api, ApiResult, Endpoint, KeyHolder, Problem, Query};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::invitation::{self, Filter, Invitation, InvitationState, ListRow};
use crate::domain::op::{Op, Scope};
use crate::domain::tenant;

const GROUP: &str = "Invitations";

/// An invitation, without its link.
#[derive(Debug, Serialize, JsonSchema)]
struct InvitationView {
    id: Uuid,
    tenant: TenantName,
    /// What both sides can name on the phone, like `R-7KQ2`.
    reference: String,
    state: InvitationWord,
    method: MethodWord,
    /// Where the link is mailed; empty means link only.
    invitation_email: String,
    /// Who must sign in; empty means that a technician confirms who did.
    admin_username: String,
    created_at: At,
    expires_at: At,
    started_at: Option<At>,
    /// When it was used, ran out or was withdrawn.
    ended_at: Option<At>,
    device_authenticated_at: Option<At>,
    email_sent_at: Option<At>,
    email_sent_count: i32,
    /// Its bearer is asked for a PIN.
    asks_pin: bool,
}

/// A page, newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct InvitationPage {
    items: Vec<InvitationView>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// Which invitations.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    /// A tenant's id or short name.
    #[schemars(length(min = 1, max = 64))]
    tenant: Option<String>,
    state: Option<InvitationFilterWord>,
    /// Part of a name, address or reference.
    #[serde(default)]
    q: Text<200>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl InvitationView {
    fn new(invitation: &Invitation, tenant: TenantName) -> Self {
        let (started, ended) = match invitation.state {
            InvitationState::Open => (None, None),
            InvitationState::Started { at } => (Some(at), None),
            InvitationState::Completed { at }
            | InvitationState::Expired { at }
            | InvitationState::Revoked { at } => (None, Some(at)),
        };
        Self {
            id: invitation.id.as_uuid(),
            tenant,
            reference: invitation.reference.clone(),
            state: (&invitation.state).into(),
            method: invitation.method.into(),
            invitation_email: invitation.invitation_email.clone(),
            admin_username: invitation.expected_admin.clone(),
            created_at: At(invitation.created_at),
            expires_at: At(invitation.expires_at),
            started_at: started.map(At),
            ended_at: ended.map(At),
            device_authenticated_at: invitation.device_authenticated_at.map(At),
            email_sent_at: invitation.email_sent_at.map(At),
            email_sent_count: invitation.email_sent_count,
            asks_pin: invitation.pin.asked,
        }
    }

    fn of(row: &ListRow) -> Self {
        let tenant = TenantName {
            id: row.invitation.tenant_id.as_uuid(),
            short_name: row.short_name.clone(),
            full_name: row.full_name.clone(),
        };
        Self::new(&row.invitation, tenant)
    }
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::get("/api/v1/invitations", ApiScope::InvitationsRead)
                .named("list_invitations", GROUP, "List invitations")
                .query::<Asked>()
                .gives::<InvitationPage>(),
            list,
        )
        .on(
            Endpoint::get("/api/v1/invitations/{id}", ApiScope::InvitationsRead)
                .named("get_invitation", GROUP, "Read an invitation")
                .gives::<InvitationView>(),
            show,
        )
        .merge(make::endpoints())
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<InvitationPage>> {
    let limit = page_size(asked.limit)?;
    let after = place_at(asked.cursor.as_deref())?;
    let mut op = holder.begin(&app).await?;
    let tenant = only_tenant(&mut op, &holder, asked.tenant.as_deref()).await?;
    // Narrower than the key's own: the tenant was found within it.
    let scope = tenant.map_or_else(|| holder.scope(), Scope::one);
    let filter = Filter {
        state: asked.state.map(|word| word.0.to_owned()),
        search: asked.q.trim().to_owned(),
    };
    let mut rows = invitation::list_after(&mut op, scope, &filter, after, limit + 1).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let last = rows.last().filter(|_| more).map(|row| &row.invitation);
    Ok(Json(InvitationPage {
        next_cursor: last.map(|last| cursor_at(last.created_at, last.id)),
        items: rows.iter().map(InvitationView::of).collect(),
    }))
}

async fn show(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<InvitationView>> {
    let mut op = holder.begin(&app).await?;
    let invitation = find(&mut op, &holder, &id).await?;
    Ok(Json(view(&mut op, &holder, &invitation).await?))
}

async fn find(op: &mut Op, holder: &KeyHolder, id: &str) -> ApiResult<Invitation> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    let found = invitation::find(op, holder.scope(), id).await?;
    found.ok_or_else(Problem::not_found)
}

async fn view(
    op: &mut Op,
    holder: &KeyHolder,
    invitation: &Invitation,
) -> ApiResult<InvitationView> {
    let tenant = tenant::find(op, holder.scope(), invitation.tenant_id).await?;
    let tenant = tenant.ok_or_else(Problem::not_found)?;
    Ok(InvitationView::new(invitation, (&tenant).into()))
}
