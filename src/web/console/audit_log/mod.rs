//! "Audit log", for owners and admins: who did what, newest first, and whether the log is whole. Taking it away as a file is
//! an act that the log tells of.

mod export;
mod filters;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::domain::audit;
use crate::domain::technician::Permission;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use export::Format;
use filters::{Filters, Params};
use view::{ChainView, EventView, ListView};

/// Entries on a page.
const PER_PAGE: usize = 50;

#[derive(Template, WebTemplate)]
#[template(path = "console/audit_log/index.html")]
struct Index {
    chrome: Chrome,
    chain: ChainView,
    list: ListView,
}

#[derive(Template, WebTemplate)]
#[template(path = "console/audit_log/show.html")]
struct Show {
    chrome: Chrome,
    event: EventView,
}

pub(super) fn router() -> Routes {
    const READ: Policy = Policy::Technician(Permission::Audit);
    let below = |name: &str| format!("{}/{name}", paths::AUDIT_LOG);
    Routes::new()
        .get(paths::AUDIT_LOG, READ, index)
        .get(&below("export.csv"), READ, csv)
        .fresh()
        .get(&below("export.jsonl"), READ, jsonl)
        .fresh()
        .get(&below("{id}"), READ, show)
}

async fn index(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let mut op = viewer.begin(&app).await?;
    let (filters, filter) = Filters::read(&mut op, viewer.scope, params).await?;
    let page = match &filter {
        Some(filter) => {
            audit::list(&mut op, viewer.scope, filter, filters.place(), PER_PAGE).await?
        }
        None => audit::Page::default(),
    };
    let chain = ChainView::of(&audit::chain(&mut op).await?, op.now());
    let status = if filter.is_some() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let list = ListView::of(filters, &page, op.now());
    let page = Index {
        chrome,
        chain,
        list,
    };
    Ok((status, page).into_response())
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<Show> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    let event = audit::find(&mut op, viewer.scope, id).await?;
    let event = event.ok_or(WebError::NotFound)?;
    Ok(Show {
        chrome,
        event: EventView::of(&event, op.now()),
    })
}

async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    export::export(&app, &viewer, params, Format::Csv).await
}

async fn jsonl(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    export::export(&app, &viewer, params, Format::JsonLines).await
}
