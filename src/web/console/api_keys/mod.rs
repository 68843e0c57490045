//! "API keys": keys by which scripts ask the API. Everybody who works with tenants makes their own; owners and admins see all of
//! them, and can stop each. A key's secret is shown once.

mod acts;
mod form;
mod new;
mod show;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use time::OffsetDateTime;

use crate::app::App;
use crate::domain::api_key::{self, ApiKey, KeySecret, Standing, Tenants};
use crate::domain::op::Op;
use crate::domain::technician::Permission;
use crate::storage::TechnicianId;
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::paths;
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::When;

#[derive(Template, WebTemplate)]
#[template(path = "console/api_keys/index.html")]
struct Index {
    chrome: Chrome,
    keys: Vec<Line>,
    /// Whether keys of others are among them.
    sees_others: bool,
}

/// One key in the list.
struct Line {
    name: String,
    public_id: String,
    href: String,
    owner: String,
    state: (&'static str, &'static str),
    tenants: String,
    scopes: String,
    ends: When,
    last_used: Option<When>,
}

/// A new secret, on the only page that ever shows it.
#[derive(Template, WebTemplate)]
#[template(path = "console/api_keys/secret.html")]
struct SecretPage {
    chrome: Chrome,
    name: String,
    secret: String,
    ends: When,
    /// Until when the former secret works, after a rotation.
    former: Option<When>,
    href: String,
}

pub(super) fn router() -> Routes {
    let act = |name: &str| format!("{}/{{id}}/{name}", paths::API_KEYS);
    Routes::new()
        .get(paths::API_KEYS, Policy::WORK, index)
        .post(paths::API_KEYS, Policy::WORK, new::add)
        .fresh()
        .get(paths::NEW_API_KEY, Policy::WORK, new::show)
        .get(
            &format!("{}/{{id}}", paths::API_KEYS),
            Policy::WORK,
            show::show,
        )
        .post(
            &format!("{}/{{id}}", paths::API_KEYS),
            Policy::WORK,
            show::change,
        )
        .fresh()
        .post(&act("rotation"), Policy::WORK, acts::rotate)
        .fresh()
        .post(&act("suspension"), Policy::WORK, acts::suspend)
        .fresh()
        .post(&act("resumption"), Policy::WORK, acts::resume)
        .fresh()
        .post(&act("revocation"), Policy::WORK, acts::revoke)
        .fresh()
}

/// Whose keys this viewer sees; none: everybody's.
fn whose(viewer: &Viewer) -> Option<TechnicianId> {
    (!viewer.may(Permission::People)).then_some(viewer.id)
}

/// The key of this address, if this viewer sees it.
async fn find(op: &mut Op, viewer: &Viewer, id: &str) -> WebResult<ApiKey> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let found = api_key::find(op, whose(viewer), id).await?;
    found.ok_or(WebError::NotFound)
}

/// The same, for a change of what it is: its owner makes it, nobody beside them.
async fn find_to_change(op: &mut Op, viewer: &Viewer, id: &str) -> WebResult<ApiKey> {
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let found = api_key::find_to_change(op, whose(viewer), id).await?;
    let key = found.ok_or(WebError::NotFound)?;
    if key.owner.id != viewer.id {
        return Err(WebError::Forbidden);
    }
    Ok(key)
}

async fn index(State(app): State<App>, viewer: Viewer, chrome: Chrome) -> WebResult<Index> {
    let mut op = viewer.begin(&app).await?;
    let keys = api_key::list(&mut op, whose(&viewer)).await?;
    let now = op.now();
    Ok(Index {
        chrome,
        sees_others: whose(&viewer).is_none(),
        keys: keys.iter().map(|key| Line::of(key, now)).collect(),
    })
}

impl Line {
    fn of(key: &ApiKey, now: OffsetDateTime) -> Self {
        let scopes: Vec<&str> = key.rule.scopes.iter().map(|one| one.as_str()).collect();
        Self {
            name: key.rule.name.clone(),
            public_id: key.public_id.clone(),
            href: paths::api_key(key.id, ""),
            owner: key.owner.display_name.clone(),
            state: state(key.standing(now)),
            tenants: tenants(key),
            scopes: scopes.join(", "),
            ends: When::new(key.expires_at, now),
            last_used: When::maybe(key.used.last_at, now),
        }
    }
}

/// Badge class and word.
fn state(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::Works => ("valid", "Active"),
        Standing::Suspended => ("retrying", "Suspended"),
        Standing::Revoked => ("none", "Revoked"),
        Standing::Expired => ("expired", "Expired"),
        Standing::OwnerGone => ("none", "Owner disabled"),
    }
}

/// Which tenants, in a few words.
fn tenants(key: &ApiKey) -> String {
    match &key.rule.tenants {
        Tenants::All if key.owner.limited => "all that its owner sees".into(),
        Tenants::All => "all".into(),
        Tenants::Only { tags, tenants } => {
            let mut words = Vec::new();
            if !tags.is_empty() {
                let word = if tags.len() == 1 { "tag" } else { "tags" };
                words.push(format!("{word} {}", tags.join(", ")));
            }
            match tenants.len() {
                0 => {}
                1 => words.push("1 tenant".into()),
                n => words.push(format!("{n} tenants")),
            }
            if words.is_empty() {
                "none".into()
            } else {
                words.join(" and ")
            }
        }
    }
}

impl SecretPage {
    fn new(chrome: Chrome, key: &ApiKey, secret: &KeySecret, now: OffsetDateTime) -> Self {
        Self {
            chrome,
            name: key.rule.name.clone(),
            secret: secret.expose().to_owned(),
            ends: When::new(key.expires_at, now),
            former: When::maybe(key.previous_until, now),
            href: paths::api_key(key.id, ""),
        }
    }
}
