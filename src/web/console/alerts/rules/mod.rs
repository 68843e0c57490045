//! Rules: the list, switching one on and off, and deleting it.

mod form;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use super::id_of;
use crate::app::App;
use crate::domain::alert::{self, Rule};
use crate::domain::technician::Limit;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

pub use form::{add, change, new, show};

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/rules.html")]
pub struct ListPage {
    chrome: Chrome,
    rules: Vec<Line>,
}

struct Line {
    name: String,
    href: String,
    enabled: bool,
    reach: String,
    events: String,
    severity: &'static str,
    channels: String,
    switch: String,
}

fn reach(rule: &Rule) -> String {
    let (word, choice) = match &rule.reach {
        Limit::All => return "All tenants".into(),
        Limit::Only(choice) => ("Only", choice),
        Limit::Except(choice) => ("All except", choice),
    };
    let mut named = choice.tags.clone();
    match choice.tenants.len() {
        0 => {}
        1 => named.push("1 tenant".into()),
        n => named.push(format!("{n} tenants")),
    }
    format!("{word} {}", named.join(", "))
}

/// GET: every rule.
pub async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<ListPage> {
    let mut op = viewer.begin(&app).await?;
    let channels = alert::channels(&mut op).await?;
    let name_of = |id: &Uuid| {
        channels
            .iter()
            .find(|one| one.id == *id)
            .map(|one| one.name.clone())
    };
    let rules = alert::rules(&mut op).await?;
    let rules = rules.iter().map(|rule| Line {
        name: rule.name.clone(),
        href: paths::alert_rule(rule.id, ""),
        enabled: rule.enabled,
        reach: reach(rule),
        events: rule
            .events
            .iter()
            .map(|one| one.label())
            .collect::<Vec<_>>()
            .join(", "),
        severity: rule.severity.label(),
        channels: rule
            .channels
            .iter()
            .filter_map(name_of)
            .collect::<Vec<_>>()
            .join(", "),
        switch: paths::alert_rule(rule.id, "switch"),
    });
    Ok(ListPage {
        chrome,
        rules: rules.collect(),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SwitchForm {
    on: String,
}

/// "Switch on" or "Switch off".
pub async fn switch(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<SwitchForm>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let on = form.on == "yes";
    if !alert::set_enabled(&mut op, id_of(&id)?, on).await? {
        return Err(WebError::NotFound);
    }
    op.commit().await?;
    let text = if on {
        "The rule is on."
    } else {
        "The rule is off."
    };
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(paths::ALERT_RULES).into_response())
}

/// "Delete rule".
pub async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    if !alert::remove_rule(&mut op, id_of(&id)?).await? {
        return Err(WebError::NotFound);
    }
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "The rule was deleted.").await;
    Ok(Redirect::to(paths::ALERT_RULES).into_response())
}
