//! The list as a file, whole: read and sent page by page, so that a million errors need the memory of one page, and no
//! transaction stays open while a slow line takes them.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::json;
use time::format_description::well_known::Rfc3339;

use super::{Filters, Params};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::msal_error::{self, Filter, From, MsalError};
use crate::domain::op::{Op, Scope};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::limit;
use crate::web::kit::viewer::Viewer;

/// Errors read at a time.
const AT_A_TIME: i64 = 500;

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
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

    fn head(self) -> Vec<u8> {
        match self {
            Self::Csv => line(COLUMNS.map(str::to_owned)),
            Self::JsonLines => Vec::new(),
        }
    }

    fn rows(self, errors: &[MsalError]) -> Vec<u8> {
        let one = |error: &MsalError| match self {
            Self::Csv => line(cells(error).map(|cell| harmless(&cell))),
            Self::JsonLines => {
                let mut line = json_of(error).to_string().into_bytes();
                line.push(b'\n');
                line
            }
        };
        errors.iter().flat_map(one).collect()
    }
}

const COLUMNS: [&str; 18] = [
    "id",
    "time",
    "tenant",
    "tenant_name",
    "resource",
    "operation",
    "aadsts_code",
    "other_codes",
    "cause",
    "message",
    "correlation_id",
    "trace_id",
    "http_status",
    "error",
    "suberror",
    "treated_as",
    "answered_at",
    "answer",
];

/// Where the sending is.
struct Sending {
    app: App,
    viewer: Viewer,
    scope: Scope,
    filter: Filter,
    format: Format,
    /// None when the last page was read.
    from: Option<From>,
    first: bool,
}

/// The list that the query asks for, as a file. Who takes it is written down; a filter that makes no sense is refused.
pub async fn export(
    app: &App,
    viewer: &Viewer,
    scope: Scope,
    params: Params,
    format: Format,
) -> WebResult<Response> {
    let mut op = viewer.begin(app).await?;
    let (filters, filter) = Filters::read(&mut op, scope, params).await?;
    let filter = filter.ok_or(WebError::BadRequest(
        "The address has a filter that makes no sense. Go back to the list and correct it there.",
    ))?;
    limit::export(&mut op, viewer).await?;
    note(&mut op, scope, &filters, format).await?;
    let name = format!("msal-errors-{}.{}", op.now().date(), format.ending());
    op.commit().await?;
    let sending = Sending {
        app: app.clone(),
        viewer: viewer.clone(),
        scope,
        filter,
        format,
        from: Some(From::Newest),
        first: true,
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
        let Some(from) = self.from else {
            return Ok(None);
        };
        let mut op = self.viewer.begin(&self.app).await?;
        let errors = msal_error::whole(&mut op, self.scope, &self.filter, from, AT_A_TIME).await?;
        op.roll_back().await?;
        self.from = errors
            .last()
            .filter(|_| i64::try_from(errors.len()).is_ok_and(|read| read == AT_A_TIME))
            .map(|last| From::OlderThan(last.row.id));
        let mut part = if std::mem::take(&mut self.first) {
            self.format.head()
        } else {
            Vec::new()
        };
        part.extend(self.format.rows(&errors));
        Ok(Some(part.into()))
    }
}

async fn note(
    op: &mut Op,
    scope: Scope,
    filters: &Filters,
    format: Format,
) -> Result<(), sqlx::Error> {
    let mut entry = Entry::new("msal_errors.exported").detail("format", format.ending());
    if let Some(tenant) = scope.tenant() {
        entry = entry.tenant(tenant);
    }
    for (name, value) in filters.pairs() {
        if !value.is_empty() {
            entry = entry.detail(name, value);
        }
    }
    entry.write(op).await
}

/// In the order of [`COLUMNS`].
fn cells(error: &MsalError) -> [String; COLUMNS.len()] {
    let row = &error.row;
    let numbers = |codes: &[i32]| {
        let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
        codes.join(" ")
    };
    [
        row.id.to_string(),
        row.at.format(&Rfc3339).unwrap_or_default(),
        row.short_name.clone(),
        row.full_name.clone(),
        row.resource.clone(),
        row.operation.clone(),
        row.code.map(|code| code.to_string()).unwrap_or_default(),
        numbers(&error.codes),
        row.cause.as_str().to_owned(),
        row.message.clone(),
        row.correlation_id.clone(),
        error.trace_id.clone(),
        error
            .http_status
            .map(|status| status.to_string())
            .unwrap_or_default(),
        error.error.clone(),
        error.suberror.clone(),
        error.class.clone(),
        error.answered_at.clone(),
        error.shown_raw(),
    ]
}

fn json_of(error: &MsalError) -> serde_json::Value {
    let row = &error.row;
    json!({
        "id": row.id.0,
        "time": row.at.format(&Rfc3339).unwrap_or_default(),
        "tenant": row.short_name,
        "tenant_name": row.full_name,
        "resource": row.resource,
        "operation": row.operation,
        "aadsts_code": row.code,
        "codes": error.codes,
        "cause": row.cause.as_str(),
        "message": row.message,
        "correlation_id": row.correlation_id,
        "trace_id": error.trace_id,
        "http_status": error.http_status,
        "error": error.error,
        "suberror": error.suberror,
        "treated_as": error.class,
        "answered_at": error.answered_at,
        "answer": error.shown_raw(),
    })
}

/// A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn line(cells: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(harmless("-1"), "'-1");
        assert_eq!(harmless("AADSTS50173: no"), "AADSTS50173: no");
        let line = line(["a,b".to_owned(), "say \"no\"".to_owned()]);
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "\"a,b\",\"say \"\"no\"\"\"\r\n"
        );
    }
}
