//! The list as a file that "Import" takes again: read and sent piece by piece.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use futures_util::stream;

use super::index::Params;
use crate::app::App;
use crate::domain::tenant::import::Format;
use crate::domain::tenant::{self, Export};
use crate::web::kit::error::WebResult;
use crate::web::kit::form::Query;
use crate::web::kit::limit;
use crate::web::kit::viewer::Viewer;

/// GET: what the list's filters let through, as CSV.
pub async fn csv(app: State<App>, viewer: Viewer, query: Query<Params>) -> WebResult {
    download(app, viewer, query, Format::Csv).await
}

/// GET: the same as JSON.
pub async fn json(app: State<App>, viewer: Viewer, query: Query<Params>) -> WebResult {
    download(app, viewer, query, Format::Json).await
}

async fn download(
    State(app): State<App>,
    viewer: Viewer,
    Query(params): Query<Params>,
    format: Format,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    limit::export(&mut op, &viewer).await?;
    let export = tenant::export(&mut op, params.filter(), format).await?;
    let name = format!("tenants-{}.{}", op.now().date(), format.as_str());
    op.commit().await?;
    let body = stream::try_unfold((app, viewer, export), |(app, viewer, mut export)| async {
        let piece = next(&app, &viewer, &mut export).await?;
        Ok::<_, sqlx::Error>(piece.map(|piece| (piece, (app, viewer, export))))
    });
    let content_type = match format {
        Format::Csv => "text/csv; charset=utf-8",
        Format::Json => "application/json",
    };
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

async fn next(
    app: &App,
    viewer: &Viewer,
    export: &mut Export,
) -> Result<Option<Bytes>, sqlx::Error> {
    let mut op = viewer.begin(app).await?;
    let piece = export.next(&mut op, viewer.scope).await?;
    op.roll_back().await?;
    Ok(piece.map(Bytes::from))
}
