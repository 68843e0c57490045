//! One key: what it may, how it was used, and what can be done with it.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use tower_sessions::Session;

use super::acts::refused;
use super::form::{Fields, Sent};
use super::{find, find_to_change, state, tenants};
use crate::app::App;
use crate::domain::api_key::{self, ApiKey, ChangeError, KeyState, OVERLAPS, Standing};
use crate::domain::op::Op;
use crate::domain::tenant::FieldError;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::WebResult;
use crate::web::kit::form::{Field, Form};
use crate::web::kit::notice::{self, Tone};
use crate::web::kit::paths;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/api_keys/show.html")]
pub struct Show {
    chrome: Chrome,
    key: Facts,
    /// It is the viewer's own: others stop a key and do not change or renew it.
    is_own: bool,
    /// It can still work, now or after being resumed.
    is_alive: bool,
    is_suspended: bool,
    fields: Fields,
    rotation: RotationFields,
}

/// The form "Rotate".
struct RotationFields {
    days: Field,
    overlaps: [i64; 4],
    overlap: i64,
}

impl RotationFields {
    fn usual() -> Self {
        Self {
            days: Field::new("90"),
            overlaps: OVERLAPS,
            overlap: 1,
        }
    }
}

/// What is known of it.
struct Facts {
    version: i64,
    /// Than the form that was sent.
    is_newer: bool,
    name: String,
    public_id: String,
    owner: String,
    owner_email: String,
    state: (&'static str, &'static str),
    reason: String,
    tenants: String,
    reach: i64,
    created: When,
    ends: When,
    former: Option<When>,
    last_used: Option<When>,
    last_ip: String,
    uses: i64,
    href: String,
}

impl Show {
    async fn of(
        op: &mut Op,
        app: &App,
        viewer: &Viewer,
        chrome: Chrome,
        key: &ApiKey,
        sent: Sent,
        errors: &[FieldError],
    ) -> WebResult<Self> {
        let now = op.now();
        let standing = key.standing(now);
        Ok(Self {
            chrome,
            key: Facts {
                version: key.version,
                is_newer: sent.is_behind(key),
                name: key.rule.name.clone(),
                public_id: key.public_id.clone(),
                owner: key.owner.display_name.clone(),
                owner_email: key.owner.email.clone(),
                state: state(standing),
                reason: match &key.state {
                    KeyState::Suspended { reason } => reason.clone(),
                    _ => String::new(),
                },
                tenants: tenants(key),
                reach: api_key::reach(op, key).await?,
                created: When::new(key.created_at, now),
                ends: When::new(key.expires_at, now),
                former: When::maybe(key.previous_until.filter(|until| *until > now), now),
                last_used: When::maybe(key.used.last_at, now),
                last_ip: key.used.last_ip.clone(),
                uses: key.used.uses,
                href: paths::api_key(key.id, ""),
            },
            is_own: key.owner.id == viewer.id,
            is_alive: key.state != KeyState::Revoked,
            is_suspended: standing == Standing::Suspended,
            fields: sent.fields(viewer, app.limits.keys, errors),
            rotation: RotationFields::usual(),
        })
    }
}

/// GET: everything about one.
pub async fn show(
    State(app): State<App>,
    viewer: Viewer,
    chrome: Chrome,
    Path(id): Path<String>,
) -> WebResult<Show> {
    let mut op = viewer.begin(&app).await?;
    let key = find(&mut op, &viewer, &id).await?;
    let sent = Sent::stored(&mut op, &key).await?;
    Show::of(&mut op, &app, &viewer, chrome, &key, sent, &[]).await
}

/// The page again, with the rotation as it was typed and what is wrong with it.
pub async fn with_rotation(
    op: &mut Op,
    app: &App,
    viewer: &Viewer,
    chrome: Chrome,
    key: &ApiKey,
    (days, overlap, error): (String, i64, String),
) -> WebResult {
    let sent = Sent::stored(op, key).await?;
    let mut page = Show::of(op, app, viewer, chrome, key, sent, &[]).await?;
    page.rotation.days = Field::new(days).with_error(Some(error));
    page.rotation.overlap = overlap;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
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
    let mut op = viewer.begin(&app).await?;
    let key = find_to_change(&mut op, &viewer, &id).await?;
    if sent.is_behind(&key) {
        let page = Show::of(&mut op, &app, &viewer, chrome, &key, sent, &[]).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let errors = match save(&mut op, &viewer, &key, &sent).await? {
        Ok(()) => {
            op.commit().await?;
            let text = "The key was saved. It counts from its next call on.";
            notice::leave(&session, Tone::Ok, text).await;
            return Ok(Redirect::to(&paths::api_key(key.id, "")).into_response());
        }
        Err(errors) => errors,
    };
    let page = Show::of(&mut op, &app, &viewer, chrome, &key, sent, &errors).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

/// What was typed becomes the key's rule, or what is wrong with it.
async fn save(
    op: &mut Op,
    viewer: &Viewer,
    key: &ApiKey,
    sent: &Sent,
) -> WebResult<Result<(), Vec<FieldError>>> {
    let rule = match sent.input().parse(op, viewer.scope).await? {
        Ok(rule) => rule,
        Err(errors) => return Ok(Err(errors)),
    };
    let taken = api_key::name_taken(op, viewer.id, &rule.name, Some(key.id)).await?;
    if let Some(taken) = taken {
        return Ok(Err(vec![taken]));
    }
    match api_key::change(op, key, &rule).await {
        Ok(()) => Ok(Ok(())),
        Err(ChangeError::Beyond(scope)) => {
            let message = format!("Your role does not let you give “{scope}”.");
            Ok(Err(vec![FieldError::new("scope", message)]))
        }
        Err(error) => Err(refused(error)),
    }
}
