//! What an owner or admin does to somebody else's login.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::LinkPage;
use crate::app::App;
use crate::domain::op::Op;
use crate::domain::technician::{self, ChangeError, Role, factor};
use crate::mail::LoginNews;
use crate::storage::TechnicianId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::tell::tell;
use crate::web::kit::viewer::Viewer;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    role: String,
}

/// "Change role".
pub async fn change_role(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<RoleForm>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let role: Role = form
        .role
        .parse()
        .map_err(|_| WebError::BadRequest("Choose a role from the list."))?;
    if !viewer.role.may_give(role) {
        return Err(WebError::Forbidden);
    }
    let done = technician::change_role(&mut op, id, role).await;
    let done = done.map(|changed| {
        let (one, lifted) = (changed.technician, changed.limit_lifted);
        let lifted = if lifted {
            " The limit to some tenants is lifted: an owner sees all. It does not come back with another role."
        } else {
            ""
        };
        format!("{} is now {}.{lifted}", one.display_name, one.role)
    });
    finish(op, &session, id, done).await
}

/// "Reset login": shows a new one-time link.
pub async fn reset(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    match technician::reset(&mut op, id).await {
        Ok((technician, link)) => {
            op.commit().await?;
            Ok(LinkPage::new(&app, chrome, &technician, &link)?.into_response())
        }
        Err(error) => finish(op, &session, id, Err(error)).await,
    }
}

/// "Disable login".
pub async fn disable(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let done = technician::disable(&mut op, id).await;
    let done = done.map(|one| format!("{} cannot sign in any more.", one.display_name));
    finish(op, &session, id, done).await
}

/// "Enable login".
pub async fn enable(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let done = technician::enable(&mut op, id).await;
    let done = done.map(|one| format!("{} can sign in again.", one.display_name));
    finish(op, &session, id, done).await
}

/// "Reset factors": they set up new ones at the next login; the password stays.
pub async fn reset_factors(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    match factor::reset_factors(&mut op, id).await {
        Ok(technician) => {
            op.commit().await?;
            tell(&app, &technician, LoginNews::FactorsReset, "", "");
            let name = &technician.display_name;
            let text = format!("{name} sets up a new second factor at the next login.");
            notice::leave(&session, Tone::Ok, text).await;
            Ok(Redirect::to(&paths::technician(id, "")).into_response())
        }
        Err(error) => finish(op, &session, id, Err(error)).await,
    }
}

/// "End" of one login.
pub async fn end_one(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path((id, login)): Path<(String, String)>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let login = Uuid::try_parse(&login).map_err(|_| WebError::NotFound)?;
    if !technician::end_session(&mut op, id, login).await? {
        return Err(WebError::NotFound);
    }
    finish(op, &session, id, Ok("The login has ended.".to_owned())).await
}

/// "Sign out everywhere".
pub async fn end_logins(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let (mut op, id) = begin(&app, &viewer, &id).await?;
    let done = technician::end_logins(&mut op, id).await;
    let done = done.map(|ended| match ended {
        1 => "1 login was ended.".to_owned(),
        n => format!("{n} logins were ended."),
    });
    finish(op, &session, id, done).await
}

/// The unit of work, when the viewer may change this technician: not themselves, and nobody mightier.
pub(super) async fn begin(app: &App, viewer: &Viewer, id: &str) -> WebResult<(Op, TechnicianId)> {
    let id: TechnicianId = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(app).await?;
    let technician = technician::find(&mut op, id).await?;
    let technician = technician.ok_or(WebError::NotFound)?;
    if id == viewer.id || !viewer.role.may_give(technician.role) {
        return Err(WebError::Forbidden);
    }
    Ok((op, id))
}

async fn finish(
    op: Op,
    session: &Session,
    id: TechnicianId,
    done: Result<String, ChangeError>,
) -> WebResult {
    let (tone, text) = match done {
        Ok(text) => {
            op.commit().await?;
            (Tone::Ok, text)
        }
        Err(ChangeError::NotFound) => return Err(WebError::NotFound),
        Err(ChangeError::Database(error)) => return Err(error.into()),
        Err(ChangeError::Disabled) => (
            Tone::Warn,
            "Nothing was changed: the login is disabled. Enable it first.".to_owned(),
        ),
        Err(ChangeError::LastOwner) => (
            Tone::Warn,
            "Nothing was changed: this is the last active owner. Make another one first."
                .to_owned(),
        ),
    };
    notice::leave(session, tone, text).await;
    Ok(Redirect::to(&paths::technician(id, "")).into_response())
}
