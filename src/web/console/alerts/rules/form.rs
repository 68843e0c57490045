//! The form of a rule: for a new one and for one that is there.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::domain::alert::{
    self, Channel, Event, FieldError, Rule, RuleError, RuleInput, Severity,
};
use crate::domain::op::Op;
use crate::domain::technician;
use crate::web::console::alerts::id_of;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form, error_at};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/rule.html")]
struct FormPage {
    chrome: Chrome,
    title: String,
    action: String,
    /// None for a new one.
    removal: Option<String>,
    rule_name: Field,
    reach: String,
    reach_error: String,
    tags: Field,
    tenants: Field,
    events: Vec<Choice>,
    events_error: String,
    severities: Vec<Choice>,
    severity_error: String,
    lead_days: Field,
    retrying_minutes: Field,
    quiet_from: Field,
    quiet_until: Field,
    quiet_zone: Field,
    urgent_passes: bool,
    remind_hours: Field,
    channels: Vec<Choice>,
    channels_error: String,
}

struct Choice {
    word: String,
    label: String,
    chosen: bool,
}

impl FormPage {
    fn new(
        chrome: Chrome,
        id: Option<Uuid>,
        input: RuleInput,
        known: &[Channel],
        errors: &[FieldError],
    ) -> Self {
        let error = |name: &str| error_at(errors, name);
        let field = |name: &str, value: String| Field::new(value).with_error(error(name));
        let words = |name: &str| error(name).unwrap_or_default();
        Self {
            title: id.map_or_else(|| "New rule".into(), |_| input.name.clone()),
            action: id.map_or_else(
                || paths::ALERT_RULES.to_owned(),
                |id| paths::alert_rule(id, ""),
            ),
            removal: id.map(|id| paths::alert_rule(id, "removal")),
            reach_error: words("reach"),
            events_error: words("events"),
            severity_error: words("severity"),
            channels_error: words("channels"),
            events: Event::ALL
                .iter()
                .map(|one| Choice {
                    word: one.to_string(),
                    label: one.label().to_owned(),
                    chosen: input.events.iter().any(|word| word == one.as_str()),
                })
                .collect(),
            severities: Severity::ALL
                .iter()
                .map(|one| Choice {
                    word: one.as_str().to_owned(),
                    label: one.label().to_owned(),
                    chosen: input.severity == one.as_str(),
                })
                .collect(),
            channels: known
                .iter()
                .filter(|one| one.kind.takes_alerts())
                .map(|one| Choice {
                    word: one.id.to_string(),
                    label: format!("{} ({})", one.name, one.kind.label()),
                    chosen: input.channels.contains(&one.id.to_string()),
                })
                .collect(),
            rule_name: field("name", input.name),
            reach: input.reach,
            tags: field("tags", input.tags),
            tenants: field("tenants", input.tenants),
            lead_days: field("lead_days", input.lead_days),
            retrying_minutes: field("retrying_minutes", input.retrying_minutes),
            quiet_from: field("quiet_from", input.quiet_from),
            quiet_until: field("quiet_until", input.quiet_until),
            quiet_zone: field("quiet_zone", input.quiet_zone),
            urgent_passes: input.urgent_passes,
            remind_hours: field("remind_hours", input.remind_hours),
            chrome,
        }
    }
}

/// GET: the empty form.
pub async fn new(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let known = alert::channels(&mut op).await?;
    Ok(FormPage::new(chrome, None, RuleInput::fresh(), &known, &[]).into_response())
}

/// GET: the form of one.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    let rule = alert::rule(&mut op, id).await?.ok_or(WebError::NotFound)?;
    let known = alert::channels(&mut op).await?;
    let input = RuleInput::of(&rule, &names(&mut op, &rule).await?);
    Ok(FormPage::new(chrome, Some(id), input, &known, &[]).into_response())
}

async fn names(op: &mut Op, rule: &Rule) -> Result<Vec<String>, sqlx::Error> {
    let Some(choice) = rule.reach.choice() else {
        return Ok(Vec::new());
    };
    let named = technician::named(op, &choice.tenants).await?;
    Ok(named.into_iter().map(|one| one.short_name).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    name: String,
    reach: String,
    tags: String,
    tenants: String,
    event: Vec<String>,
    severity: String,
    lead_days: String,
    retrying_minutes: String,
    quiet_from: String,
    quiet_until: String,
    quiet_zone: String,
    urgent_passes: Option<String>,
    remind_hours: String,
    channel: Vec<String>,
}

impl From<Sent> for RuleInput {
    fn from(sent: Sent) -> Self {
        Self {
            name: sent.name,
            reach: sent.reach,
            tags: sent.tags,
            tenants: sent.tenants,
            events: sent.event,
            severity: sent.severity,
            lead_days: sent.lead_days,
            retrying_minutes: sent.retrying_minutes,
            quiet_from: sent.quiet_from,
            quiet_until: sent.quiet_until,
            quiet_zone: sent.quiet_zone,
            urgent_passes: sent.urgent_passes.is_some(),
            remind_hours: sent.remind_hours,
            channels: sent.channel,
        }
    }
}

/// "Add rule".
pub async fn add(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    save(&app, &viewer, &session, chrome, None, sent.into()).await
}

/// "Save".
pub async fn change(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> WebResult {
    save(
        &app,
        &viewer,
        &session,
        chrome,
        Some(id_of(&id)?),
        sent.into(),
    )
    .await
}

async fn save(
    app: &App,
    viewer: &Viewer,
    session: &Session,
    chrome: Chrome,
    id: Option<Uuid>,
    input: RuleInput,
) -> WebResult {
    let mut op = viewer.begin(app).await?;
    match alert::save_rule(&mut op, id, &input).await {
        Ok(id) => {
            let unused = alert::unused_tags(&mut op, viewer.scope, id).await?;
            op.commit().await?;
            let (tone, text) = match unused.as_slice() {
                [] => (Tone::Ok, "The rule was saved.".to_owned()),
                tags => (
                    Tone::Warn,
                    format!(
                        "The rule was saved. No tenant has the tag {} at present.",
                        tags.join(" or ")
                    ),
                ),
            };
            notice::leave(session, tone, text).await;
            Ok(Redirect::to(paths::ALERT_RULES).into_response())
        }
        Err(RuleError::Fields(errors)) => {
            let known = alert::channels(&mut op).await?;
            let page = FormPage::new(chrome, id, input, &known, &errors);
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(RuleError::NotThere) => Err(WebError::NotFound),
        Err(RuleError::Database(error)) => Err(error.into()),
    }
}
