//! The query of an address.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::said;
use crate::web::api::Problem;
use crate::web::kit::fields;

/// A name that comes twice, or that `T` does not know, is refused; lists are separated by commas.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default().as_bytes();
        let known = fields::names_of::<T>().unwrap_or_default();
        if fields::has_unknown::<T>(query) {
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "unknown_parameter",
                "Unknown parameter",
            )
            .detail(format!(
                "The address has a parameter that this call does not know. It knows {}.",
                known.join(", ")
            )));
        }
        for name in known {
            let mut sent = url::form_urlencoded::parse(query).filter(|(one, _)| one == name);
            let (first, second) = (sent.next(), sent.next());
            if second.is_some() {
                return Err(Problem::bad_request(format!(
                    "`{name}` comes twice in the address."
                )));
            }
            if first.is_some_and(|(_, value)| value.contains('\0')) {
                return Err(Problem::bad_request(format!(
                    "`{name}` has a character that no text may have (U+0000)."
                )));
            }
        }
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|error| Problem::bad_request(odd(&error.body_text(), known)))
    }
}

/// Axum says "Failed to deserialize query string: NAME: WHY".
fn odd(text: &str, known: &[&str]) -> String {
    let told = text
        .split_once(": ")
        .and_then(|(_, told)| told.split_once(": "));
    match told.filter(|(name, _)| known.contains(name)) {
        Some((name, why)) => said::sentence(name, why),
        None => "A parameter of the address has an odd value.".into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "read and not looked at")]
    struct Sent {
        limit: Option<u16>,
        snoozed: Option<bool>,
        #[serde(default)]
        q: String,
    }

    async fn said(query: &str) -> String {
        let request = Request::get(format!("/x?{query}")).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        match Query::<Sent>::from_request_parts(&mut parts, &()).await {
            Ok(_) => String::new(),
            Err(problem) => {
                let text = format!("{problem:?}");
                assert_eq!(problem.into_response().status().as_u16(), 400);
                text
            }
        }
    }

    #[tokio::test]
    async fn a_refusal_names_the_parameter_and_not_what_it_held() {
        assert_eq!(said("limit=5&q=%20x").await, "");
        let odd = said("q=x&limit=manysecrets").await;
        assert!(
            odd.contains("`limit` has an odd value; expected a whole number, not"),
            "{odd}"
        );
        assert!(!odd.contains("manysecrets"), "{odd}");
        let odd = said("snoozed=perhaps").await;
        assert!(
            odd.contains("`snoozed` has an odd value; expected true or false."),
            "{odd}"
        );
        assert!(said("q=a&q=b").await.contains("`q` comes twice"));
        assert!(said("q=%00").await.contains("`q` has a character"));
        let unknown = said("colour=red").await;
        assert!(
            unknown.contains("It knows `limit`, `snoozed`, `q`."),
            "{unknown}"
        );
    }
}
