//! How many requests are in work at once. Whoever comes beyond that is told to come back rather than left to wait: a queue
//! would only make everybody late.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
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

/// Layer: take a place or answer 503. It stands inside [`super::guard::finish_changes`], so that a browser which goes away
/// does not free the place of a change that is still being made. A live stream gives its place back when it begins.
pub async fn admit(
    State(places): State<Arc<Semaphore>>,
    mut request: Request,
    next: Next,
) -> Response {
    match places.try_acquire_owned() {
        Ok(place) => {
            let place = Place(Arc::new(Mutex::new(Some(place))));
            request.extensions_mut().insert(place.clone());
            let response = next.run(request).await;
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
    use axum::Router;
    use axum::body::Body;
    use axum::http::{StatusCode, header};
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    fn router(places: Arc<Semaphore>) -> Router {
        Router::new()
            .route("/", get(|| async { "here" }))
            .layer(from_fn_with_state(places, admit))
    }

    async fn ask(router: &Router) -> Response {
        let request = Request::new(Body::empty());
        router.clone().oneshot(request).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_finds_no_place_is_told_to_come_back() {
        let router = router(Arc::new(Semaphore::new(0)));
        let answer = ask(&router).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
    }

    #[tokio::test]
    async fn an_answered_request_gives_its_place_back() {
        let router = router(Arc::new(Semaphore::new(1)));
        for _ in 0..3 {
            assert_eq!(ask(&router).await.status(), StatusCode::OK);
        }
    }
}
