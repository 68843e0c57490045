//! "MSAL errors" of every tenant: the list, newest first, and one entry.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::parts::msal_errors::{self, EntryView, Format, ListView, Params};

#[derive(Template, WebTemplate)]
#[template(path = "console/msal_errors/index.html")]
struct Index {
    chrome: Chrome,
    list: ListView,
}

#[derive(Template, WebTemplate)]
#[template(path = "console/msal_errors/show.html")]
struct Show {
    chrome: Chrome,
    entry: EntryView,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get(paths::MSAL_ERRORS, Policy::LOOK, index)
        .get(
            &format!("{}/export.csv", paths::MSAL_ERRORS),
            Policy::LOOK,
            csv,
        )
        .fresh()
        .get(
            &format!("{}/export.jsonl", paths::MSAL_ERRORS),
            Policy::LOOK,
            jsonl,
        )
        .fresh()
        .get(
            &format!("{}/{{id}}", paths::MSAL_ERRORS),
            Policy::LOOK,
            show,
        )
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let mut op = viewer.begin(&app).await?;
    let action = paths::MSAL_ERRORS.to_owned();
    let list = msal_errors::list(&mut op, viewer.scope, action, params, true).await?;
    let status = list.status();
    Ok((status, Index { chrome, list }).into_response())
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<Show> {
    let mut op = viewer.begin(&app).await?;
    let entry = msal_errors::entry(&mut op, viewer.scope, &id, true).await?;
    let entry = entry.ok_or(WebError::NotFound)?;
    Ok(Show { chrome, entry })
}

async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    msal_errors::export(&app, &viewer, viewer.scope, params, Format::Csv).await
}

async fn jsonl(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    msal_errors::export(&app, &viewer, viewer.scope, params, Format::JsonLines).await
}
