//! The JSON body of a call.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use super::said;
use crate::web::api::Problem;
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
    // The types would take their fields in order from a list as well.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first.is_some_and(|byte| *byte == b'[') {
        return Err(misfit(
            "invalid",
            "The body is a JSON object with named fields.",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let sent = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (place, error) = (error.path().to_string(), error.inner());
        // A word is read as a string, and anything else in its place looks to serde_json like bad syntax.
        if error.is_syntax() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            misfit("invalid", said::odd(&place))
        } else {
            refusal(&place, error)
        }
    })?;
    match reader.end() {
        Ok(()) => Ok(sent),
        Err(error) => Err(refusal("", &error)),
    }
}

/// JSON, and not what the call takes.
fn misfit(code: &'static str, sentence: impl Into<String>) -> Problem {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    Problem::new(status, code, "The body does not fit").detail(sentence)
}

/// Names of fields and what they take; never a value that was sent.
fn refusal(place: &str, error: &serde_json::Error) -> Problem {
    let said = error.to_string();
    match error.classify() {
        Category::Data if said.starts_with("duplicate field") => {
            Problem::bad_request(said::sentence(place, &said))
        }
        Category::Data => {
            let code = if said.starts_with("unknown field") {
                "unknown_field"
            } else {
                "invalid"
            };
            misfit(code, said::sentence(place, &said))
        }
        Category::Io | Category::Syntax | Category::Eof => {
            Problem::bad_request("The body is no JSON.")
        }
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
        #[serde(default)]
        colour: Colour,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        #[default]
        Red,
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
        assert_eq!(status(r#"{"name":"a","colour":"red"}"#), 200);
        for odd in ["5", "null", "true", "[]", r#"{"red":1}"#, r#""blue""#] {
            let body = format!(r#"{{"name":"a","colour":{odd}}}"#);
            assert_eq!(status(&body), 422, "{odd}");
        }
        assert_eq!(status(r#"{"name":"a","colour":red}"#), 400);
        assert_eq!(status(r#" ["a", 2]"#), 422);
        assert_eq!(status(r#"{"name":"a\u0000"}"#), 400);
        assert_eq!(
            status(&format!("{}{}", "[".repeat(40), "]".repeat(40))),
            400
        );
    }
}
