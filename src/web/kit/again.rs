//! When the keeper is away, or a visit's time is over: the form as it was sent behind a button that sends it again; and one
//! sentence everywhere for the keeper.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error;
use super::notice::{Notice, Tone};

/// What every page says then.
pub const SENTENCE: &str =
    "The keeper is not answering. Nothing was changed; try again in a minute.";
/// `Retry-After`, seconds.
pub const RETRY_AFTER_S: u32 = 60;

/// Fields whose value is never given back to a page.
const SECRET: [&str; 10] = [
    "secret",
    "pem",
    "password",
    "old",
    "repeated",
    "pin",
    "code",
    "recovery",
    "credential",
    // Of a channel: chat and webhook addresses let whoever has them post.
    "url",
];

/// What was asked, to be asked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    /// Path and query.
    pub action: String,
    /// The fields of the form; none when it was a link.
    pub fields: Option<Vec<(String, String)>>,
    /// What the button says.
    pub word: &'static str,
}

/// The sentence on the page itself, above the form that was sent.
pub fn notice() -> Notice {
    Notice {
        tone: Tone::Bad,
        text: SENTENCE.to_owned(),
    }
}

/// A page with the form as it was typed and [`notice`].
pub fn page(page: impl IntoResponse) -> Response {
    let headers = [(header::RETRY_AFTER, RETRY_AFTER_S.to_string())];
    (StatusCode::SERVICE_UNAVAILABLE, headers, page).into_response()
}

/// Keep what was sent, for the error page of a keeper that is away.
pub async fn keep(request: Request, next: Next) -> Response {
    let action = request.uri().path_and_query();
    let action = action.map_or_else(|| "/".to_owned(), ToString::to_string);
    let (request, sent) = match *request.method() {
        Method::GET => (request, Some(None)),
        Method::POST if is_form(&request) => {
            let (request, body) = match read(request).await {
                Ok(read) => read,
                Err(refused) => return refused,
            };
            (request, fields(&body).map(Some))
        }
        _ => (request, None),
    };
    let mut response = next.run(request).await;
    if let Some(fields) = sent
        && let Some(again) = error::again(&response, action, fields)
    {
        response.extensions_mut().insert(again);
    }
    response
}

pub(super) fn is_form(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| {
        kind.as_bytes()
            .starts_with(b"application/x-www-form-urlencoded")
    })
}

/// The request with its body in memory. The layers outside have set its limit: one that is longer, or breaks off, is refused.
pub(super) async fn read(request: Request) -> Result<(Request, Bytes), Response> {
    let (parts, body) = request.into_parts();
    match Bytes::from_request(Request::new(body), &()).await {
        Ok(bytes) => Ok((Request::from_parts(parts, Body::from(bytes.clone())), bytes)),
        // 413 or 400; the words are `error::render`'s.
        Err(refused) => Err(refused.status().into_response()),
    }
}

/// None when something secret is among them: that has to be typed again.
pub(super) fn fields(body: &[u8]) -> Option<Vec<(String, String)>> {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let secret = fields
        .iter()
        .any(|(name, value)| SECRET.contains(&name.as_str()) && !value.is_empty());
    (!secret).then_some(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_unless_it_is_secret() {
        let kept = fields(b"from=list&admin_username=a%40b.example").unwrap();
        assert_eq!(
            kept[1],
            ("admin_username".to_owned(), "a@b.example".to_owned())
        );
        assert_eq!(fields(b"years=1&secret=geheim"), None);
        assert_eq!(
            fields(b"name=desk&url=https%3A%2F%2Fhook.example%2Fx"),
            None
        );
        assert!(fields(b"name=desk&url=").is_some(), "none was typed");
        assert_eq!(fields(b""), Some(Vec::new()));
    }
}
