//! Add a technician.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::LinkPage;
use crate::app::App;
use crate::domain::technician::{self, AddError, LoginName, NewTechnician, Role};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::{Field, Form};
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/technicians/new.html")]
struct NewPage {
    chrome: Chrome,
    display_name: Field,
    email: Field,
    role_error: &'static str,
    roles: Vec<RoleChoice>,
}

/// A role to choose.
pub struct RoleChoice {
    pub word: &'static str,
    pub explanation: &'static str,
    pub chosen: bool,
}

/// The roles that the viewer may give.
pub fn choices(viewer: &Viewer, chosen: Option<Role>) -> Vec<RoleChoice> {
    Role::ALL
        .into_iter()
        .filter(|role| viewer.role.may_give(*role))
        .map(|role| RoleChoice {
            word: role.as_str(),
            explanation: role.explanation(),
            chosen: Some(role) == chosen,
        })
        .collect()
}

/// GET: the empty form.
pub async fn show(viewer: Viewer, chrome: Chrome) -> WebResult {
    Ok(NewPage {
        chrome,
        display_name: Field::default(),
        email: Field::default(),
        role_error: "",
        roles: choices(&viewer, Some(Role::Technician)),
    }
    .into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    name: String,
    email: String,
    role: String,
}

/// "Add technician": shows the one-time link.
pub async fn add(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    let name = technician::display_name(&sent.name);
    let email = LoginName::parse(&sent.email);
    let role = sent
        .role
        .parse()
        .ok()
        .filter(|role| viewer.role.may_give(*role));
    let mut email_error = email.as_ref().err().map(ToString::to_string);
    if let (Ok(display_name), Ok(email), Some(role)) = (&name, &email, role) {
        let new = NewTechnician {
            email: email.clone(),
            display_name: display_name.clone(),
            role,
        };
        let mut op = viewer.begin(&app).await?;
        match technician::add(&mut op, &new).await {
            Ok((technician, link)) => {
                op.commit().await?;
                let page = LinkPage::new(&app, chrome, &technician, &link)?;
                return Ok(page.into_response());
            }
            Err(AddError::Database(error)) => return Err(error.into()),
            Err(AddError::Exists) => {
                email_error = Some("Somebody with this address has a login already.".into());
            }
        }
    }
    let page = NewPage {
        chrome,
        display_name: Field::new(sent.name).with_error(name.err().map(|error| error.to_string())),
        email: Field::new(sent.email).with_error(email_error),
        role_error: if role.is_some() { "" } else { "Choose a role." },
        roles: choices(&viewer, role),
    };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
