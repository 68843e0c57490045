//! What a call sends: a JSON body and a query, each read once into a type. What the type does not know is refused, so that a
//! mistyped field is never silently left out.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Problem;
use crate::web::kit::fields;
use crate::web::kit::json::is_shallow;

/// A JSON object. `T` must refuse unknown fields (`#[serde(deny_unknown_fields)]`).
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| {
                let kind = kind.to_str().unwrap_or_default();
                let kind = kind.split(';').next().unwrap_or_default().trim();
                kind.eq_ignore_ascii_case("application/json")
            });
        let bytes =
            Bytes::from_request(request, state)
                .await
                .map_err(|why| match why.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => {
                        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Too large")
                            .detail("A body has 64 KiB at most.")
                    }
                    _ => Problem::bad_request("The body was not whole."),
                })?;
        if !is_json {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::new(status, "unsupported_media_type", "Not JSON")
                .detail("Send a JSON object with the header \"Content-Type: application/json\"."));
        }
        read(&bytes).map(Self)
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if !is_shallow(bytes) {
        return Err(Problem::bad_request(
            "The body nests deeper than 32 levels.",
        ));
    }
    // Postgres has no text with it.
    if bytes
        .windows(6)
        .any(|part| part.eq_ignore_ascii_case(b"\\u0000"))
    {
        return Err(Problem::bad_request(
            "The body has a character that no text may have (U+0000).",
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        // Names of fields, types and places; never a value that was sent.
        let said = error.to_string();
        let said = said.split(" at line").next().unwrap_or_default().to_owned();
        match error.classify() {
            Category::Data if said.starts_with("duplicate field") => {
                Problem::bad_request("A field comes twice in the body.")
            }
            Category::Data => {
                let code = if said.starts_with("unknown field") {
                    "unknown_field"
                } else {
                    "invalid"
                };
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Problem::new(status, code, "The body does not fit").detail(without_values(&said))
            }
            Category::Io | Category::Syntax | Category::Eof => {
                Problem::bad_request("The body is no JSON.")
            }
        }
    })
}

/// What serde says, without what was sent: `invalid type: string "…", expected i32` keeps its end.
fn without_values(said: &str) -> String {
    if said.starts_with("invalid ") {
        let expected = said.rsplit_once(", expected ").map(|(_, what)| what);
        return format!(
            "A field has an odd value; expected {}.",
            expected.unwrap_or("another")
        );
    }
    let short: String = said
        .chars()
        .filter(|one| !one.is_control())
        .take(200)
        .collect();
    format!("{short}.")
}

/// The query. A name that comes twice, or that `T` does not know, is refused; lists are separated by commas.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let mut names: Vec<_> = url::form_urlencoded::parse(query)
            .map(|(name, _)| name)
            .collect();
        let sent = names.len();
        names.sort();
        names.dedup();
        if names.len() < sent {
            return Err(Problem::bad_request(
                "A parameter comes twice in the address.",
            ));
        }
        if fields::has_unknown::<T>(query) {
            let status = StatusCode::BAD_REQUEST;
            return Err(
                Problem::new(status, "unknown_parameter", "Unknown parameter")
                    .detail("The address has a parameter that this call does not know."),
            );
        }
        if url::form_urlencoded::parse(query).any(|(_, value)| value.contains('\0')) {
            return Err(Problem::bad_request(
                "A parameter has a character that no text may have.",
            ));
        }
        let uri = &parts.uri;
        axum::extract::Query::<T>::try_from_uri(uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|_| Problem::bad_request("A parameter of the address has an odd value."))
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read and not looked at")]
    struct Sent {
        name: String,
        #[serde(default)]
        count: u32,
    }

    fn status(text: &str) -> u16 {
        match read::<Sent>(text.as_bytes()) {
            Ok(_) => 200,
            Err(problem) => problem.into_response().status().as_u16(),
        }
    }

    #[test]
    fn a_body_is_one_object_of_known_fields_each_once() {
        assert_eq!(status(r#"{"name":"a","count":2}"#), 200);
        assert_eq!(status(r#"{"name":"a","name":"b"}"#), 400);
        assert_eq!(status(r#"{"name":"a","role":"owner"}"#), 422);
        assert_eq!(status(r#"{"name":"a","count":-1}"#), 422);
        assert_eq!(status(r#"{"name":"a"#), 400);
        assert_eq!(status(r#"{"name":"a\u0000"}"#), 400);
        assert_eq!(
            status(&format!("{}{}", "[".repeat(40), "]".repeat(40))),
            400
        );
    }

    #[test]
    fn what_was_sent_is_not_said_again() {
        let said = without_values("invalid type: string \"my secret\", expected u32");
        assert_eq!(said, "A field has an odd value; expected u32.");
    }
}
