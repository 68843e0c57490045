//! The logo: sent, removed, and served to anybody together with the colour. What is served was made by us and is always PNG.

use axum::extract::{Multipart, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;
use uuid::Uuid;

use super::page;
use crate::app::App;
use crate::domain::branding::{self, Logo, LogoError};
use crate::domain::op::{Actor, Op};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// "Use this logo".
pub async fn send(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    session: Session,
    form: Multipart,
) -> WebResult {
    let file = read(form).await?;
    // Decoding takes a while; other requests go on meanwhile.
    let logo = tokio::task::spawn_blocking(move || Logo::read(&file))
        .await
        .map_err(|error| WebError::Unexpected(error.into()))?;
    let logo = match logo {
        Ok(logo) => logo,
        Err(error) => return refuse(&app, &viewer, chrome, error).await,
    };
    let mut op = viewer.begin(&app).await?;
    branding::set_logo(&mut op, &logo).await?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "Customers see the logo from now on.").await;
    Ok(Redirect::to(paths::BRANDING).into_response())
}

async fn read(mut form: Multipart) -> WebResult<Vec<u8>> {
    const INCOMPLETE: &str = "The form was not complete. Go back and send it again.";
    let incomplete = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => WebError::TooLarge,
        _ => WebError::BadRequest(INCOMPLETE),
    };
    let mut file = Vec::new();
    while let Some(field) = form.next_field().await.map_err(incomplete)? {
        if field.name() != Some("logo") {
            return Err(WebError::UnknownField);
        }
        file = field.bytes().await.map_err(incomplete)?.to_vec();
    }
    Ok(file)
}

async fn refuse(app: &App, viewer: &Viewer, chrome: Chrome, error: LogoError) -> WebResult {
    let mut page = page(app, viewer, chrome).await?;
    page.logo_error = Some(error.to_string());
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// "Remove the logo".
pub async fn remove(State(app): State<App>, viewer: Viewer, session: Session) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    branding::remove_logo(&mut op).await?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "The logo was removed.").await;
    Ok(Redirect::to(paths::BRANDING).into_response())
}

/// The logo with this name; a former one is gone.
pub async fn serve(State(app): State<App>, Path(name): Path<String>) -> WebResult {
    let id: Uuid = name.parse().map_err(|_| WebError::NotFound)?;
    let actor = Actor::Visitor { ip: String::new() };
    let mut op = Op::begin(&app.pool, &app.clock, actor).await?;
    let png = branding::logo(&mut op, id).await?;
    let png = png.ok_or(WebError::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, "public, max-age=86400, immutable"),
        // Mail readers load it from elsewhere.
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ];
    Ok((headers, png).into_response())
}

/// The style sheet for a colour. It is the same for everybody, so it asks nobody.
pub async fn sheet(Path(colour): Path<String>) -> WebResult {
    let is_colour = colour.len() == 6 && colour.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_colour {
        return Err(WebError::NotFound);
    }
    let sheet = format!(":root {{ --accent-fill: #{colour}; }}\n");
    let headers = [
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=86400, immutable"),
    ];
    Ok((headers, sheet).into_response())
}
