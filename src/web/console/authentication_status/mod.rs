//! "Authentication Status": the first page after login. Every tenant's standing with counts per state, charts of what ends and
//! of errors, filters, search, order, pages and saved views; "Renew" on the row and more for several rows at once; and the
//! stream by which an open page stays right.

mod board;
mod charts;
mod counts;
mod export;
mod incidents;
mod live;
pub(super) mod query;
mod row;
mod saved;
mod selection;
mod view;

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::Extension;
use axum::extract::State;

use crate::app::App;
use crate::domain::technician;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use board::{Board, Boards};
use query::{Asked, Params};
use saved::{Refused, ViewLink};

#[derive(Template, WebTemplate)]
#[template(path = "console/authentication_status/index.html")]
struct Index {
    chrome: Chrome,
    views: Vec<ViewLink>,
    /// "Save this view" was refused.
    refused: Option<Refused>,
    board: Arc<Board>,
}

/// For fuzzing: the forms, as read.
#[cfg(feature = "faults")]
pub(super) fn read_forms(body: &[u8]) {
    use crate::web::fuzzing::form;
    if let Some(selection) = form::<selection::Selection>(body) {
        assert!(selection.back().starts_with(paths::AUTHENTICATION_STATUS));
    }
    let _ = form::<selection::SnoozeForm>(body);
    let _ = form::<saved::SaveForm>(body);
}

/// For fuzzing: the list's query and its addresses.
#[cfg(feature = "faults")]
pub(super) fn read_queries(text: &[u8]) {
    if let Some(params) = crate::web::fuzzing::query::<Params>(text) {
        let clear = params.read().with(&query::Change::Clear);
        assert!(clear.starts_with(paths::AUTHENTICATION_STATUS));
    }
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get(paths::AUTHENTICATION_STATUS, Policy::LOOK, index)
        .get(paths::STATUS_CSV, Policy::LOOK, export::download)
        .fresh()
        .get(paths::STATUS_EVENTS, Policy::LOOK, live::listen)
        .get(paths::STATUS_SEND, Policy::WORK, selection::ask_to_send)
        .post(paths::STATUS_SEND, Policy::WORK, selection::send)
        .post(paths::STATUS_VALIDATE, Policy::WORK, selection::validate)
        .get(paths::STATUS_SNOOZE, Policy::WORK, selection::ask_to_snooze)
        .post(paths::STATUS_SNOOZE, Policy::WORK, selection::snooze)
        .post(paths::STATUS_WAKE, Policy::WORK, selection::wake)
        .post(paths::STATUS_VIEWS, Policy::WORK, saved::save)
        .post(
            "/security/authentication-status/views/{id}/removal",
            Policy::WORK,
            saved::remove,
        )
        .with(Boards::default())
}

/// The list as the query asks for it; words in it that mean nothing are left aside and named.
async fn index(
    State(app): State<App>,
    Extension(boards): Extension<Boards>,
    viewer: Viewer,
    chrome: Chrome,
    Query(params): Query<Params>,
) -> WebResult<Index> {
    Index::of(&app, &boards, &viewer, chrome, &params.read(), None).await
}

impl Index {
    async fn of(
        app: &App,
        boards: &Boards,
        viewer: &Viewer,
        chrome: Chrome,
        asked: &Asked,
        refused: Option<Refused>,
    ) -> WebResult<Self> {
        let board = boards.look(app, viewer, asked).await?;
        let views = technician::views(&app.pool, viewer.id).await?;
        Ok(Self {
            chrome,
            views: saved::links(&views, &board.query),
            refused,
            board,
        })
    }
}
