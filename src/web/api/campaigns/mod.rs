//! Campaigns: list them, read one with its counts, its board in `board`, ending it in `stop`.

mod board;
mod stop;

use axum::Json;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;

use super::words::{
    At, CampaignReasonWord, CampaignStateWord, MethodWord, cursor_at, page_size, place_at,
};
use super::{Api, ApiResult, Endpoint, KeyHolder, Problem, Query};
use crate::app::App;
use crate::domain::api_key::ApiScope;
use crate::domain::campaign::{self, Campaign, Counts, Filter, Stage, State as Standing};
use crate::domain::op::Op;
use crate::storage::CampaignId;
use crate::web::kit::paths;

const GROUP: &str = "Campaigns";

/// Many customers are asked to authorise anew.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignView {
    id: Uuid,
    name: String,
    reason: CampaignReasonWord,
    state: CampaignStateWord,
    /// How the administrator signs in; none: as each tenant does now.
    method: Option<MethodWord>,
    /// Why, in the MSP's own words; empty: the reason's sentence.
    sentence: String,
    /// Mails an hour, reminders among them.
    per_hour: i32,
    /// Hours of the day, by the clock of `zone`, in which they go out; none: any.
    hours_from: Option<u8>,
    hours_until: Option<u8>,
    weekdays_only: bool,
    /// The time zone (IANA) by whose clock hours and days are meant: `Europe/Berlin`.
    zone: String,
    /// The end of the last day, by that clock.
    deadline: Option<At>,
    /// Days between reminders; none: nobody is reminded.
    remind_days: Option<i16>,
    /// Reminders at most.
    remind_most: Option<i16>,
    /// Tenants of it that this key may see.
    tenants: i64,
    /// Whether these are all; only then the key may stop it.
    whole: bool,
    /// Who made it; empty when nobody in particular.
    created_by: String,
    created_at: At,
    started_at: Option<At>,
    ended_at: Option<At>,
    /// Why it ended; empty until then.
    end_reason: String,
    /// While it runs: no mail goes out before then.
    next_send_at: Option<At>,
    /// Its page, for people.
    console_url: String,
}

/// A page, newest first.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignPage {
    items: Vec<CampaignView>,
    /// Where the next page begins; none after the last.
    next_cursor: Option<String>,
}

/// A campaign and how many of its tenants, of those that this key may see, are at each stage.
#[derive(Debug, Serialize, JsonSchema)]
struct CampaignWithStages {
    #[serde(flatten)]
    in_list: CampaignView,
    stages: StageCounts,
}

/// Tenants by how far they have come.
#[derive(Debug, Serialize, JsonSchema)]
struct StageCounts {
    /// Not mailed yet.
    waiting: i64,
    /// The mail server took the mail.
    sent: i64,
    /// Somebody opened the link and pressed on.
    opened: i64,
    /// An attempt to sign in has begun.
    started: i64,
    /// The authorisation is given.
    consented: i64,
    /// And every check has passed.
    validated: i64,
    failed: i64,
    stopped: i64,
}

/// Which campaigns.
#[derive(Debug, Deserialize, JsonSchema)]
struct Asked {
    state: Option<CampaignStateWord>,
    reason: Option<CampaignReasonWord>,
    /// Items on a page; 50 unless said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl CampaignView {
    fn new(campaign: &Campaign, base_url: &Url) -> Self {
        let page = base_url.join(&paths::campaign(campaign.id, ""));
        let runs = campaign.state == Standing::Running;
        Self {
            id: campaign.id.as_uuid(),
            name: campaign.name.clone(),
            reason: campaign.reason.into(),
            state: campaign.state.into(),
            method: campaign.method.map(MethodWord::from),
            sentence: campaign.sentence.clone(),
            per_hour: campaign.pace.per_hour,
            hours_from: campaign.pace.hours.map(|(from, _)| from),
            hours_until: campaign.pace.hours.map(|(_, until)| until),
            weekdays_only: campaign.pace.weekdays_only,
            zone: campaign.pace.zone.name().to_owned(),
            deadline: campaign.deadline.map(At),
            remind_days: campaign.reminders.map(|(days, _)| days),
            remind_most: campaign.reminders.map(|(_, most)| most),
            tenants: campaign.tenants,
            whole: campaign.is_whole,
            created_by: campaign.created_by.clone(),
            created_at: At(campaign.created_at),
            started_at: campaign.started_at.map(At),
            ended_at: campaign.ended_at.map(At),
            end_reason: campaign.end_reason.clone(),
            next_send_at: campaign.next_send_at.filter(|_| runs).map(At),
            console_url: page.map(String::from).unwrap_or_default(),
        }
    }
}

impl From<&Counts> for StageCounts {
    fn from(counts: &Counts) -> Self {
        let of = |stage| counts.get(&stage).copied().unwrap_or_default();
        Self {
            waiting: of(Stage::Waiting),
            sent: of(Stage::Sent),
            opened: of(Stage::Opened),
            started: of(Stage::Started),
            consented: of(Stage::Consented),
            validated: of(Stage::Validated),
            failed: of(Stage::Failed),
            stopped: of(Stage::Stopped),
        }
    }
}

pub(super) fn endpoints() -> Api {
    Api::new()
        .on(
            Endpoint::get("/api/v1/campaigns", ApiScope::CampaignsRead)
                .named("list_campaigns", GROUP, "List campaigns")
                .about("Those with a tenant that the key may see, the newest first.")
                .query::<Asked>()
                .gives::<CampaignPage>(),
            list,
        )
        .on(
            Endpoint::get("/api/v1/campaigns/{campaign}", ApiScope::CampaignsRead)
                .named(
                    "get_campaign",
                    GROUP,
                    "Read a campaign, with counts by stage",
                )
                .gives::<CampaignWithStages>(),
            show,
        )
        .merge(board::endpoints())
        .merge(stop::endpoints())
}

async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Query(asked): Query<Asked>,
) -> ApiResult<Json<CampaignPage>> {
    let limit = page_size(asked.limit)?;
    let last = place_at(asked.cursor.as_deref())?;
    let filter = Filter {
        state: asked.state.and_then(|word| word.0.parse().ok()),
        reason: asked.reason.and_then(|word| word.0.parse().ok()),
    };
    let mut op = holder.begin(&app).await?;
    let mut found = campaign::after(&mut op, holder.scope(), &filter, last, limit + 1).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let last = found.last().filter(|_| more);
    Ok(Json(CampaignPage {
        next_cursor: last.map(|last| cursor_at(last.created_at, last.id)),
        items: found
            .iter()
            .map(|one| CampaignView::new(one, &app.site.base_url))
            .collect(),
    }))
}

async fn show(
    State(app): State<App>,
    holder: KeyHolder,
    Path(id): Path<String>,
) -> ApiResult<Json<CampaignWithStages>> {
    let mut op = holder.begin(&app).await?;
    let campaign = find(&mut op, &holder, id_of(&id)?).await?;
    with_stages(&app, &mut op, &holder, &campaign)
        .await
        .map(Json)
}

/// The id in the address; what is none names nothing.
fn id_of(text: &str) -> ApiResult<CampaignId> {
    text.parse().map_err(|_| Problem::not_found())
}

async fn find(op: &mut Op, holder: &KeyHolder, id: CampaignId) -> ApiResult<Campaign> {
    let found = campaign::get(op, holder.scope(), id).await?;
    found.ok_or_else(Problem::not_found)
}

async fn with_stages(
    app: &App,
    op: &mut Op,
    holder: &KeyHolder,
    campaign: &Campaign,
) -> ApiResult<CampaignWithStages> {
    let counts = campaign::counts(op, holder.scope(), campaign.id).await?;
    Ok(CampaignWithStages {
        in_list: CampaignView::new(campaign, &app.site.base_url),
        stages: (&counts).into(),
    })
}
