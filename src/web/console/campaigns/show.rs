//! One campaign: what it is, how far everybody has come, and what can be done. A draft shows who would be asked, and with
//! which mail.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use super::sample::{Sample, sample};
use super::{class_of, standing};
use crate::app::App;
use crate::domain::campaign::{
    self, BoardRow, Campaign, Counts, RowFilter, Stage, State as Standing,
};
use crate::domain::line::plain;
use crate::storage::CampaignId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::paging::{Pager, Paging, with_query};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::{When, amount};

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
    no_address: i64,
    not_served: i64,
    takes: String,
    sample: Option<Sample>,
    start: String,
    discard: String,
    no_mail_server: bool,
}

/// The stages with their numbers.
struct CountsView {
    all: i64,
    all_href: String,
    stages: Vec<CountView>,
}

struct CountView {
    class: &'static str,
    label: &'static str,
    word: &'static str,
    count: i64,
    href: String,
    chosen: bool,
    /// Place and width on a bar that is 1000 wide.
    x: i64,
    width: i64,
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
        let (no_address, not_served) = campaign::without(&mut op, viewer.scope, id).await?;
        Some(Draft {
            tenants: campaign.tenants,
            no_address,
            not_served,
            takes: takes(&campaign, campaign.tenants - no_address),
            sample: sample(&app, &mut op, &viewer, &campaign).await?,
            start: if may_act {
                paths::campaign(id, "start")
            } else {
                String::new()
            },
            discard: paths::campaign(id, "removal"),
            no_mail_server: app.mailer.is_none(),
        })
    } else {
        None
    };
    let now = op.now();
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
        acts: (may_act && campaign.is_live()).then(|| Acts::of(&campaign)),
        is_part: !campaign.is_whole,
        search: filter.search,
        stage,
        draft,
        here,
        chrome,
    })
}

impl Acts {
    fn of(campaign: &Campaign) -> Self {
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
            resume: act("resumption", !runs),
            stop: act("stop", true),
            retry: act("retry", true),
        }
    }
}

/// `about 3 hours of mailing`
fn takes(campaign: &Campaign, mails: i64) -> String {
    let span = campaign.pace.takes(mails.max(0));
    if span < Duration::minutes(1) {
        "less than a minute".to_owned()
    } else {
        format!("about {}", amount(span))
    }
}

fn facts(campaign: &Campaign, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let when = |at: OffsetDateTime| {
        let when = When::new(at, now);
        format!("{} ({})", when.exact, when.distance)
    };
    let mut facts = vec![("Reason", campaign.reason.label().to_owned())];
    if !campaign.sentence.is_empty() {
        facts.push(("In own words", campaign.sentence.clone()));
    }
    let made = when(campaign.created_at);
    facts.push(if campaign.created_by.is_empty() {
        ("Made", made)
    } else {
        ("Made", format!("{made}, by {}", campaign.created_by))
    });
    if let Some(at) = campaign.started_at {
        facts.push(("Started", when(at)));
    }
    let pace = &campaign.pace;
    let mut words = format!("{} mails an hour", pace.per_hour);
    if let Some((from, until)) = pace.hours {
        let between = format!(", from {from}:00 to {until}:00");
        words.push_str(&between);
    }
    if pace.weekdays_only {
        words += ", Monday to Friday";
    }
    if pace.hours.is_some() || pace.weekdays_only {
        words = format!("{words} ({})", pace.zone.name());
    }
    facts.push(("Pace", words));
    facts.push((
        "Reminders",
        campaign.reminders.map_or_else(
            || "none".to_owned(),
            |(days, most)| format!("every {days} days, at most {most}"),
        ),
    ));
    if let Some((at, day)) = campaign.deadline.zip(campaign.last_day()) {
        let day = format!("the end of {day} in {}: {}", pace.zone.name(), when(at));
        facts.push(("Deadline", day));
    }
    if campaign.state == Standing::Running
        && let Some(at) = campaign.next_send_at.filter(|at| *at > now)
    {
        facts.push(("Next mail", format!("not before {}", when(at))));
    }
    if let Some(at) = campaign.ended_at {
        facts.push(("Ended", format!("{}: {}", when(at), campaign.end_reason)));
    }
    facts
}

impl CountsView {
    fn of(counts: &Counts, chosen: Option<Stage>, search: &str, here: &str) -> Self {
        let all = counts.values().sum();
        let address = |stage: &str| with_query(here, &[("stage", stage), ("q", search)], &[]);
        let (mut x, mut before) = (0, 0);
        let stages = Stage::ALL.into_iter().map(|stage| {
            let count = counts.get(&stage).copied().unwrap_or(0);
            before += count;
            // From the running sum, so that rounding leaves no gap at the end.
            let end = (before * 1000_i64).checked_div(all).unwrap_or(0);
            let is_chosen = chosen == Some(stage);
            let view = CountView {
                class: class_of(stage),
                label: stage.label(),
                word: stage.as_str(),
                count,
                href: address(if is_chosen { "" } else { stage.as_str() }),
                chosen: is_chosen,
                x,
                width: end - x,
            };
            x = end;
            view
        });
        Self {
            stages: stages.collect(),
            all,
            all_href: address(""),
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
