//! "Authentication Status": the first page after login. Every tenant's standing with counts per state, charts of what ends and
//! of errors, filters, search, order, pages and saved views; "Renew" on the row and more for several rows at once; and the
//! stream by which an open page stays right.

mod charts;
mod counts;
mod export;
mod incidents;
mod live;
mod query;
mod row;
mod saved;
mod selection;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};

use crate::app::App;
use crate::domain::{app_registration, connection, incident, technician};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paging::DEFAULT_SIZE;
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

use super::app_registration::AlarmView;
use charts::ChartView;
use incidents::IncidentView;
use query::Params;
use saved::ViewLink;
use view::ListView;

#[derive(Template, WebTemplate)]
#[template(path = "console/authentication_status/index.html")]
struct Index {
    chrome: Chrome,
    incidents: Vec<IncidentView>,
    /// Our own credential ends, which would stop many tenants at once.
    alarm: Option<AlarmView>,
    charts: [ChartView; 2],
    views: Vec<ViewLink>,
    list: ListView,
}

pub(super) fn router() -> Router<App> {
    Router::new()
        .route(paths::AUTHENTICATION_STATUS, get(index))
        .route(paths::STATUS_CSV, get(export::download))
        .route(paths::STATUS_EVENTS, get(live::listen))
        .route(
            paths::STATUS_SEND,
            get(selection::ask_to_send).post(selection::send),
        )
        .route(paths::STATUS_VALIDATE, post(selection::validate))
        .route(
            paths::STATUS_SNOOZE,
            get(selection::ask_to_snooze).post(selection::snooze),
        )
        .route(paths::STATUS_WAKE, post(selection::wake))
        .route(paths::STATUS_VIEWS, post(saved::save))
        .route(
            "/security/authentication-status/views/{id}/removal",
            post(saved::remove),
        )
}

/// The list as the query asks for it; unknown words in it are left aside.
async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Index> {
    let asked = params.read();
    let mut op = viewer.begin(&app).await?;
    let scope = viewer.scope;
    let overview = connection::overview(
        &mut op,
        scope,
        &asked.filter,
        asked.sort,
        &asked.keyset.place,
        DEFAULT_SIZE,
    )
    .await?;
    let incidents = incident::open(&mut op, scope).await?;
    let incidents = incidents
        .iter()
        .map(|one| IncidentView::of(one, op.now()))
        .collect();
    let views = technician::views(&mut op, viewer.id).await?;
    let alarm = app_registration::alarm(&mut op, app.site.cloud).await?;
    let list = ListView::of(&asked, &overview, op.now());
    Ok(Index {
        chrome,
        incidents,
        alarm: alarm.as_ref().map(AlarmView::of),
        charts: charts::charts(&asked, &overview.summary.charts, op.now().date()),
        views: saved::links(&views, &list.query),
        list,
    })
}
