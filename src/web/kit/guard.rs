//! Doors before any handler: the Host must be ours, a change must come from our own pages, and a change once begun is
//! finished even when its browser has gone.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::Limited;
use tower_http::timeout::TimeoutBody;

use super::paths;
use crate::app::App;

/// A body of which nothing comes for so long is given up.
const BODY_PAUSE: Duration = Duration::from_secs(15);
/// A page that is only looked at asks nobody but the database, and the keeper for one answer.
const LOOK: Duration = Duration::from_secs(20);
/// A change may wait for the keeper, which asks Microsoft for several tokens in a row at up to 20 s each; its own limit is 90 s
/// (`keeper::Client`). So this is longer than the 20 s of `reference` security section 8.
const CHANGE: Duration = Duration::from_secs(100);

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// A request out of bounds: 414 for overlong addresses, 431 for overlong headers, 415 for a compressed body, which would be
/// small here and large inside.
pub fn out_of_bounds(app: &App, request: &Request) -> Option<StatusCode> {
    let target = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    let headers = request.headers();
    let length: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let is_compressed = headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if target > app.limits.address {
        Some(StatusCode::URI_TOO_LONG)
    } else if length > app.limits.headers {
        Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
    } else {
        is_compressed.then_some(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    }
}

/// A form with a file in it: what its reader takes (`domain::tenant::import::LARGEST`), with ends of lines of two bytes and room
/// for the form around it. Below what `Multipart` takes by itself. A logo may be smaller than that; what comes up to here is
/// read, so that it is refused on its field.
const FILE: usize = 2 * 1024 * 1024 - 16 * 1024;

/// No body is larger than forms of ours are, and on a page that takes a file no larger than that.
fn largest(app: &App, request: &Request) -> usize {
    match request.uri().path() {
        paths::TENANTS_IMPORT | paths::BRANDING_LOGO => app.limits.body.max(FILE),
        _ => app.limits.body,
    }
}

/// A body that is too large by its own word; 413.
pub fn too_large(app: &App, request: &Request) -> Option<Response> {
    let told = request.headers().get(header::CONTENT_LENGTH);
    let told = told.and_then(|told| told.to_str().ok()?.parse::<usize>().ok());
    // The rest is not read, so the connection is of no more use.
    let close = [(header::CONNECTION, "close")];
    told.is_some_and(|told| told > largest(app, request))
        .then(|| (StatusCode::PAYLOAD_TOO_LARGE, close).into_response())
}

/// The request with a body that ends where it is too large, or when nothing of it comes for a while.
pub fn limit_body(app: &App, request: Request) -> Request {
    let most = largest(app, &request);
    request.map(|body| Body::new(Limited::new(TimeoutBody::new(BODY_PAUSE, body), most)))
}

/// We answer only under the configured name; 421 for others (RFC 9110 section 15.5.20).
pub fn misdirected(app: &App, request: &Request) -> Option<StatusCode> {
    let given = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().to_owned())
        .or_else(|| {
            request
                .headers()
                .get(header::HOST)
                .and_then(|host| host.to_str().ok())
                .map(str::to_owned)
        });
    let is_ours = given.is_some_and(|given| is_own_host(app, &given));
    (!is_ours).then_some(StatusCode::MISDIRECTED_REQUEST)
}

fn is_own_host(app: &App, given: &str) -> bool {
    let base = &app.site.base_url;
    let Some(host) = base.host_str() else {
        return false;
    };
    let default_port = base.port().is_none();
    let with_port = format!(
        "{host}:{}",
        base.port_or_known_default().unwrap_or_default()
    );
    given.eq_ignore_ascii_case(&with_port) || (default_port && given.eq_ignore_ascii_case(host))
}

/// Of a call of the API it does not matter which page it comes from, so whoever asks that hears nothing of it.
pub fn forget_origin_of_api(request: &mut Request) {
    if paths::is_api(request.uri().path()) {
        request.headers_mut().remove(header::ORIGIN);
        request.headers_mut().remove("sec-fetch-site");
    }
}

/// A change must come from a page of ours; 403. The library's CSRF layer lets pass what carries neither header, for the
/// sake of APIs, and `Sec-Fetch-Site: none`, which no form sends; this one does not.
pub fn from_elsewhere(app: &App, request: &Request) -> Option<StatusCode> {
    let headers = request.headers();
    let own = app.site.base_url.origin().ascii_serialization();
    let comes_from_us = if let Some(site) = headers.get("sec-fetch-site") {
        site.as_bytes() == b"same-origin"
    } else {
        // An older browser. The library compared its Origin with our name alone, which a page in clear could have too.
        let origin = headers.get(header::ORIGIN);
        origin.is_some_and(|origin| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
    };
    // Browsers send what they report by themselves with neither header; it is counted and nothing else.
    let is_report = request.uri().path() == paths::CSP_REPORTS;
    // The API goes by its key and by no cookie, so that no other site can borrow somebody's login there.
    let is_api = paths::is_api(request.uri().path());
    let is_foreign = changes(request.method()) && !comes_from_us && !is_report && !is_api;
    is_foreign.then_some(StatusCode::FORBIDDEN)
}

/// Give up a handler that does not begin its answer in time. A stream begins at once and may last. What changes something runs
/// in a task of its own, to its end: a browser that goes away would otherwise drop the handler in the middle and can leave a
/// transaction open in the pool (sqlx issue 4393).
pub async fn in_time(
    method: &Method,
    handler: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let answered = if changes(method) {
        tokio::time::timeout(CHANGE, finished(handler)).await
    } else {
        tokio::time::timeout(LOOK, handler).await
    };
    answered.unwrap_or_else(|_| StatusCode::GATEWAY_TIMEOUT.into_response())
}

async fn finished(handler: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(handler).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a handler panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
