//! The next version: boxes to tick, each with what the permission is for.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::lacking_words;
use crate::app::App;
use crate::domain::op::Scope;
use crate::domain::permission_set::{self, MakeError, NewVersion, word};
use crate::keeper::permission_set::{Kind, Need, known};
use crate::keeper::{PermissionSet, Resource};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/permissions/new.html")]
struct NewPage {
    chrome: Chrome,
    base: i32,
    groups: Vec<Group>,
    groups_error: &'static str,
    note: Field,
}

/// The boxes of one resource and kind.
struct Group {
    resource: &'static str,
    kind: &'static str,
    boxes: Vec<Choice>,
}

/// One box.
struct Choice {
    word: String,
    name: &'static str,
    reason: &'static str,
    chosen: bool,
    /// Always needed: ticked, and nobody can take it out.
    always: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    base: i32,
    permission: Vec<String>,
    note: String,
}

/// GET: the version that holds, to be changed.
pub async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let set = permission_set::current(&mut op).await?;
    let page = NewPage {
        chrome,
        base: set.version,
        groups: groups(&held(&set)),
        groups_error: "",
        note: Field::default(),
    };
    Ok(page.into_response())
}

/// "Make this version".
pub async fn make(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    session: Session,
    Form(sent): Form<Sent>,
) -> WebResult {
    let new = NewVersion {
        base: sent.base,
        chosen: sent.permission,
        note: sent.note,
    };
    let mut op = viewer.begin(&app).await?;
    let error = match permission_set::make(&mut op, &new).await {
        Ok(version) => {
            let lacking = permission_set::lacking(&mut op, Scope::all()).await?;
            op.commit().await?;
            let text = format!("Version {version} holds. {}", lacking_words(lacking));
            notice::leave(&session, Tone::Ok, text).await;
            return Ok(Redirect::to(paths::PERMISSIONS).into_response());
        }
        Err(MakeError::Database(error)) => return Err(error.into()),
        Err(error) => error,
    };
    op.roll_back().await?;
    let mut op = viewer.begin(&app).await?;
    let set = permission_set::current(&mut op).await?;
    let of_note = matches!(error, MakeError::NoNote | MakeError::LongNote);
    let page = NewPage {
        chrome,
        base: set.version,
        groups: groups(&new.chosen),
        groups_error: if of_note { "" } else { error.sentence() },
        note: Field::new(new.note).with_error(of_note.then(|| error.sentence().to_owned())),
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn held(set: &PermissionSet) -> Vec<String> {
    set.needs.iter().map(word).collect()
}

fn groups(chosen: &[String]) -> Vec<Group> {
    let mut groups = Vec::new();
    for kind in Kind::ALL {
        for resource in Resource::ALL {
            let boxes: Vec<Choice> = known(resource, kind)
                .map(|one| {
                    let need = Need {
                        resource,
                        kind,
                        name: one.name.to_owned(),
                    };
                    let (word, always) = (word(&need), need.is_always());
                    Choice {
                        chosen: always || chosen.contains(&word),
                        word,
                        name: one.name,
                        reason: one.reason,
                        always,
                    }
                })
                .collect();
            if !boxes.is_empty() {
                groups.push(Group {
                    resource: resource.name(),
                    kind: kind.label(),
                    boxes,
                });
            }
        }
    }
    groups
}
