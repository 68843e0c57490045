//! The board as CSV, under the same filters.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::show::{Params, id_of};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::campaign::{self, MOST_TENANTS};
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::limit;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::exact;
use crate::web::parts::csv;

const HEAD: [&str; 9] = [
    "Short name",
    "Full name",
    "Address",
    "Stage",
    "Since",
    "Note",
    "Last mail",
    "Reminders",
    "Next reminder",
];

/// GET: every tenant under the filter, whatever page is shown.
pub async fn download(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    Query(params): Query<Params>,
) -> WebResult<Response> {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    let found = campaign::get(&mut op, viewer.scope, id).await?;
    found.ok_or(WebError::NotFound)?;
    limit::export(&mut op, &viewer).await?;
    Entry::new("campaign.exported")
        .object("campaign", id)
        .detail("format", "csv")
        .write(&mut op)
        .await?;
    let most = i64::try_from(MOST_TENANTS).unwrap_or(i64::MAX);
    let filter = params.filter();
    let (rows, _) = campaign::board(&mut op, viewer.scope, id, &filter, most, 0).await?;
    op.commit().await?;
    let at = |at: Option<time::OffsetDateTime>| at.map(exact).unwrap_or_default();
    let mut text = csv::line(HEAD);
    for row in &rows {
        text += &csv::line([
            row.short_name.as_str(),
            &row.full_name,
            &row.email,
            row.stage.label(),
            &exact(row.since),
            &row.why,
            &at(row.last_mail_at),
            &row.reminders.to_string(),
            &at(row.next_reminder_at),
        ]);
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"campaign.csv\"",
        ),
    ];
    Ok((headers, text).into_response())
}
