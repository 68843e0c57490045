//! Putting answers on the wire: the error body with its ids and both text styles, and the headers of every answer.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, PRAGMA};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::simulator::aadsts::Aadsts;
use crate::simulator::directory::TextStyle;
use crate::simulator::json::put;
use crate::simulator::site::{Call, Site};

/// A JSON answer that nobody may cache, with Entra's headers.
pub fn answer(call: &Call, status: StatusCode, body: &Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    );
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    identify(call, &mut response);
    response
}

/// Add the headers that name the request.
pub fn identify(call: &Call, response: &mut Response) {
    let headers = response.headers_mut();
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    put("x-ms-request-id", call.trace_id.to_string());
    put(
        "x-ms-ests-server",
        "2.1.99999.0 - SIM ProdSlices".to_owned(),
    );
    if call.return_id {
        put("client-request-id", call.correlation_id.to_string());
    }
}

/// A failure as the token, device code and metadata endpoints report it.
pub fn failure(site: &Site, call: &Call, failure: &Aadsts) -> Response {
    let (lines, with_uri) = wording(site);
    let codes: Vec<u32> = if failure.stacked {
        vec![70002, failure.code]
    } else {
        vec![failure.code]
    };
    let mut body = json!({
        "error": failure.error,
        "error_description": description(failure, call, lines),
        "error_codes": codes,
        "timestamp": timestamp(call.now),
        "trace_id": call.trace_id,
        "correlation_id": call.correlation_id,
    });
    if with_uri {
        put(
            &mut body,
            "error_uri",
            json!(format!("{}/error?code={}", call.base, failure.code)),
        );
    }
    if let Some(suberror) = &failure.suberror {
        put(&mut body, "suberror", json!(suberror));
    }
    if let Some(claims) = &failure.claims {
        put(&mut body, "claims", json!(claims));
    }
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::BAD_REQUEST);
    answer(call, status, &body)
}

/// The fields with which an authorization that ended in `failure` goes back to the client.
pub fn refusal_fields(
    site: &Site,
    call: &Call,
    failure: &Aadsts,
    state: Option<&str>,
) -> Vec<(&'static str, String)> {
    let (lines, with_uri) = wording(site);
    let mut fields = vec![
        ("error", failure.error.to_string()),
        ("error_description", description(failure, call, lines)),
    ];
    if with_uri {
        let uri = format!("{}/error?code={}", call.base, failure.code);
        fields.push(("error_uri", uri));
    }
    if let Some(suberror) = &failure.suberror {
        fields.push(("error_subcode", suberror.to_string()));
    }
    if let Some(state) = state {
        fields.push(("state", state.to_owned()));
    }
    fields
}

/// `error_description`: the text, then the ids, set off by line ends as before 2023 or by spaces as since.
pub fn description(failure: &Aadsts, call: &Call, lines: bool) -> String {
    let stack = if failure.stacked {
        "AADSTS70002: Error validating credentials. "
    } else {
        ""
    };
    let gap = if lines { "\r\n" } else { " " };
    format!(
        "{stack}AADSTS{}: {}{gap}Trace ID: {}{gap}Correlation ID: {}{gap}Timestamp: {}",
        failure.code,
        failure.text,
        call.trace_id,
        call.correlation_id,
        timestamp(call.now)
    )
}

/// Whether this answer uses line ends, and whether it names an `error_uri`, which Entra does for some numbers only.
fn wording(site: &Site) -> (bool, bool) {
    site.directory.change(|state, _| {
        let lines = match state.settings.text_style {
            TextStyle::Spaces => false,
            TextStyle::Lines => true,
            TextStyle::Mixed => state.chance(4) == 0,
        };
        (lines, state.chance(2) == 0)
    })
}

/// `2026-03-02 08:15:42Z`.
pub fn timestamp(at: OffsetDateTime) -> String {
    at.format(format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second]Z"
    ))
    .unwrap_or_default()
}
