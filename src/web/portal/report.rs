//! "Report" of one tenant: a month at a glance, made for printing, and as CSV.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Visit;
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::history::{Day, Measure};
use crate::domain::report::{self, DaySums, Month};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::limit;
use crate::web::kit::paging::with_query;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::exact;
use crate::web::parts::csv;
use crate::web::parts::report::{
    COLUMNS, CauseView, Choice, SumsView, asked, choices, download, fields,
};
use crate::web::parts::uptime::{UptimeView, class, label};

#[derive(Template, WebTemplate)]
#[template(path = "portal/report/show.html")]
struct Report {
    chrome: Chrome,
    visit: Visit,
    month: String,
    months: Vec<Choice>,
    csv: String,
    /// None when nothing of the month was counted.
    counted: Option<Counted>,
}

struct Counted {
    until: String,
    sums: SumsView,
    causes: Vec<CauseView>,
    uptime: UptimeView,
    days: Vec<DayLine>,
}

/// One day.
struct DayLine {
    date: String,
    class: &'static str,
    state: &'static str,
    sums: SumsView,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    /// `2026-11`; empty means the present one.
    month: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}/report", Policy::LOOK, show)
        .get("/tenants/{short}/report.csv", Policy::LOOK, export)
        .fresh()
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Report> {
    let mut op = viewer.begin(&app).await?;
    let present = Month::of(op.now().date());
    let month = asked(&params.month, present)?;
    let found = report::of_tenant(&mut op, visit.scope(), visit.id, month).await?;
    let months = report::months(&mut op).await?;
    let word = month.to_string();
    Ok(Report {
        counted: found.counted_until.map(|until| Counted {
            until: exact(until),
            sums: SumsView::of(&found.sums),
            causes: CauseView::of(&found.causes),
            uptime: UptimeView::of(&found.days.iter().map(bar).collect::<Vec<_>>()),
            days: found.days.iter().map(DayLine::of).collect(),
        }),
        month: month.label(),
        months: choices(months, month, present),
        csv: with_query(&visit.paths().report_csv(), &[("month", &word)], &[]),
        chrome,
        visit,
    })
}

/// The day's sums as the bar needs them.
fn bar(day: &DaySums) -> Day {
    Day {
        date: day.day,
        measure: Measure {
            up: day.sums.up,
            down: day.sums.down,
            ..Measure::default()
        },
        worst: day.worst,
    }
}

impl DayLine {
    fn of(day: &DaySums) -> Self {
        Self {
            date: day.day.to_string(),
            class: class(day.worst),
            state: label(day.worst),
            sums: SumsView::of(&day.sums),
        }
    }
}

/// A line per day.
async fn export(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let mut op = viewer.begin(&app).await?;
    let month = asked(&params.month, Month::of(op.now().date()))?;
    limit::export(&mut op, &viewer).await?;
    Entry::new("report.exported")
        .tenant(visit.id)
        .detail("format", "csv")
        .detail("from", month.to_string())
        .write(&mut op)
        .await?;
    let found = report::of_tenant(&mut op, visit.scope(), visit.id, month).await?;
    let mut text = csv::line(["day", "worst_state"].into_iter().chain(COLUMNS));
    for day in &found.days {
        let date = day.day.to_string();
        let sums = fields(&day.sums);
        let first = [date.as_str(), label(day.worst)].into_iter();
        text += &csv::line(first.chain(sums.iter().map(String::as_str)));
    }
    let name = format!("report-{}-{month}.csv", visit.short_name);
    op.commit().await?;
    Ok(download(&name, text).into_response())
}
