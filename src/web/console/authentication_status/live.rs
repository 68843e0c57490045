//! The stream that an open page listens to: rows of that page that changed, and the counts. What changed is looked up once for
//! all pages; here each page gets its share.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::counts::CountNews;
use super::query::{Asked, Params};
use super::row::RowNews;
use crate::app::App;
use crate::clock::random_uuid;
use crate::domain::connection::{self, Row, ShownState, StatusNews, Tally};
use crate::domain::op::Op;
use crate::storage::TenantId;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::viewer::Viewer;

/// Rows that a page may name.
const MAX_ROWS: usize = 200;
/// A stream ends after so long and the browser comes again: then who listens is looked at anew.
const LIFE: Duration = Duration::from_mins(1);
/// Up to so much longer, so that pages which were opened together do not all come again together.
const SPREAD: Duration = Duration::from_secs(30);
/// The browser comes again after so long.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LiveQuery {
    /// The rows that the page shows.
    tenant: Vec<TenantId>,
    #[serde(flatten)]
    shown: Params,
}

/// GET: the rows as they are now, so that nothing is missed between page and stream, then each change.
pub async fn listen(
    State(app): State<App>,
    viewer: Viewer,
    Query(query): Query<LiveQuery>,
) -> WebResult {
    if app.status_news.receiver_count() >= app.limits.live_streams {
        return Err(WebError::Busy { retry_after_s: 10 });
    }
    if query.tenant.len() > MAX_ROWS {
        return Err(WebError::BadRequest("The page names too many rows."));
    }
    let news = app.status_news.subscribe();
    let asked = query.shown.read();
    let mut op = viewer.begin(&app).await?;
    let first = now(&mut op, &viewer, &asked, &query.tenant).await?;
    drop(op);
    let page = Page {
        app,
        viewer,
        asked,
        rows: query.tenant.into_iter().collect(),
        news,
        until: Instant::now() + LIFE + spread(),
        ready: first.into(),
    };
    Ok(page.stream())
}

fn spread() -> Duration {
    SPREAD * u32::from(random_uuid().as_bytes()[0]) / 256
}

/// Everything the page shows, as events.
async fn now(
    op: &mut Op,
    viewer: &Viewer,
    asked: &Asked,
    tenants: &[TenantId],
) -> Result<Vec<Event>, sqlx::Error> {
    let rows = connection::several(op, viewer.scope, tenants).await?;
    let summary = connection::summary(op, viewer.scope, &asked.filter).await?;
    let rows: Vec<&Row> = rows.values().collect();
    Ok([
        rows_event(&rows, op.now()),
        counts_event(asked, &summary.tally),
    ]
    .into_iter()
    .flatten()
    .collect())
}

struct Page {
    app: App,
    viewer: Viewer,
    asked: Asked,
    rows: HashSet<TenantId>,
    news: Receiver<Arc<StatusNews>>,
    until: Instant,
    ready: VecDeque<Event>,
}

impl Page {
    fn stream(self) -> Response {
        let events = stream::unfold(self, |mut page| async move {
            let event = page.next().await?;
            Some((Ok::<_, Infallible>(event), page))
        });
        Sse::new(events)
            .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
            .into_response()
    }

    /// The next event; none when the stream's time is over or something was missed: the browser comes again.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            match tokio::time::timeout_at(self.until, self.news.recv()).await {
                Err(_) | Ok(Err(RecvError::Closed | RecvError::Lagged(_))) => return None,
                Ok(Ok(news)) => self.take(&news).await?,
            }
        }
    }

    async fn take(&mut self, news: &StatusNews) -> Option<()> {
        let StatusNews::Changed { rows, counts } = news else {
            return None;
        };
        if self.viewer.sees_all() {
            self.tell(rows, counts.tally(&self.asked.filter).as_ref());
            return Some(());
        }
        let (rows, tally) = self.within_reach(rows).await.ok()?;
        if !rows.is_empty() {
            self.tell(&rows, Some(&tally));
        }
        Some(())
    }

    /// What a limited technician may hear of it, by the limit of this moment.
    async fn within_reach(
        &self,
        rows: &BTreeMap<TenantId, Row>,
    ) -> Result<(BTreeMap<TenantId, Row>, Tally), sqlx::Error> {
        let changed: Vec<TenantId> = rows.keys().copied().collect();
        let mut op = self.viewer.begin(&self.app).await?;
        let rows = connection::several(&mut op, self.viewer.scope, &changed).await?;
        let summary = connection::summary(&mut op, self.viewer.scope, &self.asked.filter).await?;
        Ok((rows, summary.tally))
    }

    fn tell(&mut self, rows: &BTreeMap<TenantId, Row>, tally: Option<&Tally>) {
        let at = self.app.clock.now();
        let shown: Vec<&Row> = rows
            .values()
            .filter(|row| self.rows.contains(&row.tenant_id))
            .collect();
        self.ready.extend(rows_event(&shown, at));
        if let Some(tally) = tally {
            self.ready.extend(counts_event(&self.asked, tally));
        }
        if rows.values().any(|row| self.moves(row)) {
            self.ready
                .push_back(Event::default().event("moved").data("look"));
        }
    }

    /// Whether a row that changed may belong on this list, or belong on it no more: only a new look at the list can place it.
    fn moves(&self, row: &Row) -> bool {
        let wanted: Option<ShownState> = self.asked.filter.state;
        let shown = self.rows.contains(&row.tenant_id);
        shown != wanted.is_none_or(|state| state == row.state)
    }
}

fn rows_event(rows: &[&Row], now: time::OffsetDateTime) -> Option<Event> {
    if rows.is_empty() {
        return None;
    }
    let told: Vec<RowNews> = rows.iter().map(|row| RowNews::of(row, now)).collect();
    event("rows", &told)
}

fn counts_event(asked: &Asked, tally: &Tally) -> Option<Event> {
    event("counts", &CountNews::all(asked, tally))
}

fn event(name: &'static str, told: &impl serde::Serialize) -> Option<Event> {
    let text = serde_json::to_string(told).ok()?;
    Some(Event::default().event(name).data(text).retry(PAUSE))
}
