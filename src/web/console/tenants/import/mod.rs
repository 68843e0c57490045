//! "Import": a file of tenants, looked at row by row before anything is written. The page carries the file's text back and
//! forth, so nothing waits on our side, and what is imported is decided anew when the button is pressed.

mod sent;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;

use crate::app::App;
use crate::domain::tenant::import::{self, ImportError, Totals};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;
use sent::Sent;
use view::Preview;

#[derive(Template, WebTemplate)]
#[template(path = "console/tenants/import.html")]
struct ImportPage {
    chrome: Chrome,
    /// The file as text, to be corrected and sent again.
    text: String,
    /// What is wrong with the file as a whole; empty when nothing is.
    problem: String,
    preview: Option<Preview>,
}

/// GET: choose a file.
pub async fn show(chrome: Chrome) -> WebResult {
    let page = ImportPage {
        chrome,
        text: String::new(),
        problem: String::new(),
        preview: None,
    };
    Ok(page.into_response())
}

/// "Look at it" shows each row's fate; "Import" does it.
pub async fn take(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    sent: Sent,
) -> WebResult {
    let mut page = ImportPage {
        chrome,
        text: String::from_utf8_lossy(&sent.bytes).into_owned(),
        problem: String::new(),
        preview: None,
    };
    let sheet = match import::read(&sent.bytes, None) {
        Ok(sheet) => sheet,
        Err(error) => {
            page.problem = error.to_string();
            return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
    };
    let mut op = viewer.begin(&app).await?;
    let plan = import::plan(&mut op, viewer.scope, &sheet).await?;
    let totals = plan.totals();
    let preview = Preview::new(&plan, &sent);
    if !sent.import {
        page.preview = Some(preview);
        return Ok(page.into_response());
    }
    let is_as_shown = sent.seen == view::seen(totals);
    page.preview = Some(preview);
    if !is_as_shown {
        let is_done = totals.new + totals.changed + totals.refused == 0;
        let why = if is_done { DONE } else { CHANGED };
        why.clone_into(&mut page.problem);
        return Ok(refused(StatusCode::CONFLICT, page));
    }
    match import::run(&mut op, viewer.scope, &plan, sent.leave_refused_out).await {
        Ok(_) => {}
        Err(ImportError::Database(error)) => return Err(error.into()),
        Err(ImportError::Limited) => return Err(WebError::Forbidden),
        Err(ImportError::Refused) => {
            REFUSED.clone_into(&mut page.problem);
            return Ok(refused(StatusCode::UNPROCESSABLE_ENTITY, page));
        }
        Err(ImportError::Stale) => {
            CHANGED.clone_into(&mut page.problem);
            return Ok(refused(StatusCode::CONFLICT, page));
        }
    }
    op.commit().await?;
    notice::leave(&session, Tone::Ok, done(totals)).await;
    Ok(Redirect::to(paths::TENANTS).into_response())
}

const CHANGED: &str = "Nothing was imported: somebody changed one of these tenants in the meantime. Below is what the file would do now.";
/// Pressed twice, for one.
const DONE: &str = "Nothing was imported now: every tenant is already as the file says. Perhaps it was imported a moment ago.";
const REFUSED: &str =
    "Nothing was imported: rows are refused. Correct them, or tick “Leave refused rows out”.";

fn refused(status: StatusCode, page: ImportPage) -> Response {
    (status, page).into_response()
}

fn done(totals: Totals) -> String {
    let left = if totals.refused > 0 {
        format!(" {} refused rows were left out.", totals.refused)
    } else {
        String::new()
    };
    format!(
        "Imported: {} added, {} changed, {} as they were.{left}",
        totals.new, totals.changed, totals.unchanged
    )
}
