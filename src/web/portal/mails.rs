//! "Mail to the customer": which mails this tenant gets, where, and in which language; what became of the last ones; and a mail
//! that did not go out is sent again.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use time::OffsetDateTime;
use tower_sessions::Session;

use super::Visit;
use crate::app::App;
use crate::domain::customer_mail::{self, Mail, MailState, Mailing};
use crate::domain::op::Op;
use crate::language::Language;
use crate::storage::CustomerMailId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "portal/mails/show.html")]
struct Page {
    chrome: Chrome,
    visit: Visit,
    mailing: Mailing,
    to_address: Field,
    /// Where mails go when the field is empty.
    usual_address: String,
    /// Of customers that have none of their own.
    usual_language: Language,
    sent: Vec<Line>,
}

/// Mails listed.
const LISTED: i64 = 20;

/// What became of one mail.
struct Line {
    kind: &'static str,
    to: String,
    /// Class and word of the badge.
    state: (&'static str, &'static str),
    why: String,
    at: When,
    /// Where "Send again" goes; empty when there is nothing to send.
    again: String,
}

impl Line {
    fn of(mail: &Mail, visit: &Visit, now: OffsetDateTime) -> Self {
        Self {
            kind: mail.kind.name(),
            to: mail.to.clone(),
            state: match mail.state {
                MailState::Queued | MailState::Sending => ("pending", "Waiting"),
                MailState::Sent => ("valid", "Sent"),
                MailState::Failed => ("expired", "Did not go out"),
                MailState::Held => ("expired", "Held after a restore"),
                MailState::Cancelled => ("none", "Not needed any more"),
            },
            why: mail.why.clone(),
            at: When::new(mail.sent_at.unwrap_or(mail.created_at), now),
            again: if mail.waits_for_person {
                visit.paths().mail_queueing(mail.id)
            } else {
                String::new()
            },
        }
    }
}

async fn lines(op: &mut Op, visit: &Visit) -> Result<Vec<Line>, sqlx::Error> {
    let now = op.now();
    let mails = customer_mail::latest(op, visit.scope(), visit.id, LISTED).await?;
    Ok(mails
        .iter()
        .map(|mail| Line::of(mail, visit, now))
        .collect())
}

impl Page {
    /// Each language as a choice.
    fn languages(&self) -> [(&'static str, &'static str, bool); 5] {
        Language::ALL.map(|one| (one.as_str(), one.name(), self.mailing.language == Some(one)))
    }

    fn address_hint(&self) -> String {
        if self.usual_address.is_empty() {
            "Empty: where invitations go, which is nowhere yet.".to_owned()
        } else {
            format!("Empty: where invitations go ({}).", self.usual_address)
        }
    }
}

pub(super) fn router() -> Routes {
    let address = "/tenants/{short}/configuration/mails";
    Routes::new()
        .get(address, Policy::LOOK, show)
        .post(address, Policy::WORK, save)
        .post("/tenants/{short}/mails/{id}/queueing", Policy::WORK, again)
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
) -> WebResult<Page> {
    let mut op = viewer.begin(&app).await?;
    let mailing = customer_mail::mailing(&mut op, visit.scope(), visit.id).await?;
    page(&mut op, visit, chrome, mailing, None).await
}

async fn page(
    op: &mut Op,
    visit: Visit,
    chrome: Chrome,
    mailing: Mailing,
    address_error: Option<String>,
) -> WebResult<Page> {
    Ok(Page {
        to_address: Field::new(mailing.to_address.clone()).with_error(address_error),
        usual_address: visit.tenant.invitation_email.clone(),
        usual_language: customer_mail::settings(op).await?.language,
        sent: lines(op, &visit).await?,
        mailing,
        chrome,
        visit,
    })
}

/// "Send again" as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Again {
    /// Pressed on the tenant's own page.
    here: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    language: String,
    to_address: String,
    reminder: String,
    completed: String,
    about_to_expire: String,
}

/// "Save".
async fn save(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    session: Session,
    Form(sent): Form<Sent>,
) -> WebResult {
    let language = match sent.language.as_str() {
        "" => None,
        word => Some(
            word.parse()
                .map_err(|_| WebError::BadRequest("There is no such language."))?,
        ),
    };
    let typed = Mailing {
        language,
        to_address: sent.to_address,
        reminder: !sent.reminder.is_empty(),
        completed: !sent.completed.is_empty(),
        about_to_expire: !sent.about_to_expire.is_empty(),
    };
    let mut op = viewer.begin(&app).await?;
    let mailing = match typed.checked() {
        Ok(mailing) => mailing,
        Err(message) => {
            let page = page(&mut op, visit, chrome, typed, Some(message)).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    if !customer_mail::set_mailing(&mut op, visit.scope(), visit.id, &mailing).await? {
        return Err(WebError::Conflict(
            "This tenant is archived. Restore it first.",
        ));
    }
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "Saved.").await;
    Ok(Redirect::to(&visit.paths().mails()).into_response())
}

/// "Send again" on a mail that failed or is held.
async fn again(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    session: Session,
    Path((_, id)): Path<(String, String)>,
    Form(sent): Form<Again>,
) -> WebResult {
    let id: CustomerMailId = id.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(&app).await?;
    if !customer_mail::send_again(&mut op, visit.scope(), visit.id, id).await? {
        return Err(WebError::NotFound);
    }
    op.commit().await?;
    let done = "The mail is queued and goes out within seconds.";
    notice::leave(&session, Tone::Ok, done).await;
    if sent.here.is_empty() {
        Ok(Redirect::to(paths::PENDING_INVITATIONS).into_response())
    } else {
        Ok(Redirect::to(&visit.paths().mails()).into_response())
    }
}
