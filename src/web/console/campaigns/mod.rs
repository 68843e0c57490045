//! "Campaigns": many customers are asked at once. The list, a form that makes a draft, and each campaign's page: the preview of
//! a draft, then the board of who has come how far.

mod acts;
mod counts;
mod export;
mod facts;
mod new;
mod sample;
mod show;
mod who;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use crate::app::App;
use crate::domain::campaign::{self, Campaign, Stage, State as Standing};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::{Pager, Paging};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/campaigns/index.html")]
struct Index {
    chrome: Chrome,
    lines: Vec<Line>,
    pager: Pager,
}

/// One campaign.
struct Line {
    name: String,
    href: String,
    reason: &'static str,
    state: (&'static str, &'static str),
    tenants: i64,
    by: String,
    created: When,
    deadline: Option<When>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    page: Option<i64>,
    size: Option<i64>,
}

/// For fuzzing: the forms, as read.
#[cfg(feature = "faults")]
pub(super) fn read_forms(body: &[u8]) {
    use crate::web::fuzzing::form;
    if let Some(sent) = form::<new::Sent>(body) {
        let _ = sent.typed().parse(time::OffsetDateTime::UNIX_EPOCH);
    }
}

pub(super) fn router() -> Routes {
    const PAGE: &str = "/monitoring/campaigns/{id}";
    let act = |name: &str| format!("{PAGE}/{name}");
    Routes::new()
        .get(paths::CAMPAIGNS, Policy::LOOK, index)
        .get(paths::NEW_CAMPAIGN, Policy::WORK, new::show)
        .post(paths::CAMPAIGNS, Policy::WORK, new::make)
        .get(PAGE, Policy::LOOK, show::show)
        .get(&act("tenants.csv"), Policy::LOOK, export::download)
        .fresh()
        .post(&act("start"), Policy::WORK, acts::start)
        .fresh()
        .post(&act("pause"), Policy::WORK, acts::pause)
        .post(&act("resumption"), Policy::WORK, acts::resume)
        .post(&act("stop"), Policy::WORK, acts::stop)
        .post(&act("retry"), Policy::WORK, acts::retry)
        .post(&act("removal"), Policy::WORK, acts::discard)
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Index> {
    let mut op = viewer.begin(&app).await?;
    let paging = Paging::new(params.page, params.size);
    let (size, offset) = (paging.size, paging.offset());
    let (found, total) = campaign::list(&mut op, viewer.scope, size, offset).await?;
    let now = op.now();
    Ok(Index {
        lines: found
            .iter()
            .map(|one| Line {
                name: one.name.clone(),
                href: paths::campaign(one.id, ""),
                reason: one.reason.label(),
                state: standing(one),
                tenants: one.tenants,
                by: one.created_by.clone(),
                created: When::new(one.created_at, now),
                deadline: When::maybe(one.deadline, now),
            })
            .collect(),
        pager: Pager::new(paths::CAMPAIGNS, &[], paging, total),
        chrome,
    })
}

/// Badge class and word.
fn standing(campaign: &Campaign) -> (&'static str, &'static str) {
    let class = match campaign.state {
        Standing::Draft => "none",
        Standing::Running => "pending",
        Standing::Paused => "expiring",
        Standing::Stopped => "suspended",
        Standing::Done => "valid",
    };
    (class, campaign.state.label())
}

/// Last part of a stage's classes.
const fn class_of(stage: Stage) -> &'static str {
    match stage {
        Stage::Waiting => "none",
        Stage::Sent => "pending",
        Stage::Opened => "retrying",
        Stage::Started => "expiring",
        Stage::Consented => "consented",
        Stage::Validated => "valid",
        Stage::Failed => "expired",
        Stage::Stopped => "suspended",
    }
}
