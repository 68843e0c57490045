//! The form with the file, as it comes.

use axum::body::Bytes;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;

use crate::web::kit::error::WebError;

const INCOMPLETE: &str = "The form was not complete. Go back, reload the page and send it again.";

/// What the page sends. A chosen file goes before the text in the field.
#[derive(Debug, Default)]
pub struct Sent {
    pub bytes: Bytes,
    /// Import it, rather than look at it.
    pub import: bool,
    pub leave_refused_out: bool,
    /// Rows of one fate only; empty for all.
    pub show: String,
    /// Page of the rows, counted from 1.
    pub page: usize,
    /// What the page showed that the button was on.
    pub seen: String,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let form = Multipart::from_request(request, state)
            .await
            .map_err(|_| WebError::BadRequest(INCOMPLETE))?;
        read(form).await
    }
}

async fn read(mut form: Multipart) -> Result<Sent, WebError> {
    let mut sent = Sent::default();
    let (mut text, mut shown) = (Bytes::new(), String::new());
    while let Some(field) = form.next_field().await.map_err(refusal)? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.bytes().await.map_err(refusal)?;
        let word = || String::from_utf8_lossy(&value).into_owned();
        match name.as_str() {
            "file" => sent.bytes = value,
            "text" => text = value,
            "act" => sent.import = value == "import",
            "leave" => sent.leave_refused_out = true,
            "show" => sent.show = word(),
            "shown" => shown = word(),
            "page" => sent.page = word().parse().unwrap_or(1),
            "seen" => sent.seen = word(),
            _ => return Err(WebError::UnknownField),
        }
    }
    if sent.bytes.is_empty() {
        sent.bytes = text;
    }
    match sent.show.as_str() {
        "" => sent.show = shown,
        "all" => sent.show.clear(),
        _ => {}
    }
    Ok(sent)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn refusal(error: MultipartError) -> WebError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
        _ => WebError::BadRequest(INCOMPLETE),
    }
}
