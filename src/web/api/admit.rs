//! The door of the API: key, scope, and the headers that tell how much of a minute is left.

use axum::RequestExt;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::{ApiResult, KeyHolder, Problem, idempotent};
use crate::app::App;
use crate::domain::api_key::{ApiScope, Counted};
use crate::web::kit::denial::Known;
use crate::web::kit::routes::Takes;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// A body is read so far before it is told that there should be none.
const SHORT: usize = 1024;

/// Let in whom the call's scope allows, with what the call takes.
pub(in crate::web) async fn admit(
    app: &App,
    scope: Option<ApiScope>,
    takes: Takes,
    mut request: Request,
    next: Next,
) -> Response {
    let is_odd = !takes.parameters && request.uri().query().is_some_and(|query| !query.is_empty());
    // A hand-out is decided where it is written down, in one statement for many; asking the database here as well would cost
    // more than the whole of it.
    if scope == Some(ApiScope::AccessTokensCreate) && !is_odd {
        let (parts, body) = request.into_parts();
        let seen = KeyHolder::seen(&parts, app)
            .filter(|holder| holder.key.may(ApiScope::AccessTokensCreate));
        request = Request::from_parts(parts, body);
        if let Some(seen) = seen {
            if let Some(known) = request.extensions().get::<Known>() {
                known.is_key(seen.key.acting_from(&seen.asker.ip));
            }
            request.extensions_mut().insert(seen);
            return next.run(request).await;
        }
    }
    let holder: Result<KeyHolder, Problem> = request.extract_parts_with_state(app).await;
    let holder = match holder {
        Ok(holder) => holder,
        Err(refused) => return refused.into_response(),
    };
    let mut response = match scope {
        Some(scope) if !holder.key.may(scope) => forbidden(scope).into_response(),
        _ if is_odd => parameters().into_response(),
        _ => match fitting(takes, request).await {
            Ok(request) if takes.once => idempotent::run(app, &holder, request, next).await,
            Ok(request) => next.run(request).await,
            Err(odd) => odd.into_response(),
        },
    };
    if let Some(counted) = holder.counted {
        tell(response.headers_mut(), counted);
    }
    response
}

/// The request, if it has no body that the call would ignore. An object without members is what some clients send for none.
async fn fitting(takes: Takes, request: Request) -> ApiResult<Request> {
    if takes.body {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let sent = to_bytes(body, SHORT).await;
    let is_empty = |sent: &[u8]| {
        let members = serde_json::from_slice::<Map<String, Value>>(sent);
        sent.trim_ascii().is_empty() || members.is_ok_and(|members| members.is_empty())
    };
    if !sent.is_ok_and(|sent| is_empty(&sent)) {
        let sentence = "This call takes no body. Nothing was done.";
        return Err(Problem::bad_request(sentence));
    }
    Ok(Request::from_parts(parts, Body::empty()))
}

fn parameters() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "unknown_parameter",
        "Unknown parameter",
    )
    .detail("This call takes no parameters in its address. Nothing was done.")
}

pub(super) fn forbidden(scope: ApiScope) -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "scope_missing",
        "This key may not do this",
    )
    .detail("The key lacks the scope, or its owner's role does not allow it.")
    .with("scope", scope.as_str())
}

/// How much of the minute is left; a handler that counts by itself has told already.
pub(super) fn tell(headers: &mut HeaderMap, counted: Counted) {
    for (name, number) in numbers(counted) {
        headers.entry(name).or_insert(number);
    }
}

fn numbers(counted: Counted) -> [(HeaderName, HeaderValue); 3] {
    [
        (LIMIT, i64::from(counted.limit)),
        (REMAINING, i64::from(counted.remaining())),
        (RESET, counted.reset_s),
    ]
    .map(|(name, number)| (name, number.into()))
}

/// A minute that is used up; `of` says whose: `key` or `tenant`.
pub(super) fn over(counted: Counted, of: &'static str) -> Problem {
    let seconds = u32::try_from(counted.reset_s).unwrap_or(60);
    Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_requests",
        "Too many calls",
    )
    .detail(match of {
        "tenant" => "The tokens of this tenant for this minute are handed out, to all keys together. Wait until the next one begins.",
        _ => "The calls of this minute are used up. Wait until the next one begins.",
    })
    .with("limit_of", of)
    .with("limit", counted.limit)
    .retry_after(seconds.max(1))
    .headers(numbers(counted))
}
