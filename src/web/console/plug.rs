//! "Disconnect all customers": an owner asks by a typed phrase, a different owner or admin confirms within a quarter of an
//! hour, and the page shows how far it is. Everybody else gets no answer from here.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::domain::disconnection::{
    self, AskError, ConfirmError, Exception, Plug, PlugState, Progress, Proof, Step,
};
use crate::domain::op::Op;
use crate::domain::technician::Permission;
use crate::storage::is_contention;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths::{self, TenantPaths};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

/// What has to be typed.
const PHRASE: &str = "disconnect all customers";
/// Tenants named one by one at most.
const NAMED: i64 = 100;
/// Characters of a reason at most.
const LONGEST_REASON: usize = 500;

#[derive(Template, WebTemplate)]
#[template(path = "console/plug/show.html")]
struct Page {
    chrome: Chrome,
    /// What has to be typed, quoted.
    hint: String,
    /// Tenants that would be disconnected now.
    affected: i64,
    /// Owner: may begin it.
    may_ask: bool,
    asked: Option<AskedView>,
    pulled: Option<PulledView>,
    /// How the last one ended without anything being done.
    last: Option<String>,
    form: AskForm,
    confirmation: Field,
}

#[derive(Default)]
struct AskForm {
    phrase: Field,
    reason: Field,
    everything: bool,
}

/// It waits for the second person.
struct AskedView {
    id: Uuid,
    by: String,
    at: When,
    until: When,
    reason: String,
    everything: bool,
    /// The viewer is another person than who asked.
    may_confirm: bool,
}

/// It is being done, or done.
struct PulledView {
    by: String,
    confirmed_by: String,
    at: Option<When>,
    reason: String,
    everything: bool,
    tenants: i64,
    done: i64,
    stages: Vec<(&'static str, i64)>,
    proofs: Vec<(&'static str, i64)>,
    exceptions: Vec<ExceptionView>,
    is_running: bool,
}

struct ExceptionView {
    full_name: String,
    href: String,
    words: &'static str,
}

pub(super) fn router() -> Routes {
    const SEE: Policy = Policy::Technician(Permission::Plug);
    Routes::new()
        .get(paths::PLUG, SEE, show)
        .post(paths::PLUG, Policy::Technician(Permission::PullPlug), ask)
        .fresh()
        .post(paths::PLUG_CONFIRMATION, SEE, confirm)
        .fresh()
        .post(paths::PLUG_CANCELLATION, SEE, cancel)
}

async fn show(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Page> {
    page(&app, &viewer, chrome, AskForm::default(), Field::default()).await
}

async fn page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    form: AskForm,
    confirmation: Field,
) -> WebResult<Page> {
    let mut op = viewer.begin(app).await?;
    let latest = disconnection::latest(&mut op).await?;
    let affected = disconnection::count_affected(&mut op).await?;
    let (mut asked, mut pulled, mut last) = (None, None, None);
    match latest {
        Some(plug) if plug.state == PlugState::Asked => {
            asked = Some(AskedView::of(plug, viewer, op.now()));
        }
        Some(plug) if plug.state == PlugState::Pulled => {
            pulled = Some(PulledView::read(&mut op, plug).await?);
        }
        Some(plug) => last = Some(over(&plug)),
        None => {}
    }
    Ok(Page {
        chrome,
        hint: format!("“{PHRASE}”"),
        affected,
        may_ask: viewer.may(Permission::PullPlug),
        asked,
        pulled,
        last,
        form,
        confirmation,
    })
}

fn over(plug: &Plug) -> String {
    let by = &plug.asked_by_name;
    match plug.state {
        PlugState::Cancelled => format!(
            "The last time, {by} asked for it and {} cancelled it. Nothing was done.",
            plug.decided_by_name
        ),
        _ => format!(
            "The last time, {by} asked for it and nobody confirmed it within 15 minutes. Nothing was done."
        ),
    }
}

impl AskedView {
    fn of(plug: Plug, viewer: &Viewer, now: time::OffsetDateTime) -> Self {
        Self {
            id: plug.id,
            by: plug.asked_by_name,
            at: When::new(plug.asked_at, now),
            until: When::new(plug.expires_at, now),
            reason: plug.reason,
            everything: plug.delete_everything,
            may_confirm: plug.asked_by != viewer.id,
        }
    }
}

impl PulledView {
    async fn read(op: &mut Op, plug: Plug) -> Result<Self, sqlx::Error> {
        let Progress {
            tenants,
            steps,
            proofs,
        } = disconnection::progress(op, plug.id).await?;
        let exceptions = disconnection::exceptions(op, plug.id, NAMED).await?;
        let done = steps
            .iter()
            .find(|(step, _)| *step == Step::Done)
            .map_or(0, |(_, count)| *count);
        Ok(Self {
            at: When::maybe(plug.decided_at, op.now()),
            by: plug.asked_by_name,
            confirmed_by: plug.decided_by_name,
            reason: plug.reason,
            everything: plug.delete_everything,
            tenants,
            done,
            stages: steps
                .into_iter()
                .filter(|(step, _)| plug.delete_everything || *step != Step::Destroy)
                .map(|(step, count)| (stage(step), count))
                .collect(),
            proofs: proofs
                .into_iter()
                .map(|(proof, count)| (words(proof), count))
                .collect(),
            exceptions: exceptions.into_iter().map(ExceptionView::of).collect(),
            is_running: done < tenants,
        })
    }
}

impl ExceptionView {
    fn of(one: Exception) -> Self {
        Self {
            href: TenantPaths(&one.short_name).disconnection(),
            full_name: one.full_name,
            words: words(one.proof),
        }
    }
}

const fn stage(step: Step) -> &'static str {
    match step {
        Step::Revoke => "Taking back at Microsoft",
        Step::Prove => "Proving",
        Step::Forget => "Forgetting tokens",
        Step::Destroy => "Destroying keys",
        Step::Done => "Done",
    }
}

const fn words(proof: Proof) -> &'static str {
    match proof {
        Proof::Gone => "Permission proven gone",
        Proof::Refused => "Refused for another reason",
        Proof::Stands => "Permission still stands",
        Proof::Unreachable => "Microsoft not reached",
        Proof::NoToken => "No token to try with",
        Proof::Nothing => "Was not connected",
    }
}

/// The form as sent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct AskFields {
    phrase: String,
    reason: String,
    everything: Option<String>,
}

fn phrase_error(typed: &str) -> Option<String> {
    (!typed.trim().eq_ignore_ascii_case(PHRASE)).then(|| format!("Type “{PHRASE}” exactly."))
}

async fn ask(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(fields): Form<AskFields>,
) -> WebResult {
    let reason = fields.reason.trim();
    let too_long = (reason.chars().count() > LONGEST_REASON)
        .then(|| format!("Shorten the reason to {LONGEST_REASON} characters."));
    let deceptive = reason
        .chars()
        .any(char::is_control)
        .then(|| "Write the reason on one line.".to_owned());
    let reason_error = too_long.or(deceptive);
    let wrong = phrase_error(&fields.phrase);
    if wrong.is_some() || reason_error.is_some() {
        let form = AskForm {
            phrase: Field::new(fields.phrase).with_error(wrong),
            reason: Field::new(fields.reason).with_error(reason_error),
            everything: fields.everything.is_some(),
        };
        let page = page(&app, &viewer, chrome, form, Field::default()).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let mut op = viewer.begin(&app).await?;
    let everything = fields.everything.is_some();
    match disconnection::ask(&mut op, viewer.id, everything, reason).await {
        Ok(_) => op.commit().await?,
        Err(AskError::Asked) => {
            let said = "It was asked for already and waits for a second person.";
            return leave(&session, Tone::Warn, said).await;
        }
        Err(AskError::Database(error)) => return Err(error.into()),
    }
    let said = "Nothing has happened yet. A different owner or admin must confirm on this page within 15 minutes.";
    leave(&session, Tone::Warn, said).await
}

async fn leave(session: &Session, tone: Tone, text: &str) -> WebResult {
    notice::leave(session, tone, text).await;
    Ok(Redirect::to(paths::PLUG).into_response())
}

/// What the second person, or who cancels, sends.
#[derive(Deserialize)]
struct Decision {
    id: Uuid,
    #[serde(default)]
    phrase: String,
}

async fn confirm(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(decision): Form<Decision>,
) -> WebResult {
    if let Some(wrong) = phrase_error(&decision.phrase) {
        let field = Field::new(decision.phrase).with_error(Some(wrong));
        let page = page(&app, &viewer, chrome, AskForm::default(), field).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    match pull(&app, &viewer, decision.id).await {
        Ok(tenants) => {
            disconnection::look(&app.keeper).await;
            let said = match tenants {
                1 => "Hand-out has stopped for 1 customer.".to_owned(),
                _ => format!("Hand-out has stopped for {tenants} customers."),
            };
            leave(&session, Tone::Ok, &said).await
        }
        Err(why) => refused(&session, why).await,
    }
}

/// In one transaction for everybody; a refresh that writes at the same time may be in the way for a moment.
async fn pull(app: &App, viewer: &Viewer, id: Uuid) -> Result<i64, ConfirmError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let mut op = viewer.begin(app).await?;
        match disconnection::confirm(&mut op, id, viewer.id).await {
            Ok(tenants) => {
                op.commit().await?;
                return Ok(tenants);
            }
            Err(ConfirmError::Database(error)) if tries < 3 && is_contention(&error) => {
                op.roll_back().await?;
            }
            Err(why) => return Err(why),
        }
    }
}

async fn refused(session: &Session, why: ConfirmError) -> WebResult {
    let said = match why {
        ConfirmError::NotAsked => "Nothing waits for confirmation any more. Nothing was done.",
        ConfirmError::Late => {
            "The 15 minutes are over. Nothing was done; an owner has to ask for it again."
        }
        ConfirmError::SamePerson => {
            "Somebody else has to confirm: it takes two persons. Nothing was done."
        }
        ConfirmError::Database(error) if is_contention(&error) => {
            return Err(WebError::Busy { retry_after_s: 5 });
        }
        ConfirmError::Database(error) => return Err(error.into()),
    };
    leave(session, Tone::Bad, said).await
}

async fn cancel(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Form(decision): Form<Decision>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    match disconnection::cancel(&mut op, decision.id, viewer.id).await {
        Ok(()) => op.commit().await?,
        Err(why) => return refused(&session, why).await,
    }
    leave(&session, Tone::Ok, "Cancelled. Nothing was done.").await
}
