//! "MSAL errors" of one tenant; another tenant's are not found here.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use super::Visit;
use crate::app::App;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::msal_errors::{self, EntryView, Format, ListView, Params};

#[derive(Template, WebTemplate)]
#[template(path = "portal/msal_errors/index.html")]
struct Index {
    chrome: Chrome,
    visit: Visit,
    list: ListView,
}

#[derive(Template, WebTemplate)]
#[template(path = "portal/msal_errors/show.html")]
struct Show {
    chrome: Chrome,
    visit: Visit,
    entry: EntryView,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}/msal-errors", Policy::LOOK, index)
        .get("/tenants/{short}/msal-errors/export.csv", Policy::LOOK, csv)
        .fresh()
        .get(
            "/tenants/{short}/msal-errors/export.jsonl",
            Policy::LOOK,
            jsonl,
        )
        .fresh()
        .get("/tenants/{short}/msal-errors/{id}", Policy::LOOK, show)
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let mut op = viewer.begin(&app).await?;
    let params = alone(params);
    let action = visit.paths().msal_errors();
    let list = msal_errors::list(&mut op, visit.scope(), action, params, false).await?;
    let status = list.status();
    Ok((
        status,
        Index {
            chrome,
            visit,
            list,
        },
    )
        .into_response())
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Path((_, id)): Path<(String, String)>,
) -> WebResult<Show> {
    let mut op = viewer.begin(&app).await?;
    let entry = msal_errors::entry(&mut op, visit.scope(), &id, false).await?;
    let entry = entry.ok_or(WebError::NotFound)?;
    Ok(Show {
        chrome,
        visit,
        entry,
    })
}

async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    msal_errors::export(&app, &viewer, visit.scope(), alone(params), Format::Csv).await
}

async fn jsonl(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let params = alone(params);
    msal_errors::export(&app, &viewer, visit.scope(), params, Format::JsonLines).await
}

/// The visit says which tenant, not the query.
fn alone(params: Params) -> Params {
    Params {
        tenant: String::new(),
        ..params
    }
}
