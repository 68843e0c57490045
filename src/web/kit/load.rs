//! How many requests are in work at once. Whoever comes beyond that is told to come back rather than left to wait: a queue
//! would only make everybody late.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::WebError;

/// Told to those sent away, in seconds.
const RETRY_AFTER_S: u32 = 5;

/// The places of one router: `limits.requests_in_work`.
pub fn places(at_once: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(at_once))
}

/// The place that a request holds; whoever is to wait long, and under a cap of its own, gives it back.
#[derive(Clone, Debug)]
pub struct Place(Arc<Mutex<Option<OwnedSemaphorePermit>>>);

impl Place {
    /// Let somebody else have it.
    pub fn give_back(&self) {
        // Whole between any two statements.
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        drop(place.take());
    }
}

/// Take a place or answer 503. It stands inside [`super::guard::in_time`], so that a browser which goes away
/// does not free the place of a change that is still being made. A live stream gives its place back when it begins.
pub async fn admit<F: Future<Output = Response>>(
    places: Arc<Semaphore>,
    mut request: Request,
    handler: impl FnOnce(Request) -> F,
) -> Response {
    match places.try_acquire_owned() {
        Ok(place) => {
            let place = Place(Arc::new(Mutex::new(Some(place))));
            request.extensions_mut().insert(place.clone());
            let response = handler(request).await;
            place.give_back();
            response
        }
        Err(_) => WebError::Busy {
            retry_after_s: RETRY_AFTER_S,
        }
        .into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{StatusCode, header};

    use super::*;

    async fn ask(places: &Arc<Semaphore>) -> Response {
        let request = Request::new(Body::empty());
        admit(Arc::clone(places), request, |_| async {
            "here".into_response()
        })
        .await
    }

    #[tokio::test]
    async fn whoever_finds_no_place_is_told_to_come_back() {
        let answer = ask(&places(0)).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
    }

    #[tokio::test]
    async fn an_answered_request_gives_its_place_back() {
        let places = places(1);
        for _ in 0..3 {
            assert_eq!(ask(&places).await.status(), StatusCode::OK);
        }
    }
}
