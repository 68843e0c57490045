//! Troubles on the wire: answers that stand in for the real one, and answers that are spoilt on their way out.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::answer::{answer, failure, identify};
use crate::simulator::aadsts::{self, Aadsts};
use crate::simulator::directory::FaultKind;
use crate::simulator::site::{Call, Site};

/// No answer of the simulator is longer.
const LONGEST: usize = 1 << 20;

/// The answer that `fault` gives instead of doing the call; `None`: the call is done first and [`spoil`] follows.
pub fn interrupt(site: &Site, call: &Call, fault: &FaultKind) -> Option<Response> {
    match fault {
        FaultKind::Throttled { retry_after } => {
            let mut response = failure(site, call, &aadsts::throttled());
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(*retry_after));
            Some(response)
        }
        FaultKind::Outage { status } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let mut response = (status, Html(outage_page(status))).into_response();
            identify(call, &mut response);
            Some(response)
        }
        FaultKind::Error {
            code,
            error,
            suberror,
            text,
            status,
            stacked,
        } => {
            let mut scripted = Aadsts::new(*code, "invalid_grant", "");
            scripted.error = error.clone().into();
            scripted.suberror = suberror.clone().map(Into::into);
            scripted.text = text
                .clone()
                .unwrap_or_else(|| "An error that the simulator was told to give.".to_owned());
            scripted.status = status.unwrap_or(scripted.status);
            scripted.stacked = *stacked;
            Some(failure(site, call, &scripted))
        }
        _ => None,
    }
}

/// The real answer as `fault` lets it out.
pub async fn spoil(call: &Call, fault: Option<&FaultKind>, response: Response) -> Response {
    match fault {
        Some(FaultKind::Slow { milliseconds }) => {
            tokio::time::sleep(Duration::from_millis(*milliseconds)).await;
            response
        }
        Some(FaultKind::Truncated) => truncated(response).await,
        Some(FaultKind::WrongJson) => {
            answer(call, StatusCode::OK, &json!({"value": [], "status": "ok"}))
        }
        Some(FaultKind::Html) => {
            Html("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Redirecting</body></html>")
                .into_response()
        }
        Some(FaultKind::Empty) => StatusCode::OK.into_response(),
        Some(FaultKind::NoRefreshToken) => without_refresh_token(call, response).await,
        _ => response,
    }
}

/// Half of the body under the length of the whole, then a broken connection.
async fn truncated(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, LONGEST).await.unwrap_or_default();
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    let cut = async {
        // The half must be on its way before the connection breaks, else the server drops it with the rest.
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    };
    let pieces = stream::iter([Ok::<Bytes, _>(half)]).chain(stream::once(cut));
    Response::from_parts(parts, Body::from_stream(pieces))
}

async fn without_refresh_token(call: &Call, response: Response) -> Response {
    let status = response.status();
    let whole = to_bytes(response.into_body(), LONGEST)
        .await
        .unwrap_or_default();
    let mut body: Value = serde_json::from_slice(&whole).unwrap_or_default();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("refresh_token");
    }
    let mut response = answer(call, status, &body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn outage_page(status: StatusCode) -> String {
    format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\">\r\n<html><head><title>Service Unavailable</title>\
         </head>\r\n<body><h2>Our services aren't available right now</h2><p>We're working to restore all services as \
         soon as possible. Please check back soon.</p><p>HTTP {status}</p></body></html>\r\n"
    )
}
