//! The list as CSV, under the same filters and in the same order: read and sent piece by piece, so that a fleet of any size
//! needs the memory of one piece.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};

use super::query::{Asked, Params};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::connection::{self, Row, ShownState};
use crate::domain::place::Place;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Query;
use crate::web::kit::limit;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::exact;
use crate::web::parts::csv;

/// Rows read at a time.
const PIECE: i64 = 500;

const HEAD: [&str; 18] = [
    "Short name",
    "Full name",
    "Domain",
    "Mode",
    "M365 admin",
    "State",
    "Cause",
    "Who acts",
    "Since",
    "Tokens valid",
    "Tokens total",
    "Next expiry",
    "Last success",
    "Last error code",
    "Tags",
    "Snoozed until",
    "Snoozed because",
    "Permissions lacking",
];

/// GET: the whole list, whatever page is shown.
pub async fn download(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
) -> WebResult {
    let asked = params.read();
    if !asked.unknown.is_empty() {
        return Err(WebError::BadRequest(
            "The address asks for a state, cause, mode, day or kind of snooze that does not exist. Go back to the list and \
             choose from its filters.",
        ));
    }
    // Who takes the list is written down before its first line is sent.
    let mut op = viewer.begin(&app).await?;
    limit::export(&mut op, &viewer).await?;
    Entry::new("authentication_status.exported")
        .detail("format", "csv")
        .write(&mut op)
        .await?;
    op.commit().await?;
    let head = csv::line(HEAD.iter().copied());
    let pieces = stream::unfold(
        Some((app, viewer, asked, Place::First)),
        |state| async move {
            let (app, viewer, asked, place) = state?;
            match piece(&app, &viewer, &asked, &place).await {
                Ok((text, next)) => {
                    let next = next.map(|cursor| (app, viewer, asked, Place::After(cursor)));
                    Some((Ok(Bytes::from(text)), next))
                }
                // The connection is cut, so that nobody takes half a list for the whole.
                Err(error) => Some((Err(std::io::Error::other(error)), None)),
            }
        },
    );
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from(head))]);
    Ok(attachment(Body::from_stream(first.chain(pieces).fuse())))
}

async fn piece(
    app: &App,
    viewer: &Viewer,
    asked: &Asked,
    place: &Place,
) -> Result<(String, Option<crate::domain::place::Cursor>), sqlx::Error> {
    let mut op = viewer.begin(app).await?;
    let page = connection::page(
        &mut op,
        viewer.scope,
        &asked.filter,
        asked.sort,
        place,
        PIECE,
    )
    .await?;
    let text = page.rows.iter().map(line).collect();
    Ok((text, page.after))
}

fn line(row: &Row) -> String {
    let at = |at: Option<time::OffsetDateTime>| at.map(exact).unwrap_or_default();
    let error = row.last_error.as_ref().and_then(|error| error.code);
    csv::line([
        row.short_name.as_str(),
        &row.full_name,
        &row.domain,
        row.connection.map_or("None", |(_, mode)| mode.label()),
        &row.admin,
        row.state.label(),
        row.words(),
        row.who_acts()
            .map_or("", crate::domain::diagnosis::WhoActs::label),
        &exact(row.since),
        &row.tokens_valid.to_string(),
        &row.tokens_total.to_string(),
        &at(row
            .expires
            .filter(|_| row.state != ShownState::Expired)
            .map(|(at, _)| at)),
        &at(row.last_ok_at),
        &error.map(|code| code.to_string()).unwrap_or_default(),
        &row.tags.join(" "),
        &at(row.snoozed.as_ref().map(|(until, _)| *until)),
        row.snoozed
            .as_ref()
            .map_or("", |(_, reason)| reason.as_str()),
        &row.permissions_lacking.to_string(),
    ])
}

fn attachment(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"authentication-status.csv\"",
        ),
    ];
    (headers, body).into_response()
}
