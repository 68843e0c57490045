//! Channels: the list, one with its last messages, and what is done to it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use tower_sessions::Session;

use super::channel_form::FormView;
use super::view::{DeliveryView, channel_badge};
use super::{id_of, view};
use crate::app::App;
use crate::domain::alert::{self, Channel, ChannelError, ChannelKind, ChannelState, DeliveryState};
use crate::domain::page_url::page_url;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::form::Form;
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

/// Messages on a channel's page.
const MESSAGES: i64 = 20;

const REPLACED: &str = "No key was made: somebody (or a second click) replaced this channel's key after the page was opened. If you do not have the new one, press “New key” here: the one that receivers have signs on for its day.";

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/channels.html")]
pub struct ListPage {
    chrome: Chrome,
    no_mail: bool,
    channels: Vec<Line>,
    kinds: Vec<(String, &'static str, &'static str)>,
}

struct Line {
    name: String,
    href: String,
    kind: &'static str,
    place: String,
    badge: (&'static str, &'static str),
    last: Option<When>,
    outcome: String,
    waiting: i64,
}

fn place(channel: &Channel) -> String {
    match channel.kind {
        ChannelKind::Owners => "whoever is an owner".into(),
        kind if kind.has_recipients() => channel.recipients.join(", "),
        _ => channel.url_hint.clone(),
    }
}

/// GET: every channel.
pub async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<ListPage> {
    let mut op = viewer.begin(&app).await?;
    let now = op.now();
    let channels = alert::channels(&mut op).await?;
    let lines = channels.iter().map(|one| Line {
        name: one.name.clone(),
        href: paths::alert_channel(one.id, ""),
        kind: one.kind.label(),
        place: place(one),
        badge: channel_badge(one),
        last: When::maybe(one.last_at, now),
        outcome: one.last_outcome.clone(),
        waiting: one.waiting,
    });
    let kinds = ChannelKind::ALL
        .iter()
        .filter(|kind| **kind != ChannelKind::Owners);
    Ok(ListPage {
        chrome,
        no_mail: app.mailer.is_none(),
        channels: lines.collect(),
        kinds: kinds
            .map(|kind| {
                let href = format!("{}?kind={}", paths::NEW_ALERT_CHANNEL, kind.as_str());
                (href, kind.label(), kind.about())
            })
            .collect(),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/channel.html")]
pub struct ShowPage {
    pub chrome: Chrome,
    pub name: String,
    pub kind: &'static str,
    pub place: String,
    pub badge: (&'static str, &'static str),
    pub trouble: String,
    pub last: Option<When>,
    pub outcome: String,
    pub last_ok: Option<When>,
    pub waiting: i64,
    /// The former key signs beside the new one until then.
    pub former: Option<When>,
    /// The key that “New key” replaces.
    pub key: Option<uuid::Uuid>,
    pub is_fixed: bool,
    pub is_on: bool,
    pub needs_replay: bool,
    pub form: FormView,
    pub messages: Vec<DeliveryView>,
    pub paths: Acts,
}

/// Where its buttons lead.
pub struct Acts {
    pub test: String,
    pub key: String,
    pub switch: String,
    pub replay: String,
    pub removal: String,
}

/// The page of one; `form` as typed, when it was refused.
pub async fn page(
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    id: uuid::Uuid,
    form: Option<FormView>,
) -> WebResult<ShowPage> {
    let mut op = viewer.begin(app).await?;
    let now = op.now();
    let found = alert::channel(&mut op, id)
        .await?
        .ok_or(WebError::NotFound)?;
    let of = (Some(id), None);
    let messages = alert::deliveries(&mut op, viewer.scope, of, None, MESSAGES).await?;
    let act = |word| paths::alert_channel(id, word);
    Ok(ShowPage {
        chrome,
        name: found.name.clone(),
        kind: found.kind.label(),
        place: place(&found),
        badge: channel_badge(&found),
        trouble: view::trouble(&found).unwrap_or_default(),
        last: When::maybe(found.last_at, now),
        outcome: found.last_outcome.clone(),
        last_ok: When::maybe(found.last_ok_at, now),
        waiting: found.waiting,
        former: When::maybe(found.former_key_until, now),
        key: found.key,
        is_fixed: found.kind == ChannelKind::Owners,
        is_on: found.state != ChannelState::Off,
        needs_replay: found.failing_since.is_some()
            || matches!(found.state, ChannelState::Disabled | ChannelState::Held)
            || messages
                .iter()
                .any(|one| one.state == DeliveryState::Failed),
        form: form.unwrap_or_else(|| FormView::stored(&found)),
        messages: messages
            .iter()
            .map(|one| DeliveryView::new(one, now))
            .collect(),
        paths: Acts {
            test: act("test"),
            key: act("key"),
            switch: act("switch"),
            replay: act("replay"),
            removal: act("removal"),
        },
    })
}

/// GET: one channel.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<ShowPage> {
    page(&app, &viewer, chrome, id_of(&id)?, None).await
}

/// What no field can be blamed for.
pub fn refused(error: ChannelError) -> WebError {
    match error {
        ChannelError::NotThere => WebError::NotFound,
        ChannelError::Fixed => {
            WebError::Conflict("This channel is always there and cannot be changed like this.")
        }
        ChannelError::Replaced => WebError::Conflict("The key was replaced already."),
        ChannelError::Needed(_) => {
            WebError::Conflict("A rule has no other channel. Give it another one first.")
        }
        ChannelError::Fields(_) => WebError::BadRequest("Go back and look at the form again."),
        ChannelError::Keeper(silent) => silent.into(),
        ChannelError::Refused(refusal) => refusal.into(),
        ChannelError::Database(error) => error.into(),
    }
}

/// "Test": sends a message now and says how it went.
pub async fn test(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    let link = page_url(&app.site.base_url, paths::ALERTS);
    let delivery = alert::test(&mut op, id, link).await.map_err(refused)?;
    op.commit().await?;
    let courier = app.courier();
    let (tone, text) = match alert::claim(&courier, id, Some(delivery)).await? {
        Some(claimed) => {
            let outcome = alert::send(&courier, &claimed).await;
            alert::settle(&courier, &claimed, &outcome).await?;
            if outcome.ok {
                (
                    Tone::Ok,
                    format!("The test message was taken ({}).", outcome.word),
                )
            } else {
                (
                    Tone::Bad,
                    format!(
                        "The test message was not taken: {}. While the channel is on, it is tried again by itself.",
                        outcome.word
                    ),
                )
            }
        }
        None => (Tone::Ok, "The test message is on its way.".to_owned()),
    };
    notice::leave(&session, tone, text).await;
    Ok(Redirect::to(&paths::alert_channel(id, "")).into_response())
}

#[derive(Template, WebTemplate)]
#[template(path = "console/alerts/secret.html")]
pub struct SecretPage {
    pub chrome: Chrome,
    pub name: String,
    pub secret: String,
    pub href: String,
    pub is_new: bool,
}

/// The key that the page spoke of.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RotateForm {
    instead_of: String,
}

/// "New key": shown once.
pub async fn rotate(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    chrome: Chrome,
    Path(id): Path<String>,
    Form(form): Form<RotateForm>,
) -> WebResult {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    let found = alert::channel(&mut op, id)
        .await?
        .ok_or(WebError::NotFound)?;
    drop(op);
    let key = alert::make_key(&app.keeper, &found)
        .await
        .map_err(refused)?;
    let mut op = viewer.begin(&app).await?;
    let secret = match alert::rotate(&mut op, id, form.instead_of.parse().ok(), key).await {
        Ok(secret) => secret,
        Err(ChannelError::Replaced) => {
            notice::leave(&session, Tone::Bad, REPLACED).await;
            return Ok(Redirect::to(&paths::alert_channel(id, "")).into_response());
        }
        Err(other) => return Err(refused(other)),
    };
    op.commit().await?;
    Ok(SecretPage {
        chrome,
        name: found.name,
        secret: secret.expose().to_owned(),
        href: paths::alert_channel(id, ""),
        is_new: false,
    }
    .into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SwitchForm {
    on: String,
}

/// "Switch on", "Let it go", "Switch off".
pub async fn switch(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<SwitchForm>,
) -> WebResult {
    let id = id_of(&id)?;
    let on = form.on == "yes";
    let mut op = viewer.begin(&app).await?;
    let found = alert::set_state(&mut op, id, on).await.map_err(refused)?;
    op.commit().await?;
    let word = if on { "on" } else { "off" };
    notice::leave(&session, Tone::Ok, format!("“{}” is {word}.", found.name)).await;
    Ok(Redirect::to(&paths::alert_channel(id, "")).into_response())
}

/// "Replay": what was not taken goes out again.
pub async fn replay(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let id = id_of(&id)?;
    let mut op = viewer.begin(&app).await?;
    alert::channel(&mut op, id)
        .await?
        .ok_or(WebError::NotFound)?;
    let count = alert::replay_failed(&mut op, id).await?;
    op.commit().await?;
    let text = match count {
        0 => "The channel is on; nothing waited.".to_owned(),
        1 => "1 message goes out again.".to_owned(),
        n => format!("{n} messages go out again."),
    };
    notice::leave(&session, Tone::Ok, text).await;
    Ok(Redirect::to(&paths::alert_channel(id, "")).into_response())
}

/// "Delete channel".
pub async fn remove(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    Path(id): Path<String>,
) -> WebResult {
    let mut op = viewer.begin(&app).await?;
    let id = id_of(&id)?;
    match alert::remove_channel(&mut op, id).await {
        Ok(()) => op.commit().await?,
        Err(ChannelError::Needed(rules)) => {
            let text = format!(
                "The channel was not deleted: without it nobody is told by {}. Give that rule another channel or switch it off first.",
                rules.join(", ")
            );
            notice::leave(&session, Tone::Bad, text).await;
            return Ok(Redirect::to(&paths::alert_channel(id, "")).into_response());
        }
        Err(other) => return Err(refused(other)),
    }
    notice::leave(&session, Tone::Ok, "The channel was deleted.").await;
    Ok(Redirect::to(paths::ALERT_CHANNELS).into_response())
}
