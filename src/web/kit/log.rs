//! One line per request: what was asked by route template, never by address, so that no link's secret is logged.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;

/// A request that came in.
pub struct Line {
    start: Instant,
    method: Method,
}

impl Line {
    pub fn begin(request: &Request) -> Self {
        Self {
            start: Instant::now(),
            method: request.method().clone(),
        }
    }

    /// Log it, now that its answer is known.
    pub fn end(self, id: &str, response: &Response) {
        let Self { start, method } = self;
        let route = route_of(response).unwrap_or("unmatched");
        let (status, ms) = (response.status().as_u16(), start.elapsed().as_millis());
        tracing::info!(http.method = %method, http.route = route, http.status = status, duration_ms = ms, request.id = id, "{method} {route} {status} in {ms} ms");
    }
}

/// The route template that answered, carried on the response for the log line.
#[derive(Clone, Debug)]
struct Route(String);

/// The route template that answered; none when nothing was routed.
pub fn route_of(response: &Response) -> Option<&str> {
    let route = response.extensions().get::<Route>();
    route.map(|route| route.0.as_str())
}

/// Layer of the routed pages: put the route template on the answer.
pub async fn note_route(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response
            .extensions_mut()
            .insert(Route(route.as_str().to_owned()));
    }
    response
}
