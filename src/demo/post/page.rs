//! The page that shows what came. It changes nothing and asks nobody who they are, as nothing of it is real.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tower_http::set_header::SetResponseHeaderLayer;

use super::shelf::{Item, Shelf};

const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Template, WebTemplate)]
#[template(path = "demo/post.html")]
struct List {
    items: Vec<Item>,
}

#[derive(Template, WebTemplate)]
#[template(path = "demo/item.html")]
struct One {
    item: Item,
}

pub fn router(shelf: Shelf) -> Router {
    let fixed =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/", get(list))
        .route("/items.json", get(json))
        .route("/{number}", get(one))
        .route("/post.css", get(style))
        .with_state(shelf)
        .layer(fixed(CONTENT_SECURITY_POLICY, POLICY))
        .layer(fixed(REFERRER_POLICY, "no-referrer"))
        .layer(fixed(CACHE_CONTROL, "no-store"))
}

async fn list(State(shelf): State<Shelf>) -> List {
    List {
        items: shelf.items(),
    }
}

/// The same for programs.
async fn json(State(shelf): State<Shelf>) -> Json<Vec<Item>> {
    Json(shelf.items())
}

async fn one(State(shelf): State<Shelf>, Path(number): Path<u64>) -> Response {
    match shelf.find(number) {
        Some(item) => One { item }.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn style() -> impl IntoResponse {
    let css = include_str!("../../../static/simulator.css");
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], css)
}
