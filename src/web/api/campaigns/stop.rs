//! Ending a campaign.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::{Api, ApiResult, Body, Endpoint, KeyHolder, Problem};
use super::{CampaignWithStages, GROUP, find, id_of, with_stages};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::campaign::{self, ActError};

/// What else ends with it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CampaignStopRequest")]
struct Wanted {
    /// Links that nobody has opened are withdrawn as well.
    #[serde(default)]
    withdraw_links: bool,
}

/// What the stop ended.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignStopped {
    campaign: CampaignWithStages,
    /// Tenants that are asked and reminded no more.
    tenants_stopped: u64,
    /// Mails that were queued and do not go out.
    mails_cancelled: u64,
    /// Links that were withdrawn.
    links_withdrawn: u64,
}

pub(super) fn endpoints() -> Api {
    Api::new().on(
        Endpoint::post(
            "/api/v1/campaigns/{campaign}/stop",
            ApiScope::CampaignsWrite,
        )
        .named("stop_campaign", GROUP, "Stop a campaign")
        .about(
            "Nobody is asked or reminded any more, and mails that are queued do not go out; whoever gets through all the same \
             still counts. It cannot be resumed. Takes a key that reaches every tenant of it.",
        )
        .takes::<Wanted>()
        .gives::<CampaignStopped>()
        .once()
        .problems(&[(403, "limited"), (409, "other_state")]),
        stop,
    )
}

async fn stop(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
    Body(wanted): Body<Wanted>,
) -> ApiResult<Json<CampaignStopped>> {
    let id = id_of(&id)?;
    let mut op = holder.begin(&app).await?;
    let stopped = campaign::stop(&mut op, holder.scope(), id, wanted.withdraw_links)
        .await
        .map_err(problem)?;
    let after = find(&mut op, &holder, id).await?;
    let campaign = with_stages(&app, &mut op, &holder, &after).await?;
    op.commit().await?;
    Ok(Json(CampaignStopped {
        campaign,
        tenants_stopped: stopped.tenants,
        mails_cancelled: stopped.mails,
        links_withdrawn: stopped.links,
    }))
}

fn problem(error: ActError) -> Problem {
    match error {
        ActError::NotThere => Problem::not_found(),
        ActError::NotWhole => Problem::new(
            StatusCode::FORBIDDEN,
            "limited",
            "This key or its owner is limited to some tenants",
        )
        .detail(
            "The campaign has tenants that this key does not reach. Only whoever reaches all of them may stop it.",
        ),
        ActError::WrongState | ActError::TooLate => Problem::conflict(
            "other_state",
            "Only a campaign that is running or paused can be stopped. Read it again.",
        ),
        ActError::Database(error) => error.into(),
    }
}
