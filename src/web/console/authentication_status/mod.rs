//! "Authentication Status": the first page after login. Every tenant's standing with counts per state, charts of what ends and
//! of errors, filters, search, order, pages and saved views; "Renew" on the row and more for several rows at once; and the
//! stream by which an open page stays right.

mod board;
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

use std::sync::Arc;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::app::App;
use crate::domain::technician;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

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
        .layer(Extension(Boards::default()))
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
