//! The list as a file, whole: read and sent page by page, so that a million entries need the memory of one page. That it was
//! taken is in the log before its first byte is sent.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::filters::{Filters, Params};
use crate::app::App;
use crate::domain::audit::{self, Entry, Event, Filter};
use crate::domain::op::Op;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::viewer::Viewer;
use crate::web::parts::csv;

/// Entries read at a time.
const AT_A_TIME: i64 = 500;

const COLUMNS: [&str; 17] = [
    "id",
    "time",
    "actor_type",
    "actor",
    "actor_id",
    "ip",
    "key_id",
    "action",
    "tenant",
    "tenant_name",
    "object_type",
    "object_id",
    "result",
    "request_id",
    "details",
    "seal",
    "tenant_id",
];

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    /// One JSON object a line.
    JsonLines,
}

impl Format {
    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::JsonLines => "application/jsonl",
        }
    }

    fn head(self) -> String {
        match self {
            Self::Csv => csv::line(COLUMNS),
            Self::JsonLines => String::new(),
        }
    }

    fn row(self, event: &Event) -> String {
        match self {
            Self::Csv => csv::line(cells(event).iter().map(String::as_str)),
            Self::JsonLines => format!("{}\n", json_of(event)),
        }
    }
}

/// Where the sending is.
struct Sending {
    app: App,
    viewer: Viewer,
    filter: Filter,
    format: Format,
    before: Option<i64>,
    first: bool,
    done: bool,
}

/// The list that the query asks for, as a file. A filter that makes no sense is refused.
pub(super) async fn export(
    app: &App,
    viewer: &Viewer,
    params: Params,
    format: Format,
) -> WebResult<Response> {
    let mut op = viewer.begin(app).await?;
    let (filters, filter) = Filters::read(&mut op, viewer.scope, params).await?;
    let filter = filter.ok_or(WebError::BadRequest(
        "The address has a filter that makes no sense. Go back to the list and correct it there.",
    ))?;
    note(&mut op, &filters, format).await?;
    let name = format!("audit-log-{}.{}", op.now().date(), format.ending());
    op.commit().await?;
    let sending = Sending {
        app: app.clone(),
        viewer: viewer.clone(),
        filter,
        format,
        before: None,
        first: true,
        done: false,
    };
    let body = stream::try_unfold(sending, |mut sending| async move {
        Ok::<_, sqlx::Error>(sending.next().await?.map(|bytes| (bytes, sending)))
    });
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

impl Sending {
    /// The next part of the file; none after the last.
    async fn next(&mut self) -> Result<Option<Bytes>, sqlx::Error> {
        if self.done {
            return Ok(None);
        }
        let mut op = self.viewer.begin(&self.app).await?;
        let scope = self.viewer.scope;
        let events = audit::whole(&mut op, scope, &self.filter, self.before, AT_A_TIME).await?;
        op.roll_back().await?;
        self.done = i64::try_from(events.len()).is_ok_and(|read| read < AT_A_TIME);
        self.before = events.last().map(|last| last.id);
        let mut part = if std::mem::take(&mut self.first) {
            self.format.head()
        } else {
            String::new()
        };
        part.extend(events.iter().map(|event| self.format.row(event)));
        Ok(Some(part.into()))
    }
}

async fn note(op: &mut Op, filters: &Filters, format: Format) -> Result<(), sqlx::Error> {
    let mut entry = Entry::new("audit.exported").detail("format", format.ending());
    for (name, value) in filters.pairs() {
        if !value.is_empty() {
            entry = entry.detail(name, value);
        }
    }
    entry.write(op).await
}

/// In the order of [`COLUMNS`].
fn cells(event: &Event) -> [String; COLUMNS.len()] {
    let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let tenant = event.tenant.as_ref();
    [
        event.id.to_string(),
        event.at.format(&Rfc3339).unwrap_or_default(),
        event.actor_type.clone(),
        event.actor.clone(),
        text(event.actor_id),
        event.ip.clone(),
        text(event.key_id),
        event.action.clone(),
        tenant.map(|one| one.short_name.clone()).unwrap_or_default(),
        tenant.map(|one| one.full_name.clone()).unwrap_or_default(),
        event.object_type.clone(),
        event.object_id.clone(),
        event.result.clone(),
        event.request_id.clone(),
        match &event.details {
            serde_json::Value::Object(map) if map.is_empty() => String::new(),
            details => details.to_string(),
        },
        event.seal.map(|seq| seq.to_string()).unwrap_or_default(),
        text(tenant.map(|one| one.id)),
    ]
}

fn json_of(event: &Event) -> serde_json::Value {
    let tenant = event.tenant.as_ref();
    json!({
        "id": event.id,
        "time": event.at.format(&Rfc3339).unwrap_or_default(),
        "actor_type": event.actor_type,
        "actor": event.actor,
        "actor_id": event.actor_id,
        "ip": event.ip,
        "key_id": event.key_id,
        "action": event.action,
        "tenant": tenant.map(|one| one.short_name.as_str()),
        "tenant_name": tenant.map(|one| one.full_name.as_str()),
        "tenant_id": tenant.map(|one| one.id),
        "object_type": event.object_type,
        "object_id": event.object_id,
        "result": event.result,
        "request_id": event.request_id,
        "details": event.details,
        "seal": event.seal,
    })
}
