//! "Alerts": what is open, the rules and channels by which it is told, and every message. Everybody may look at what is open;
//! technicians snooze; owner and admin change rules and channels.

mod channel_form;
mod channels;
mod deliveries;
mod rules;
mod view;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::Date;
use time::macros::format_description;
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::domain::alert::{self, Filter, SnoozeError};
use crate::domain::technician::Permission;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use view::{AlertView, DeliveryView};

/// The pages among which owner and admin go to and fro.
pub const PAGES: [(&str, &str); 4] = [
    ("Open alerts", paths::ALERTS),
    ("Rules", paths::ALERT_RULES),
    ("Channels", paths::ALERT_CHANNELS),
    ("Messages", paths::ALERT_DELIVERIES),
];
/// Open ones shown; whoever has more narrows them by their rules.
const OPEN: i64 = 200;
/// Of those that are over.
const OVER: i64 = 20;
/// A snooze that nobody changes.
const USUAL: time::Duration = time::Duration::days(7);

pub(super) fn router() -> Routes {
    const MANAGE: Policy = Policy::Technician(Permission::Settings);
    let alert = |act: &str| format!("{}/{{id}}{act}", paths::ALERTS);
    let rule = |act: &str| format!("{}/{{id}}{act}", paths::ALERT_RULES);
    let channel = |act: &str| format!("{}/{{id}}{act}", paths::ALERT_CHANNELS);
    Routes::new()
        .get(paths::ALERTS, Policy::LOOK, index)
        .get(&alert(""), Policy::LOOK, show)
        .post(&alert("/snooze"), Policy::WORK, snooze)
        .post(&alert("/wake"), Policy::WORK, wake)
        .get(paths::ALERT_RULES, MANAGE, rules::index)
        .get(paths::NEW_ALERT_RULE, MANAGE, rules::new)
        .post(paths::ALERT_RULES, MANAGE, rules::add)
        .get(&rule(""), MANAGE, rules::show)
        .post(&rule(""), MANAGE, rules::change)
        .post(&rule("/switch"), MANAGE, rules::switch)
        .post(&rule("/removal"), MANAGE, rules::remove)
        .get(paths::ALERT_CHANNELS, MANAGE, channels::index)
        .get(paths::NEW_ALERT_CHANNEL, MANAGE, channel_form::new)
        .post(paths::ALERT_CHANNELS, MANAGE, channel_form::add)
        .fresh()
        .get(&channel(""), MANAGE, channels::show)
        .post(&channel(""), MANAGE, channel_form::change)
        .fresh()
        .post(&channel("/test"), MANAGE, channels::test)
        .post(&channel("/key"), MANAGE, channels::rotate)
        .fresh()
        .post(&channel("/switch"), MANAGE, channels::switch)
        .fresh()
        .post(&channel("/replay"), MANAGE, channels::replay)
        .fresh()
        .post(&channel("/removal"), MANAGE, channels::remove)
        .fresh()
        .post(
            &channel("/deliveries/{delivery}/replay"),
            MANAGE,
            deliveries::replay,
        )
        .get(paths::ALERT_DELIVERIES, MANAGE, deliveries::index)
}

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/index.html")]
struct IndexPage {
    chrome: Chrome,
    may_manage: bool,
    /// Channels that need somebody.
    troubled: Vec<String>,
    no_mail: bool,
    open: Vec<AlertView>,
    over: Vec<AlertView>,
}

async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<IndexPage> {
    let may_manage = viewer.may(Permission::Settings);
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let wanted = |open, limit| Filter {
        open: Some(open),
        limit: Some(limit),
        ..Filter::default()
    };
    let open = alert::list(&mut op, viewer.scope, &wanted(true, OPEN)).await?;
    let over = alert::list(&mut op, viewer.scope, &wanted(false, OVER)).await?;
    let channels = if may_manage {
        alert::channels(&mut op).await?
    } else {
        Vec::new()
    };
    let troubled = channels.iter().filter_map(view::trouble).collect();
    Ok(IndexPage {
        chrome,
        may_manage,
        troubled,
        no_mail: may_manage && app.mailer.is_none(),
        open: open.iter().map(|one| AlertView::new(one, now)).collect(),
        over: over.iter().map(|one| AlertView::new(one, now)).collect(),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/show.html")]
struct ShowPage {
    chrome: Chrome,
    one: AlertView,
    messages: Vec<DeliveryView>,
    until: Field,
    reason: Field,
    may_snooze: bool,
}

fn id_of(text: &str) -> WebResult<Uuid> {
    text.parse().map_err(|_| WebError::NotFound)
}

async fn page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    id: Uuid,
    typed: Option<(Field, Field)>,
) -> WebResult<ShowPage> {
    let mut op = viewer.begin(app).await?;
    let found = alert::get(&mut op, viewer.scope, id).await?;
    let found = found.ok_or(WebError::NotFound)?;
    let now = op.now();
    let of = (None, Some(id));
    let messages = alert::deliveries(&mut op, viewer.scope, of, None, 50).await?;
    let (until, reason) = typed.unwrap_or_else(|| {
        (
            Field::new((now + USUAL).date().to_string()),
            Field::default(),
        )
    });
    Ok(ShowPage {
        chrome,
        may_snooze: viewer.may_change() && found.is_open(),
        one: AlertView::new(&found, now),
        messages: messages
            .iter()
            .map(|one| DeliveryView::new(one, now))
            .collect(),
        until,
        reason,
    })
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<ShowPage> {
    page(&app, &viewer, chrome, id_of(&id)?, None).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SnoozeForm {
    until: String,
    reason: String,
}

/// "Snooze".
async fn snooze(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
    Form(form): Form<SnoozeForm>,
) -> WebResult {
    let id = id_of(&id)?;
    let format = format_description!("[year]-[month]-[day]");
    let mut op = viewer.begin(&app).await?;
    let done = match Date::parse(form.until.trim(), format) {
        Ok(day) => alert::snooze(&mut op, viewer.scope, id, day, &form.reason).await,
        Err(_) => match alert::get(&mut op, viewer.scope, id).await? {
            Some(_) => Err(SnoozeError::Past),
            None => Err(SnoozeError::NotThere),
        },
    };
    let (until, reason) = match done {
        Ok(_) => {
            op.commit().await?;
            let text = format!("Snoozed through {} (UTC).", form.until.trim());
            notice::leave(&session, Tone::Ok, text).await;
            return Ok(Redirect::to(&paths::alert(id, "")).into_response());
        }
        Err(SnoozeError::Database(error)) => return Err(error.into()),
        Err(SnoozeError::NotThere | SnoozeError::NotSnoozed) => {
            return gone(&mut op, &viewer, id).await;
        }
        Err(SnoozeError::Past) => (
            Some("Choose a day that has not passed, like 2026-12-31."),
            None,
        ),
        Err(SnoozeError::TooFar) => (Some("Choose a day within a year."), None),
        Err(SnoozeError::NoReason) => (None, Some("Say why, so that colleagues know.")),
        Err(SnoozeError::ReasonTooLong) => (None, Some("Say it in at most 200 characters.")),
    };
    drop(op);
    let field =
        |value: String, error: Option<&str>| Field::new(value).with_error(error.map(str::to_owned));
    let typed = (field(form.until, until), field(form.reason, reason));
    let page = page(&app, &viewer, chrome, id, Some(typed)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// Absent or out of reach, or over by now.
async fn gone(op: &mut crate::domain::op::Op, viewer: &Viewer, id: Uuid) -> WebResult {
    match alert::get(op, viewer.scope, id).await? {
        Some(_) => Err(WebError::Conflict(
            "This alert is over. Nobody is reminded of it any more.",
        )),
        None => Err(WebError::NotFound),
    }
}

/// "End the snooze".
async fn wake(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    match alert::wake(&mut op, viewer.scope, id).await {
        // Or a colleague was faster.
        Ok(()) | Err(SnoozeError::NotSnoozed) => {}
        Err(SnoozeError::Database(error)) => return Err(error.into()),
        Err(_) => return gone(&mut op, &viewer, id).await,
    }
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "The snooze is over.").await;
    Ok(Redirect::to(&paths::alert(id, "")).into_response())
}
