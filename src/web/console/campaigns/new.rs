//! The form of a campaign. What it makes is a draft: nobody is mailed before somebody has looked at it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use super::who::{Choice, Who, choices};
use crate::app::App;
use crate::domain::campaign::{self, CampaignInput, CreateError, Reason};
use crate::domain::customer_mail::{self, Kind};
use crate::domain::op::Op;
use crate::domain::tenant::FieldError;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::{Field, Form, Query, error_at};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/campaigns/new.html")]
struct NewPage {
    chrome: Chrome,
    who: Who,
    /// How many match the filter.
    matching: String,
    list: Field,
    called: Field,
    reasons: Vec<Choice>,
    reason_error: String,
    methods: Vec<Choice>,
    method_error: String,
    sentence: Field,
    subject: Field,
    body: Field,
    per_hour: Field,
    hours_from: Field,
    hours_until: Field,
    weekdays_only: bool,
    zone: Field,
    deadline: Field,
    remind_days: Field,
    remind_most: Field,
    /// The default text, to begin from.
    default_subject: String,
    default_body: String,
    placeholders: String,
    refused: bool,
}

/// The form as it came. The filter's words are those of the status list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    name: String,
    reason: String,
    method: String,
    sentence: String,
    subject: String,
    body: String,
    per_hour: String,
    hours_from: String,
    hours_until: String,
    weekdays_only: String,
    zone: String,
    deadline: String,
    remind_days: String,
    remind_most: String,
    q: String,
    state: String,
    cause: String,
    mode: String,
    tag: String,
    snoozed: String,
    permissions: String,
    expires: String,
    list: String,
}

impl Sent {
    pub fn typed(&self) -> CampaignInput {
        CampaignInput {
            name: self.name.clone(),
            reason: self.reason.clone(),
            method: self.method.clone(),
            sentence: self.sentence.clone(),
            subject: self.subject.clone(),
            body: self.body.clone(),
            per_hour: self.per_hour.clone(),
            hours_from: self.hours_from.clone(),
            hours_until: self.hours_until.clone(),
            weekdays_only: !self.weekdays_only.is_empty(),
            zone: self.zone.clone(),
            deadline: self.deadline.clone(),
            remind_days: self.remind_days.clone(),
            remind_most: self.remind_most.clone(),
        }
    }

    fn who(&self) -> Who {
        Who {
            q: self.q.clone(),
            state: self.state.clone(),
            cause: self.cause.clone(),
            mode: self.mode.clone(),
            tag: self.tag.clone(),
            snoozed: self.snoozed.clone(),
            permissions: self.permissions.clone(),
            expires: self.expires.clone(),
            list: self.list.clone(),
        }
    }
}

/// GET: the form for the tenants of this filter.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Query(who): Query<Who>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    // The reason that the filter speaks of.
    let reason = if who.permissions == "lacking" {
        Reason::Permission
    } else {
        Reason::Expired
    };
    let start = CampaignInput {
        reason: reason.as_str().to_owned(),
        per_hour: "60".into(),
        zone: campaign::usual_zone(&mut op).await?,
        remind_days: "3".into(),
        remind_most: "2".into(),
        ..CampaignInput::default()
    };
    let page = page(&mut op, &viewer, chrome, who, start, &[]).await?;
    Ok(page.into_response())
}

/// "Preview": keeps the draft and shows it.
pub async fn make(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let (who, typed) = (sent.who(), sent.typed());
    let parsed = typed.parse(op.now());
    let tenants = who.tenants(&mut op, viewer.scope).await?;
    let mut errors = parsed.as_ref().err().cloned().unwrap_or_default();
    if let (Ok(new), Ok(tenants)) = (&parsed, &tenants) {
        match campaign::create(&mut op, viewer.scope, new, tenants).await {
            Ok(id) => {
                op.commit().await?;
                return Ok(Redirect::to(&paths::campaign(id, "")).into_response());
            }
            Err(CreateError::Database(error)) => return Err(error.into()),
            Err(CreateError::Nobody | CreateError::TooMany) => {
                errors.push(FieldError::new(
                    "list",
                    "No tenant matches. Widen the filter.",
                ));
            }
        }
    }
    if let Err(why) = tenants {
        errors.push(FieldError::new("list", why));
    }
    let page = page(&mut op, &viewer, chrome, who, typed, &errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn page(
    op: &mut Op,
    viewer: &Viewer,
    chrome: Chrome,
    who: Who,
    typed: CampaignInput,
    errors: &[FieldError],
) -> WebResult<NewPage> {
    let error = |name: &str| error_at(errors, name);
    let field = |name: &str, value: String| Field::new(value).with_error(error(name));
    let language = customer_mail::settings(op).await?.language;
    let (text, _) = customer_mail::text(op, Kind::Campaign, language).await?;
    let known = Kind::Campaign.placeholders().iter();
    let reasons = Reason::ALL.map(|one| (one.as_str(), one.label()));
    let methods = [
        ("", "As each customer does now"),
        ("device_code", "Device code"),
        ("auth_code", "Sign in with Microsoft"),
        (
            "app_only",
            "App Registration (certificate or secret, no person)",
        ),
    ];
    Ok(NewPage {
        matching: who.count(op, viewer.scope).await?,
        list: field("list", who.list.clone()),
        who,
        called: field("name", typed.name),
        reasons: choices(reasons.into_iter(), &typed.reason),
        reason_error: error("reason").unwrap_or_default(),
        methods: choices(methods.into_iter(), &typed.method),
        method_error: error("method").unwrap_or_default(),
        sentence: field("sentence", typed.sentence),
        subject: field("subject", typed.subject),
        body: field("body", typed.body),
        per_hour: field("per_hour", typed.per_hour),
        hours_from: field("hours_from", typed.hours_from),
        hours_until: field("hours_until", typed.hours_until),
        weekdays_only: typed.weekdays_only,
        zone: field("zone", typed.zone),
        deadline: field("deadline", typed.deadline),
        remind_days: field("remind_days", typed.remind_days),
        remind_most: field("remind_most", typed.remind_most),
        default_subject: text.subject,
        default_body: text.body,
        placeholders: known
            .map(|word| format!("{{{word}}}"))
            .collect::<Vec<_>>()
            .join(" "),
        refused: !errors.is_empty(),
        chrome,
    })
}
