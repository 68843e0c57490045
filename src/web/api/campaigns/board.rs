//! The board of a campaign: who has come how far.

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::super::words::{At, StageWord, TenantName, Text, cursor_of, page_size, place_in};
use super::super::{Api, ApiResult, Endpoint, KeyHolder, Query};
use super::{GROUP, find, id_of};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::campaign::{self, BoardRow, RowFilter};
use crate::domain::line::plain;

/// One tenant of a campaign.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignTenant {
    tenant: TenantName,
    /// Where its invitations go; empty when there is no address.
    invitation_email: String,
    stage: StageWord,
    since: At,
    /// What is special, in words; empty when nothing is.
    why: String,
    last_mail_at: Option<At>,
    next_reminder_at: Option<At>,
    /// Reminders so far.
    reminders: i32,
    /// The invitation that counts; none before the first mail.
    invitation_id: Option<Uuid>,
}

/// A page of tenants by short name.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignTenantPage {
    items: Vec<CampaignTenant>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// Which tenants.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    stage: Option<StageWord>,
    /// Part of a name or address.
    #[serde(default)]
    q: Text<200>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl From<&BoardRow> for CampaignTenant {
    fn from(row: &BoardRow) -> Self {
        Self {
            tenant: TenantName {
                id: row.tenant_id.as_uuid(),
                short_name: row.short_name.clone(),
                full_name: row.full_name.clone(),
            },
            invitation_email: row.email.clone(),
            stage: row.stage.into(),
            since: At(row.since),
            why: row.why.clone(),
            last_mail_at: row.last_mail_at.map(At),
            next_reminder_at: row.next_reminder_at.map(At),
            reminders: row.reminders,
            invitation_id: row.invitation.map(Uuid::from),
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new().on(
        Endpoint::get(
            "/api/v1/campaigns/{campaign}/tenants",
            ApiScope::CampaignsRead,
        )
        .named("list_campaign_tenants", GROUP, "Who has come how far")
        .about("The board: its tenants that the key may see, by short name.")
        .query::<Asked>()
        .gives::<CampaignTenantPage>(),
        list,
    )
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<CampaignTenantPage>> {
    let limit = page_size(asked.limit)?;
    let last = place_in(asked.cursor.as_deref())?;
    let filter = RowFilter {
        stage: asked.stage.and_then(|word| word.0.parse().ok()),
        search: plain(&asked.q),
    };
    let mut op = holder.begin(&app).await?;
    let id = find(&mut op, &holder, id_of(&id)?).await?.id;
    let scope = holder.scope();
    let found = campaign::board_after(&mut op, scope, id, &filter, &last, limit + 1).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let items: Vec<_> = found.iter().take(size).map(CampaignTenant::from).collect();
    let next_cursor = match items.last() {
        Some(last) if found.len() > size => Some(cursor_of(&last.tenant.short_name)),
        _ => None,
    };
    Ok(Json(CampaignTenantPage { items, next_cursor }))
}
