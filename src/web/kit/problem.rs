//! What an answer of the API says when something is wrong: `application/problem+json` (RFC 9457) with a code that does not
//! change, for programs, a sentence for people, and the request's id for both. Nothing internal is in it.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::denial::Denied;
use super::error::WebError;
use crate::keeper::Unavailable;

/// One problem; the request's id is put in at the edge.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: String,
    detail: String,
    /// Boxed: an error is moved about in every `Result`.
    more: Box<Map<String, Value>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What handlers of the API return.
pub type ApiResult<T = Response> = Result<T, Problem>;

impl Problem {
    /// `code` stands in the API's documents and never changes its meaning.
    pub fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Self {
        Self {
            status,
            code,
            title: title.into(),
            detail: String::new(),
            more: Box::default(),
            headers: Vec::new(),
        }
    }

    /// The same under another title.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// What the reader can do.
    #[must_use]
    pub fn detail(mut self, sentence: impl Into<String>) -> Self {
        self.detail = sentence.into();
        self
    }

    /// One more member.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// When it is worth to ask again.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> Self {
        self.headers([(header::RETRY_AFTER, seconds.into())])
    }

    /// More headers.
    #[must_use]
    pub fn headers(mut self, more: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Self {
        self.headers.extend(more);
        self
    }

    /// Absent, or outside of what the key may see: the same to it.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found")
            .detail("There is nothing at this address, or this key may not see it.")
    }

    /// The same, said of something in particular; any other problem stays what it is.
    #[must_use]
    pub fn if_not_found(self, sentence: &str) -> Self {
        if self.status == StatusCode::NOT_FOUND {
            self.detail(sentence)
        } else {
            self
        }
    }

    /// The request makes no sense.
    pub fn bad_request(sentence: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "Request not understood",
        )
        .detail(sentence)
    }

    /// Fields that cannot be taken, each with what is wrong: `errors: [{field, message}]`.
    pub fn invalid(errors: impl IntoIterator<Item = (String, String)>) -> Self {
        let errors: Vec<Value> = errors
            .into_iter()
            .map(|(field, message)| json!({ "field": field, "message": message }))
            .collect();
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "Some fields cannot be taken",
        )
        .detail("Nothing was changed. Correct the fields and send it again.")
        .with("errors", errors)
    }

    /// It is no longer as the caller thinks.
    pub fn conflict(code: &'static str, sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, "Not possible in this state").detail(sentence)
    }

    /// What the layers answer by themselves, and what pages answer.
    pub fn of_status(status: StatusCode, title: &str, sentence: &str) -> Self {
        let code = match status {
            StatusCode::BAD_REQUEST => "bad_request",
            StatusCode::UNAUTHORIZED => "unauthenticated",
            StatusCode::FORBIDDEN => "forbidden",
            StatusCode::NOT_FOUND => return Self::not_found(),
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::CONFLICT => "conflict",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::URI_TOO_LONG => "address_too_long",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
            StatusCode::UNPROCESSABLE_ENTITY => "invalid",
            StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "headers_too_large",
            StatusCode::MISDIRECTED_REQUEST => "wrong_host",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => "took_too_long",
            _ => "internal",
        };
        Self::new(status, code, title).detail(sentence)
    }

    /// The same headers as the answer had, and this to be said.
    pub fn put_on(self, mut response: Response) -> Response {
        response.extensions_mut().insert(self);
        response
    }
}

impl From<WebError> for Problem {
    fn from(error: WebError) -> Self {
        let response = error.into_response();
        // A page's error: its words, and whatever it asks the log for, are found where it left them.
        let known = super::error::words_of(&response);
        let (status, title, sentence) =
            known.unwrap_or((response.status(), "Something went wrong", ""));
        let retry_after = response.headers().get(header::RETRY_AFTER);
        let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
        let problem = Self::of_status(status, title, sentence);
        match retry_after {
            Some(seconds) => problem.retry_after(seconds),
            None => problem,
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        WebError::from(error).into()
    }
}

impl From<Unavailable> for Problem {
    fn from(_: Unavailable) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "keeper_unavailable",
            "Tokens cannot be reached right now",
        )
        .detail("Nothing was changed. Try again in a few seconds.")
        .retry_after(5)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.headers_mut().extend(self.headers.iter().cloned());
        if self.status == StatusCode::UNAUTHORIZED {
            let way = HeaderValue::from_static("Bearer realm=\"Tenantry\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, way);
        }
        // Unless whoever refused names it himself: not of another site, which is what a bare 403 is taken for.
        if self.status == StatusCode::FORBIDDEN {
            response.extensions_mut().insert(Denied::Role);
        }
        self.put_on(response)
    }
}

/// The answer with its body, the request's id in it.
pub(super) fn render(response: Response, request_id: &str) -> Response {
    let Some(problem) = response.extensions().get::<Problem>().cloned() else {
        return response;
    };
    let mut body = Map::new();
    body.insert("type".into(), "about:blank".into());
    body.insert("title".into(), problem.title.into());
    body.insert("status".into(), problem.status.as_u16().into());
    body.insert("code".into(), problem.code.into());
    body.insert("detail".into(), problem.detail.into());
    body.insert("request_id".into(), request_id.into());
    body.extend(*problem.more);
    let (mut parts, _) = response.into_parts();
    // What the bare answer's body was, this one is not.
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_ENCODING);
    let kind = HeaderValue::from_static("application/problem+json");
    parts.headers.insert(header::CONTENT_TYPE, kind);
    let mut whole = Json(Value::Object(body)).into_response();
    *whole.status_mut() = parts.status;
    whole.headers_mut().extend(parts.headers);
    whole.extensions_mut().extend(parts.extensions);
    whole
}
