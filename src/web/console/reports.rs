//! "Reports": a month of all tenants at a glance, the least available first, made for printing, and as CSV.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::report::{self, Line, Month, Place};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::limit;
use crate::web::kit::paging::with_query;
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::exact;
use crate::web::parts::csv;
use crate::web::parts::report::{
    COLUMNS, CauseView, Choice, SumsView, asked, choices, download, fields,
};

/// Tenants on a page, and in one read of the export.
const PAGE: usize = 50;
const BATCH: usize = 1_000;

#[derive(Template, WebTemplate)]
#[template(path = "console/reports/index.html")]
struct Reports {
    chrome: Chrome,
    month: String,
    months: Vec<Choice>,
    csv: String,
    /// None when nothing of the month was counted.
    counted: Option<Counted>,
    /// Empty when there are no more.
    more: String,
    /// Empty on the first page.
    first: String,
}

struct Counted {
    until: String,
    tenants: i64,
    sums: SumsView,
    causes: Vec<CauseView>,
    lines: Vec<LineView>,
}

/// One tenant.
struct LineView {
    short_name: String,
    full_name: String,
    href: String,
    sums: SumsView,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    /// `2026-11`; empty means the present one.
    month: String,
    after: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get(paths::REPORTS, Policy::LOOK, index)
        .get(paths::REPORTS_CSV, Policy::LOOK, export)
        .fresh()
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Reports> {
    let mut op = viewer.begin(&app).await?;
    let present = Month::of(op.now().date());
    let month = asked(&params.month, present)?;
    let word = month.to_string();
    let fleet = report::of_fleet(&mut op, viewer.scope, month).await?;
    let after = Place::from_word(&params.after);
    let (lines, more) = report::lines(&mut op, viewer.scope, month, after, PAGE).await?;
    let months = report::months(&mut op).await?;
    let at = |more: &[(&str, &str)]| with_query(paths::REPORTS, &[("month", &word)], more);
    Ok(Reports {
        more: lines
            .last()
            .filter(|_| more)
            .map(|line| at(&[("after", &line.place().to_string())]))
            .unwrap_or_default(),
        first: after.map(|_| at(&[])).unwrap_or_default(),
        counted: fleet.counted_until.map(|until| Counted {
            until: exact(until),
            tenants: fleet.tenants,
            sums: SumsView::of(&fleet.sums),
            causes: CauseView::of(&fleet.causes),
            lines: lines.iter().map(|line| LineView::of(line, &word)).collect(),
        }),
        month: month.label(),
        months: choices(months, month, present),
        csv: with_query(paths::REPORTS_CSV, &[("month", &word)], &[]),
        chrome,
    })
}

impl LineView {
    fn of(line: &Line, month: &str) -> Self {
        let report = TenantPaths(line.short_name.as_str()).report();
        Self {
            short_name: line.short_name.as_str().to_owned(),
            full_name: line.full_name.clone(),
            href: with_query(&report, &[("month", month)], &[]),
            sums: SumsView::of(&line.sums),
        }
    }
}

/// A line per tenant.
async fn export(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let mut op = viewer.begin(&app).await?;
    let month = asked(&params.month, Month::of(op.now().date()))?;
    limit::export(&mut op, &viewer).await?;
    Entry::new("reports.exported")
        .detail("format", "csv")
        .detail("from", month.to_string())
        .write(&mut op)
        .await?;
    let mut text = csv::line(["short_name", "full_name"].into_iter().chain(COLUMNS));
    let mut after = None;
    loop {
        let (lines, more) = report::lines(&mut op, viewer.scope, month, after, BATCH).await?;
        for line in &lines {
            let sums = fields(&line.sums);
            let first = [line.short_name.as_str(), line.full_name.as_str()].into_iter();
            text += &csv::line(first.chain(sums.iter().map(String::as_str)));
        }
        after = lines.last().map(Line::place);
        if !more {
            break;
        }
    }
    op.commit().await?;
    Ok(download(&format!("report-{month}.csv"), text).into_response())
}
