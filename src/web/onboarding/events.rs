//! Live progress: a stream that says "changed" once, and the page loads itself again. It tells nothing else, so that a
//! browser without the flow's cookie learns nothing from it.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use uuid::Uuid;

use super::cookies;
use super::holder::Visitor;
use super::page::present;
use crate::app::App;
use crate::domain::onboarding::FlowSecret;
use crate::domain::op::{Actor, Op};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;

/// A stream ends after so long and the browser comes again: so a replica can stop within its grace, and a change that
/// nobody told of is seen all the same.
const LIFE: Duration = Duration::from_secs(15);
/// The browser comes again after so long.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize)]
pub struct EventsQuery {
    /// Fingerprint of what the page shows.
    #[serde(default)]
    seen: String,
}

/// GET: wait until what the page shows is no longer so. 204 ends the waiting for good (the browser stops asking).
pub async fn listen(
    State(app): State<App>,
    visitor: Visitor,
    Query(query): Query<EventsQuery>,
) -> WebResult {
    let Some(secret) = cookies::flow(&app, &visitor.jar) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    if app.flow_changes.receiver_count() >= app.limits.live_streams {
        return Err(WebError::Busy { retry_after_s: 10 });
    }
    let changes = app.flow_changes.subscribe();
    let Some((flow, now)) = look(&app, &secret).await? else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let wait = Wait {
        app,
        secret,
        flow: flow.id.as_uuid(),
        seen: query.seen,
        changes,
        until: Instant::now() + LIFE,
    };
    Ok(wait.stream(&now))
}

async fn look(
    app: &App,
    secret: &FlowSecret,
) -> Result<Option<(crate::domain::onboarding::Flow, String)>, sqlx::Error> {
    let mut op = Op::begin(&app.pool, &app.clock, Actor::Worker("live page")).await?;
    present(app, &mut op, secret).await
}

struct Wait {
    app: App,
    secret: FlowSecret,
    flow: Uuid,
    seen: String,
    changes: Receiver<Uuid>,
    until: Instant,
}

impl Wait {
    fn stream(self, now: &str) -> Response {
        let first = (now != self.seen).then(changed);
        let events = stream::unfold((Some(self), first), |(wait, first)| async move {
            let wait = wait?;
            if let Some(event) = first {
                return Some((Ok::<_, Infallible>(event), (None, None)));
            }
            wait.change().await.map(|event| (Ok(event), (None, None)))
        });
        Sse::new(events)
            .keep_alive(KeepAlive::new().interval(Duration::from_secs(5)))
            .into_response()
    }

    /// The next change of what the page shows; none when the stream's time is over.
    async fn change(mut self) -> Option<Event> {
        loop {
            let heard = tokio::time::timeout_at(self.until, self.changes.recv()).await;
            match heard {
                Err(_) | Ok(Err(RecvError::Closed)) => return None,
                Ok(Ok(id)) if id != self.flow && !id.is_nil() => continue,
                Ok(Ok(_) | Err(RecvError::Lagged(_))) => {}
            }
            match look(&self.app, &self.secret).await {
                Ok(Some((_, now))) if now == self.seen => {}
                // Changed, gone, or not to be read: the page finds out by loading itself again.
                _ => return Some(changed()),
            }
        }
    }
}

fn changed() -> Event {
    // Browsers drop an event without data (WHATWG HTML, server-sent events).
    Event::default().event("changed").data("look").retry(PAUSE)
}
