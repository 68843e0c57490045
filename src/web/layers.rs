//! What every request passes before its page and every answer after it, whoever asks. A layer for each step would copy all that
//! stands inside it for every request; so the steps are functions, and the layers are as few as the libraries among them need.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use super::kit::denial::Denials;
use super::kit::{again, error, guard, headers, load, log, paths, peer};
use crate::app::App;

/// Put the layers around these pages. The first one stands outermost: it sees the request first and the answer last.
pub(super) fn around(pages: Router<App>, app: App) -> Router {
    let places = load::places(app.limits.requests);
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(Denials::new(app.clone()), edge))
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(app.clone(), door))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(app.clone(), inner_door))
        .layer(from_fn_with_state(places, in_work));
    // Leaves event streams alone, which a compressor would hold back. Within the pages, so that HEAD tells what GET would.
    let pages = pages.layer(CompressionLayer::new());
    // As one service the pages are one pointer to copy.
    let pages = pages.with_state(app);
    Router::new().fallback_service(pages).layer(layers)
}

/// Who asks, and what every answer has: a name, headers, words for what went wrong, a line in the log.
async fn edge(State(denials): State<Denials>, mut request: Request, next: Next) -> Response {
    let app = denials.app();
    let line = log::Line::begin(&request);
    let name = peer::name_request(&mut request);
    let id = name.to_str().unwrap_or_default();
    let nonce = headers::give_nonce(&mut request);
    peer::note_peer(app, &mut request);
    let watched = Denials::watch(&mut request);
    let of_api = paths::is_for_programs(request.uri().path());

    let before = error::page_before(&request, &app.site.base_url);

    let response = next.run(request).await;

    let mut response = error::render(response, id, &nonce, before.as_deref(), of_api);
    denials.note(watched, &response);
    headers::secure(app, &nonce, &mut response);
    line.end(id, &response);
    response.headers_mut().insert(peer::REQUEST_ID, name);
    response
}

/// Only what is meant for us and within bounds comes in.
async fn door(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let refused =
        guard::out_of_bounds(&app, &request).or_else(|| guard::misdirected(&app, &request));
    if let Some(status) = refused {
        return status.into_response();
    }
    guard::forget_origin_of_api(&mut request);
    next.run(request).await
}

/// Behind the library that refuses other sites: what it lets pass for the sake of APIs, and how large a body may be.
async fn inner_door(State(app): State<App>, request: Request, next: Next) -> Response {
    if let Some(status) = guard::from_elsewhere(&app, &request) {
        return status.into_response();
    }
    if let Some(refused) = guard::too_large(&app, &request) {
        return refused;
    }
    next.run(guard::limit_body(&app, request)).await
}

/// A place, an end, and a limit of time for whatever is done.
async fn in_work(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let handler = load::admit(places, request, |request| again::keep(request, next));
    guard::in_time(&method, handler).await
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::{Body, to_bytes};
    use axum::http::{Method, Request, StatusCode};
    use axum::response::sse::{Event, Sse};
    use axum::response::{Html, Response};
    use axum::routing::get;
    use futures_util::StreamExt;
    use sqlx::postgres::PgPoolOptions;
    use tower::ServiceExt;

    use super::super::kit::error::WebError;
    use super::*;
    use crate::clock::Clock;
    use crate::keeper;

    /// An application that reaches no database.
    fn app() -> App {
        let pool = PgPoolOptions::new()
            .connect_lazy("postgres://nobody@localhost/none")
            .unwrap();
        let keeper = keeper::Client::channel(1).0;
        let base_url = "http://portal.example".parse().unwrap();
        App::rehearsal(pool, Clock::system(), keeper, base_url)
    }

    async fn ask(method: Method, path: &str, encoding: &str) -> Response {
        #[expect(clippy::unreachable, reason = "the panic under test")]
        async fn broken() {
            unreachable!("a secret detail")
        }
        async fn never() {
            std::future::pending::<()>().await;
        }
        let forever = || {
            let events = futures_util::stream::pending::<Result<Event, Infallible>>();
            let first = futures_util::stream::iter([Ok(Event::default().data("now"))]);
            async { Sse::new(first.chain(events)) }
        };
        let pages = Router::new()
            .route("/broken", get(broken).post(broken))
            .route("/live", get(forever))
            .route("/never", get(never).post(never))
            .route(
                "/full",
                get(|| async { WebError::Busy { retry_after_s: 5 } }),
            )
            .route("/long", get(|| async { Html("word ".repeat(1000)) }))
            .route(
                "/wrong",
                get(|| async { (StatusCode::BAD_REQUEST, "word ".repeat(1000)) }),
            );
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "portal.example")
            .header("sec-fetch-site", "same-origin")
            .header("accept-encoding", encoding)
            .body(Body::empty())
            .unwrap();
        around(pages, app()).oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn a_panic_gives_the_error_page_with_headers_and_no_detail() {
        for method in [Method::GET, Method::POST] {
            let response = ask(method.clone(), "/broken", "br").await;
            assert_eq!(response.status(), 500, "{method}");
            assert!(response.headers().contains_key("content-security-policy"));
            assert_eq!(response.headers()["cache-control"], "no-store");
        }
        let response = ask(Method::GET, "/broken", "identity").await;
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let page = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(
            page.contains("Something went wrong") && page.contains("Reference"),
            "{page}"
        );
        assert!(!page.contains("secret"), "{page}");
    }

    #[tokio::test]
    async fn pages_are_compressed_and_streams_are_not_held_back() {
        let page = ask(Method::GET, "/long", "gzip, br").await;
        assert_eq!(page.headers()["content-encoding"], "br");
        let head = ask(Method::HEAD, "/long", "gzip, br").await;
        assert_eq!(head.headers()["content-encoding"], "br");
        assert!(!head.headers().contains_key("content-length"));
        let live = ask(Method::GET, "/live", "gzip, br").await;
        assert!(!live.headers().contains_key("content-encoding"));
        let first = live
            .into_body()
            .into_data_stream()
            .next()
            .await
            .unwrap()
            .unwrap();
        assert_eq!(&first[..], b"data: now\n\n");
    }

    #[tokio::test]
    async fn a_compressed_answer_that_gets_a_page_is_no_longer_compressed() {
        let response = ask(Method::GET, "/wrong", "gzip, br").await;
        assert_eq!(response.status(), 400);
        assert!(!response.headers().contains_key("content-encoding"));
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let page = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(page.contains("Request not understood"), "{page}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_is_waited_for_twenty_seconds_and_a_change_as_long_as_the_keeper_may_take() {
        for (method, longest) in [(Method::GET, 20), (Method::POST, 100)] {
            let began = tokio::time::Instant::now();
            let response = ask(method.clone(), "/never", "identity").await;
            assert_eq!(response.status(), 504, "{method}");
            assert!(response.headers().contains_key("content-security-policy"));
            assert_eq!(began.elapsed().as_secs(), longest, "{method}");
        }
    }

    #[tokio::test]
    async fn who_is_sent_away_gets_the_headers_too() {
        let response = ask(Method::GET, "/full", "identity").await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        assert!(response.headers().contains_key("content-security-policy"));
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
