//! A call that is sent again under the same `Idempotency-Key` gets the first one's answer and does nothing.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{ApiResult, KeyHolder, Problem};
use crate::app::App;
use crate::domain::api_key::{self, Kept, Reply};

const NAME: HeaderName = HeaderName::from_static("idempotency-key");
/// The answer is that of an earlier call.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest answer that is kept; such calls answer with what they made or changed.
const LONGEST: usize = 256 * 1024;

/// Run the call, or give the answer that it had. Without the header it is simply run.
pub(super) async fn run(app: &App, holder: &KeyHolder, request: Request, next: Next) -> Response {
    let name = match name(&request) {
        Ok(Some(name)) => name,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    match once(app, holder, &name, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

fn name(request: &Request) -> ApiResult<Option<String>> {
    let mut sent = request.headers().get_all(NAME).iter();
    let (first, second) = (sent.next(), sent.next());
    let Some(first) = first else { return Ok(None) };
    let text = first.to_str().ok().map(str::trim);
    let fits = |text: &&str| (1..=255).contains(&text.len());
    match text.filter(fits).filter(|_| second.is_none()) {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(Problem::bad_request(
            "An Idempotency-Key is one value of 1 to 255 characters, such as a UUID.",
        )),
    }
}

async fn once(
    app: &App,
    holder: &KeyHolder,
    name: &str,
    request: Request,
    next: Next,
) -> ApiResult {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, app.limits.body)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large"))?;
    let address = parts.uri.path_and_query().map_or("", |one| one.as_str());
    let whole = [parts.method.as_str().as_bytes(), address.as_bytes(), &body];
    let mut op = holder.begin(app).await?;
    let kept = api_key::take_reply(&mut op, holder.key.id, name, &whole).await?;
    op.commit().await?;
    match kept {
        Kept::New => {}
        Kept::Answered(reply) => return Ok(replay(reply)),
        Kept::Running => {
            return Err(Problem::conflict(
                "still_running",
                "The call with this Idempotency-Key is still running. Ask again in a moment.",
            )
            .retry_after(1));
        }
        Kept::Other => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            let title = "This Idempotency-Key belongs to another call";
            return Err(Problem::new(status, "idempotency_key_reused", title)
                .detail("Use a new one for every call that is not the same one sent again."));
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(app, holder, name, response).await
}

/// What was done is kept with its answer. A refusal changed nothing, so the name is free again for the corrected call.
async fn keep(app: &App, holder: &KeyHolder, name: &str, response: Response) -> ApiResult {
    let id = holder.key.id;
    if !response.status().is_success() {
        api_key::forget_reply(&app.pool, id, name).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LONGEST)
        .await
        .map_err(|error| anyhow::Error::from(error).context("an answer to keep"))
        .map_err(crate::web::kit::error::WebError::from)?;
    let reply = Reply {
        status: parts.status.as_u16(),
        etag: text_of(&parts.headers, &header::ETAG),
        location: text_of(&parts.headers, &header::LOCATION),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    // The act is done: whoever asks again while this cannot be written is told that it is running, and not run again.
    if let Err(error) = api_key::keep_reply(&app.pool, id, name, &reply).await {
        tracing::warn!(%error, "the answer to a call that is done once cannot be kept");
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn text_of(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn replay(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::CREATED);
    let json = HeaderValue::from_static("application/json");
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, json),
        (REPLAYED, HeaderValue::from_static("true")),
    ]);
    for (name, text) in [
        (header::ETAG, reply.etag),
        (header::LOCATION, reply.location),
    ] {
        if let (false, Ok(value)) = (text.is_empty(), HeaderValue::from_str(&text)) {
            headers.insert(name, value);
        }
    }
    (status, headers, reply.body).into_response()
}
