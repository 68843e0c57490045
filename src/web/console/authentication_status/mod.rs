//! "Authentication Status": the first page after login. Every tenant's standing with counts per state, filters, search,
//! order and pages, and "Renew" on the row.

mod incidents;
mod query;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::app::App;
use crate::domain::{app_registration, connection, incident, tenant};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

use super::app_registration::AlarmView;
use incidents::IncidentView;
use query::Params;
use view::ListView;

#[derive(Template, WebTemplate)]
#[template(path = "console/authentication_status/index.html")]
struct Index {
    chrome: Chrome,
    incidents: Vec<IncidentView>,
    /// Our own credential ends, which would stop many tenants at once.
    alarm: Option<AlarmView>,
    list: ListView,
}

pub(super) fn router() -> Router<App> {
    Router::new().route(paths::AUTHENTICATION_STATUS, get(index))
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
        asked.paging.size,
        asked.paging.offset(),
    )
    .await?;
    let causes = connection::causes(&mut op, scope).await?;
    let tags = tenant::tags(&mut op, scope).await?;
    let incidents = incident::open(&mut op, scope).await?;
    let incidents = incidents
        .iter()
        .map(|one| IncidentView::of(one, op.now()))
        .collect();
    let list = ListView::of(&asked, &overview, &causes, &tags, op.now());
    let alarm = app_registration::alarm(&mut op, app.site.cloud).await?;
    Ok(Index {
        chrome,
        incidents,
        alarm: alarm.as_ref().map(AlarmView::of),
        list,
    })
}
