//! Forms and queries whose refusal is a page in our words, and the state of one field: what was typed, what is wrong.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::error::WebError;
use super::fields;
use crate::domain::tenant::FieldError;

/// A URL-encoded body, read once into typed text; checking the text is the handler's. A field that `T` does not know is
/// refused (422), so that nobody tries what a page does not offer.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &S) -> Result<Self, WebError> {
        let (parts, body) = request.into_parts();
        let body = Bytes::from_request(Request::new(body), state)
            .await
            .map_err(|why| match why.status() {
                StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
                _ => WebError::BadRequest(INCOMPLETE),
            })?;
        let request = Request::from_parts(parts, Body::from(body.clone()));
        let form = axum_extra::extract::Form::<T>::from_request(request, state)
            .await
            .map_err(|_| WebError::BadRequest(INCOMPLETE))?;
        if fields::has_unknown::<T>(&body) {
            return Err(WebError::UnknownField);
        }
        Ok(Self(form.0))
    }
}

const INCOMPLETE: &str = "The form was not complete. Go back, reload the page and send it again.";
const NO_SENSE: &str =
    "The address has a filter that makes no sense. Remove what follows the question mark.";

/// A query string; unknown names are ignored so that old links keep working.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, WebError> {
        let query = parts.uri.query().unwrap_or_default();
        // No page of ours makes it, and Postgres has no text with it. Nor does one name anything twice that is no list.
        if query.contains("%00") || fields::has_unknown_twice::<T>(query.as_bytes()) {
            return Err(WebError::BadRequest(NO_SENSE));
        }
        axum_extra::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum_extra::extract::Query(query)| Self(query))
            .map_err(|_| WebError::BadRequest(NO_SENSE))
    }
}

/// What is wrong with the field of this name.
pub fn error_at(errors: &[FieldError], name: &str) -> Option<String> {
    let found = errors.iter().find(|error| error.field == name);
    found.map(|error| error.message.clone())
}

/// One field of a form as the template shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    /// What was typed, or what the field starts with.
    pub value: String,
    /// What is wrong and what to do; none when all is well.
    pub error: Option<String>,
}

impl Field {
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: None,
        }
    }

    /// The same field with its problem.
    #[must_use]
    pub fn with_error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }
}
