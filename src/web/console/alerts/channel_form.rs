//! The form of a channel: for a new one, and for one that is there.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::channels::{SecretPage, page, refused};
use super::id_of;
use crate::app::App;
use crate::domain::alert::{self, Channel, ChannelError, ChannelInput, ChannelKind, FieldError};
use crate::keeper::text::Text;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::{Field, Form, Query, error_at};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;

/// Fields of a channel. An address is never given back: it is a secret.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each shows one part of the page"
)]
pub struct FormView {
    pub action: String,
    pub kind: &'static str,
    pub has_recipients: bool,
    pub has_url: bool,
    pub has_rhythm: bool,
    pub is_new: bool,
    pub name: Field,
    pub recipients: Field,
    pub url: Field,
    pub every_minutes: Field,
}

impl FormView {
    fn of(kind: ChannelKind, action: String, is_new: bool) -> Self {
        Self {
            action,
            kind: kind.as_str(),
            has_recipients: kind.has_recipients(),
            has_url: !kind.is_mail(),
            has_rhythm: kind == ChannelKind::Heartbeat,
            is_new,
            name: Field::default(),
            recipients: Field::default(),
            url: Field::default(),
            every_minutes: Field::new("5"),
        }
    }

    /// As stored.
    pub fn stored(found: &Channel) -> Self {
        let minutes = found
            .every_minutes
            .map(|one| one.to_string())
            .unwrap_or_default();
        Self {
            name: Field::new(found.name.clone()),
            recipients: Field::new(found.recipients.join(", ")),
            every_minutes: Field::new(minutes),
            ..Self::of(found.kind, paths::alert_channel(found.id, ""), false)
        }
    }

    fn typed(mut self, sent: &Sent, errors: &[FieldError]) -> Self {
        let error = |name: &str| error_at(errors, name);
        self.name = Field::new(&*sent.name).with_error(error("name"));
        self.recipients = Field::new(&*sent.recipients).with_error(error("recipients"));
        // Who corrects another field is told, or the address would be missing without a word.
        let again = (!sent.url.expose().trim().is_empty()).then(|| {
            "Type the address again: it is a secret and is not kept on the page.".to_owned()
        });
        self.url = Field::default().with_error(error("url").or(again));
        self.every_minutes = Field::new(&*sent.every_minutes).with_error(error("every_minutes"));
        self
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/channel_new.html")]
struct NewPage {
    chrome: Chrome,
    label: &'static str,
    about: &'static str,
    form: FormView,
}

impl NewPage {
    fn new(chrome: Chrome, kind: ChannelKind) -> Self {
        Self {
            chrome,
            label: kind.label(),
            about: kind.about(),
            form: FormView::of(kind, paths::ALERT_CHANNELS.to_owned(), true),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    kind: String,
}

fn kind_of(word: &str) -> WebResult<ChannelKind> {
    ChannelKind::from_word(word)
        .filter(|kind| *kind != ChannelKind::Owners)
        .ok_or(WebError::BadRequest(
            "Choose a kind of channel from the list.",
        ))
}

/// GET: the empty form of a kind.
pub async fn new(_: Viewer, chrome: Chrome, Query(asked): Query<Asked>) -> WebResult {
    let kind = if asked.kind.is_empty() {
        ChannelKind::Webhook
    } else {
        kind_of(&asked.kind)?
    };
    Ok(NewPage::new(chrome, kind).into_response())
}

#[derive(Deserialize)]
#[serde(default)]
pub struct Sent {
    kind: String,
    name: String,
    recipients: String,
    url: Text,
    every_minutes: String,
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            kind: String::new(),
            name: String::new(),
            recipients: String::new(),
            url: Text::new(""),
            every_minutes: String::new(),
        }
    }
}

impl Sent {
    fn input(&self) -> ChannelInput {
        ChannelInput {
            name: self.name.clone(),
            recipients: self.recipients.clone(),
            url: Text::new(self.url.expose()),
            every_minutes: self.every_minutes.clone(),
        }
    }
}

/// "Add channel": shows the key of one that signs, once.
pub async fn add(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Form(sent): Form<Sent>,
) -> WebResult {
    let kind = kind_of(&sent.kind)?;
    let added = async {
        let prepared = alert::prepare(&app.keeper, &app.guard, kind, sent.input()).await?;
        let mut op = viewer.begin(&app).await?;
        let created = alert::add(&mut op, prepared).await?;
        op.commit().await?;
        Ok(created)
    };
    let created = match added.await {
        Ok(created) => created,
        Err(ChannelError::Fields(errors)) => {
            let mut page = NewPage::new(chrome, kind);
            page.form = page.form.typed(&sent, &errors);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(refused(other)),
    };
    let href = paths::alert_channel(created.id, "");
    if let Some(secret) = created.secret {
        let page = SecretPage {
            chrome,
            name: sent.name,
            secret: secret.expose().to_owned(),
            href,
            is_new: true,
        };
        return Ok(page.into_response());
    }
    notice::leave(
        &session,
        Tone::Ok,
        "The channel was added. Send a test message.",
    )
    .await;
    Ok(Redirect::to(&href).into_response())
}

/// "Save" of one that is there.
pub async fn change(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> WebResult {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    let found = alert::channel(&mut op, id)
        .await?
        .ok_or(WebError::NotFound)?;
    drop(op);
    let changed = async {
        let prepared = alert::prepare_change(&app.keeper, &app.guard, &found, sent.input()).await?;
        let mut op = viewer.begin(&app).await?;
        alert::update_channel(&mut op, &prepared).await?;
        op.commit().await?;
        Ok(())
    };
    match changed.await {
        Ok(()) => {
            notice::leave(&session, Tone::Ok, "The channel was saved.").await;
            Ok(Redirect::to(&paths::alert_channel(id, "")).into_response())
        }
        Err(ChannelError::Fields(errors)) => {
            let form = FormView::stored(&found).typed(&sent, &errors);
            let page = page(&app, &viewer, chrome, id, Some(form)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(refused(other)),
    }
}
