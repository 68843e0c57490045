//! Configuration, "Invitations": the language and texts of mails to customers, for owners and admins.

mod edit;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::customer_mail::{self, Kind, MailSettings, REMINDER_DAYS};
use crate::domain::technician::Permission;
use crate::language::Language;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/mail_texts/index.html")]
struct Index {
    chrome: Chrome,
    language: Language,
    reminder_days: Field,
    kinds: Vec<KindRow>,
}

/// One kind of mail with its languages.
struct KindRow {
    name: &'static str,
    about: &'static str,
    texts: Vec<TextLink>,
}

struct TextLink {
    language: Language,
    address: String,
    /// The MSP's own text.
    own: bool,
}

pub(super) fn router() -> Routes {
    const SETTINGS: Policy = Policy::Technician(Permission::Settings);
    Routes::new()
        .get(paths::MAIL_TEXTS, SETTINGS, index)
        .post(paths::MAIL_TEXTS, SETTINGS, save)
        .get(paths::MAIL_TEXT, SETTINGS, edit::show)
        .post(paths::MAIL_TEXT, SETTINGS, edit::save)
}

/// When a mail of this kind is sent, in a sentence.
const fn about(kind: Kind) -> &'static str {
    match kind {
        Kind::Invitation => "The link, when you send an invitation.",
        Kind::Reminder => {
            "The link again, before an unused invitation lapses. Only to customers for whom it is switched on."
        }
        Kind::Completed => {
            "The receipt after a customer has authorised you: what, by whom, when, how to take it back."
        }
        Kind::AboutToExpire => {
            "When an authorisation runs out. Only to customers for whom it is switched on."
        }
        Kind::Campaign => "The link, sent by a campaign.",
        Kind::CampaignReminder => "The link again, sent by a campaign.",
    }
}

async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Index> {
    page(&app, &viewer, chrome, None).await
}

async fn page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    typed: Option<(Language, Field)>,
) -> WebResult<Index> {
    let mut op = viewer.begin(app).await?;
    let settings = customer_mail::settings(&mut op).await?;
    let own = customer_mail::own_texts(&mut op).await?;
    let (language, reminder_days) = typed.unwrap_or_else(|| {
        let days = settings.reminder_days.to_string();
        (settings.language, Field::new(days))
    });
    let is_own = |kind: Kind, language: Language| {
        own.iter()
            .any(|(k, l)| k == kind.as_str() && l == language.as_str())
    };
    let kinds = Kind::ALL.map(|kind| KindRow {
        name: kind.name(),
        about: about(kind),
        texts: Language::ALL
            .map(|language| TextLink {
                language,
                address: paths::mail_text(kind.as_str(), language.as_str()),
                own: is_own(kind, language),
            })
            .into(),
    });
    Ok(Index {
        chrome,
        language,
        reminder_days,
        kinds: kinds.into(),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    language: String,
    reminder_days: String,
}

/// "Save".
async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    session: Session,
    Form(sent): Form<Sent>,
) -> WebResult {
    let language = sent
        .language
        .parse()
        .map_err(|_| WebError::BadRequest("There is no such language."))?;
    let days = sent.reminder_days.trim().parse().ok();
    let Some(reminder_days) = days.filter(|days| REMINDER_DAYS.contains(days)) else {
        let error = "Enter whole days from 1 to 14.".to_owned();
        let field = Field::new(sent.reminder_days).with_error(Some(error));
        let page = page(&app, &viewer, chrome, Some((language, field))).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let mut op = viewer.begin(&app).await?;
    let new = MailSettings {
        language,
        reminder_days,
    };
    customer_mail::change_settings(&mut op, new).await?;
    op.commit().await?;
    notice::leave(&session, Tone::Ok, "Saved.").await;
    Ok(Redirect::to(paths::MAIL_TEXTS).into_response())
}
