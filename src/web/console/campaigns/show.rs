//! One campaign: what it is, how far everybody has come, and what can be done. A draft shows who would be asked, and with
//! which mail.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use serde::Deserialize;
use time::OffsetDateTime;

use super::counts::CountsView;
use super::facts::{facts, needless, takes};
use super::sample::{Sample, sample};
use super::{class_of, standing};
use crate::app::App;
use crate::domain::campaign::{
    self, BoardRow, Campaign, Outlook, RowFilter, Stage, State as Standing,
};
use crate::domain::line::plain;
use crate::storage::CampaignId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::paging::{Pager, Paging, with_query};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/campaigns/show.html")]
pub struct Show {
    chrome: Chrome,
    name: String,
    state: (&'static str, &'static str),
    facts: Vec<(&'static str, String)>,
    counts: CountsView,
    rows: Vec<RowView>,
    pager: Pager,
    search: String,
    /// The stage that the list is narrowed to; empty for all.
    stage: &'static str,
    filtered: bool,
    here: String,
    csv: String,
    /// None when the viewer can do nothing with it.
    acts: Option<Acts>,
    draft: Option<Draft>,
    /// Out of the viewer's reach are some of its tenants.
    is_part: bool,
}

/// What can be done now; empty addresses: not this.
struct Acts {
    pause: String,
    resume: String,
    stop: String,
    retry: String,
}

/// What is to be seen before it starts.
struct Draft {
    tenants: i64,
    outlook: Outlook,
    takes: String,
    /// Why those who need not be asked are not.
    needless: &'static str,
    sample: Option<Sample>,
    start: String,
    discard: String,
    no_mail_server: bool,
    /// Other campaigns of this name that are not over.
    namesakes: i64,
}

/// One tenant.
struct RowView {
    short_name: String,
    full_name: String,
    href: String,
    email: String,
    class: &'static str,
    label: &'static str,
    why: String,
    since: When,
    last_mail: Option<When>,
    next_reminder: Option<When>,
    reminders: i32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Params {
    pub stage: String,
    pub q: String,
    page: Option<i64>,
    size: Option<i64>,
}

impl Params {
    pub fn filter(&self) -> RowFilter {
        RowFilter {
            stage: self.stage.parse().ok(),
            search: plain(&self.q),
        }
    }
}

/// The id in the address; what is none names nothing.
pub fn id_of(text: &str) -> WebResult<CampaignId> {
    text.parse().map_err(|_| WebError::NotFound)
}

/// GET: everything about one.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> WebResult<Show> {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    let found = campaign::get(&mut op, viewer.scope, id).await?;
    let campaign = found.ok_or(WebError::NotFound)?;
    let filter = params.filter();
    let paging = Paging::new(params.page, params.size);
    let counts = campaign::counts(&mut op, viewer.scope, id).await?;
    let (size, offset) = (paging.size, paging.offset());
    let (rows, total) = campaign::board(&mut op, viewer.scope, id, &filter, size, offset).await?;
    let may_act = viewer.may_change() && campaign.is_whole;
    let draft = if campaign.state == Standing::Draft {
        let outlook = campaign::outlook(&mut op, viewer.scope, id).await?;
        Some(Draft {
            tenants: campaign.tenants,
            takes: takes(&campaign, outlook.asked),
            needless: needless(campaign.reason),
            outlook,
            sample: sample(&app, &mut op, &viewer, &campaign, outlook.first).await?,
            start: if may_act {
                paths::campaign(id, "start")
            } else {
                String::new()
            },
            discard: paths::campaign(id, "removal"),
            no_mail_server: app.mailer.is_none(),
            namesakes: campaign::namesakes(&mut op, viewer.scope, &campaign).await?,
        })
    } else {
        None
    };
    let now = op.now();
    let failed = campaign::not_asked(&mut op, id).await?;
    let here = paths::campaign(id, "");
    let stage = filter.stage.map_or("", Stage::as_str);
    let filters = [("stage", stage), ("q", filter.search.as_str())];
    Ok(Show {
        name: campaign.name.clone(),
        state: standing(&campaign),
        facts: facts(&campaign, now),
        counts: CountsView::of(&counts, filter.stage, &filter.search, &here),
        rows: rows.iter().map(|row| RowView::of(row, now)).collect(),
        pager: Pager::new(&here, &filters, paging, total),
        filtered: filter != RowFilter::default(),
        csv: with_query(&paths::campaign(id, "tenants.csv"), &filters, &[]),
        acts: may_act
            .then(|| Acts::of(&campaign, failed > 0, now))
            .filter(Acts::any),
        is_part: !campaign.is_whole,
        search: filter.search,
        stage,
        draft,
        here,
        chrome,
    })
}

impl Acts {
    fn any(&self) -> bool {
        ![&self.pause, &self.resume, &self.stop, &self.retry]
            .iter()
            .all(|address| address.is_empty())
    }

    fn of(campaign: &Campaign, any_failed: bool, now: OffsetDateTime) -> Self {
        let act = |name, when| {
            if when {
                paths::campaign(campaign.id, name)
            } else {
                String::new()
            }
        };
        let runs = campaign.state == Standing::Running;
        Self {
            pause: act("pause", runs),
            resume: act("resumption", campaign.state == Standing::Paused),
            stop: act("stop", campaign.is_live()),
            retry: act("retry", any_failed && campaign.may_try_again(now)),
        }
    }
}

impl RowView {
    fn of(row: &BoardRow, now: OffsetDateTime) -> Self {
        Self {
            short_name: row.short_name.clone(),
            full_name: row.full_name.clone(),
            href: TenantPaths(&row.short_name).overview(),
            email: row.email.clone(),
            class: class_of(row.stage),
            label: row.stage.label(),
            why: row.why.clone(),
            since: When::new(row.since, now),
            last_mail: When::maybe(row.last_mail_at, now),
            next_reminder: When::maybe(row.next_reminder_at, now),
            reminders: row.reminders,
        }
    }
}
