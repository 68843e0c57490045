//! "Operations": how the installation itself fares. Reads only what is kept; the page costs the same at any size of fleet.

mod channels;
mod charts;
mod database;
mod incident;
mod lines;
mod mails;
mod tiles;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use serde::Deserialize;

use crate::app::App;
use crate::domain::alert;
use crate::domain::incident as incidents;
use crate::domain::operations::{self, Range};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use view::{Facts, View};

/// Incidents that are over and listed all the same.
const PAST_INCIDENTS: i64 = 20;

#[derive(Template, WebTemplate)]
#[template(path = "console/operations/index.html")]
struct Index {
    chrome: Chrome,
    view: View,
}

/// The query as it came.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Params {
    /// How far back the charts look; an odd word means the usual.
    range: String,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get(paths::OPERATIONS, Policy::LOOK, index)
        .get(
            &format!("{}/{{id}}", paths::INCIDENTS),
            Policy::LOOK,
            incident::show,
        )
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Index> {
    let range = params.range.parse::<Range>().unwrap_or_default();
    let mut op = viewer.begin(&app).await?;
    let facts = Facts {
        now: op.now(),
        limited: !viewer.sees_all(),
        range,
        present: operations::present(&mut op, viewer.scope).await?,
        history: operations::history(&mut op, viewer.scope, range).await?,
        incidents: incidents::latest(&mut op, viewer.scope, PAST_INCIDENTS).await?,
        workers: operations::worker_runs(&mut op).await?,
        mails: operations::mails(&mut op, viewer.scope).await?,
        has_mail_server: app.mailer.is_some(),
        alerts: alert::count_open(&mut op, viewer.scope).await?,
        // Messages are about any tenant.
        traffic: if viewer.sees_all() {
            alert::traffic(&mut op).await?
        } else {
            Vec::new()
        },
        database: operations::database(&mut op).await?,
    };
    Ok(Index {
        chrome,
        view: View::of(&facts),
    })
}
