//! What every request passes before its page and every answer after it, whoever asks.

use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::kit::{again, denial, error, guard, headers, load, log, peer};
use crate::app::App;

/// A body of which nothing comes for so long is given up.
const BODY_PAUSE: Duration = Duration::from_secs(15);

/// Put the layers around these pages. The last one added stands outermost: it sees the request first and the answer last.
pub(super) fn around(pages: Router<App>, app: App) -> Router {
    pages
        .layer(from_fn(again::keep))
        .layer(from_fn_with_state(
            load::places(app.limits.requests),
            load::admit,
        ))
        .layer(from_fn(guard::finish_changes))
        .layer(from_fn(guard::patience))
        .layer(from_fn_with_state(app.clone(), guard::body))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(from_fn_with_state(app.clone(), guard::needs_origin))
        .layer(CsrfLayer::new())
        .layer(from_fn(guard::api_has_no_origin))
        .layer(from_fn_with_state(app.clone(), guard::own_host))
        .layer(from_fn_with_state(app.clone(), guard::bounds))
        .layer(CatchPanicLayer::new())
        .layer(from_fn(error::render))
        // Leaves event streams alone, which a compressor would hold back.
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(
            denial::Denials::new(app.clone()),
            denial::note,
        ))
        .layer(from_fn_with_state(app.clone(), peer::note_peer))
        .layer(from_fn_with_state(app.clone(), headers::secure))
        .layer(from_fn(log::line))
        .layer(from_fn(peer::name_request))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::{Body, to_bytes};
    use axum::http::{Method, Request};
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
            .route("/long", get(|| async { Html("word ".repeat(1000)) }));
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
