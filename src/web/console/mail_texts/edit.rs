//! One text: subject and body with placeholders, seen as the customer would before it is saved, and back to the product's.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::domain::branding;
use crate::domain::customer_mail::{
    self, Kind, MailTemplate, TemplateErrors, TextError, check_template,
};
use crate::language::Language;
use crate::mail::Part;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

#[derive(Template, WebTemplate)]
#[template(path = "console/mail_texts/edit.html")]
struct Page {
    chrome: Chrome,
    kind: Kind,
    language: Language,
    address: String,
    subject: Field,
    body: Field,
    /// The MSP's own text is kept, so that there is a way back.
    own: bool,
    placeholders: Vec<(String, &'static str)>,
    preview: Preview,
}

/// The mail with sample values.
struct Preview {
    subject: String,
    parts: Vec<Part>,
    text: String,
    button: String,
}

/// What stands in place of it.
fn meaning(placeholder: &str, kind: Kind) -> &'static str {
    match (placeholder, kind) {
        ("tenant", _) => "the customer's name",
        ("msp", _) => "your name",
        ("link", _) => "the link; alone on a line: a button",
        ("expires", Kind::AboutToExpire) => "“ends on …” or “has ended”",
        ("expires", _) => "until when the link is good",
        ("reference", _) => "what both sides can name on the telephone",
        ("technician", _) => "who sends it",
        ("resources", Kind::Completed) => "what was granted; alone on a line: a list",
        ("resources", _) => "the services concerned; alone on a line: a list",
        ("by", _) => "who granted it",
        ("when", _) => "when it was granted",
        ("app", _) => "the application's name at Microsoft",
        ("reason", _) => "the campaign's reason, a sentence",
        ("deadline", _) => "the campaign's deadline, a sentence",
        _ => "",
    }
}

fn read((kind, language): (String, String)) -> WebResult<(Kind, Language)> {
    match (kind.parse(), language.parse()) {
        (Ok(kind), Ok(language)) => Ok((kind, language)),
        _ => Err(WebError::NotFound),
    }
}

pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(which): Path<(String, String)>,
) -> WebResult {
    let (kind, language) = read(which)?;
    let mut op = viewer.begin(&app).await?;
    let (template, _) = customer_mail::text(&mut op, kind, language).await?;
    drop(op);
    let none = TemplateErrors::default();
    let page = page(&app, &viewer, chrome, (kind, language), template, none).await?;
    Ok(page.into_response())
}

async fn page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    (kind, language): (Kind, Language),
    template: MailTemplate,
    errors: TemplateErrors,
) -> WebResult<Page> {
    let mut op = viewer.begin(app).await?;
    let (_, own) = customer_mail::text(&mut op, kind, language).await?;
    let brand = branding::read(&mut op).await?;
    let sample = customer_mail::sample(
        &app.sender(),
        &brand,
        kind,
        language,
        template.clone(),
        op.now(),
    );
    let known = kind.placeholders().iter();
    Ok(Page {
        chrome,
        kind,
        language,
        address: paths::mail_text(kind.as_str(), language.as_str()),
        subject: Field::new(template.subject).with_error(errors.subject),
        body: Field::new(template.body).with_error(errors.body),
        own,
        placeholders: known
            .map(|name| (format!("{{{name}}}"), meaning(name, kind)))
            .collect(),
        preview: Preview {
            subject: sample.subject(),
            parts: sample.parts(),
            text: sample.text(),
            button: language.book().mail.button.text(),
        },
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    subject: String,
    body: String,
    /// `preview`, `reset`, or to save.
    act: String,
}

/// "Save", "Preview" and "Back to the usual text".
pub async fn save(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    session: Session,
    Path(which): Path<(String, String)>,
    Form(sent): Form<Sent>,
) -> WebResult {
    let (kind, language) = read(which)?;
    let template = MailTemplate {
        subject: sent.subject,
        body: sent.body,
    };
    let mut op = viewer.begin(&app).await?;
    let done = match sent.act.as_str() {
        "reset" => {
            customer_mail::reset_text(&mut op, kind, language).await?;
            "The usual text is sent from now on."
        }
        "preview" => {
            let errors = check_template(kind, &template).err().unwrap_or_default();
            drop(op);
            let page = page(&app, &viewer, chrome, (kind, language), template, errors).await?;
            return Ok(page.into_response());
        }
        _ => match customer_mail::set_text(&mut op, kind, language, &template).await {
            Ok(()) => "Saved. The text is sent from now on.",
            Err(TextError::Wrong(errors)) => {
                drop(op);
                let page = page(&app, &viewer, chrome, (kind, language), template, errors).await?;
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
            }
            Err(TextError::Database(error)) => return Err(error.into()),
        },
    };
    op.commit().await?;
    notice::leave(&session, Tone::Ok, done).await;
    let back = paths::mail_text(kind.as_str(), language.as_str());
    Ok(Redirect::to(&back).into_response())
}
