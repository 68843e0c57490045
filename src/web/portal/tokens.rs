//! "Token details": what an access token says of itself, claim by claim, in plain words. The token itself never comes here;
//! the keeper gives its claims without the signature, and writes down who looked.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::Visit;
use crate::app::App;
use crate::domain::connection::{self, ResourceLine, TokenState};
use crate::domain::tenant::Resource;
use crate::keeper::message::{Refusal, Reply, Request, look};
use crate::web::kit::chrome::Chrome;
use crate::web::kit::error::{WebError, WebResult};
use crate::web::kit::policy::Policy;
use crate::web::kit::routes::Routes;
use crate::web::kit::viewer::Viewer;
use crate::web::kit::when::{When, exact};
use crate::web::parts::uptime::span;

mod meaning;

#[derive(Template, WebTemplate)]
#[template(path = "portal/tokens/show.html")]
struct Details {
    chrome: Chrome,
    visit: Visit,
    resource: &'static str,
    /// None when no token is held.
    held: Option<HeldView>,
    /// None before anybody asked for them.
    claims: Option<ClaimsView>,
    action: String,
}

struct HeldView {
    issued: When,
    expires: When,
    life: String,
}

/// The claims, or the word that there are none to read.
struct ClaimsView {
    rows: Vec<ClaimView>,
    opaque: bool,
}

/// One claim.
struct ClaimView {
    name: String,
    value: String,
    /// The value in words when it is an instant; empty otherwise.
    instant: String,
    /// Empty when Microsoft does not say.
    meaning: &'static str,
}

pub(super) fn router() -> Routes {
    Routes::new()
        .get("/tenants/{short}/tokens/{resource}", Policy::LOOK, show)
        .post("/tenants/{short}/tokens/{resource}", Policy::WORK, look)
}

async fn show(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Path((_, resource)): Path<(String, String)>,
) -> WebResult<Details> {
    page(&app, &viewer, visit, chrome, &resource, None).await
}

/// A look is asked for by a form: it is written down, and a viewer may not.
async fn look(
    State(app): State<App>,
    viewer: Viewer,
    visit: Visit,
    chrome: Chrome,
    Path((_, resource)): Path<(String, String)>,
) -> WebResult<Details> {
    let op = viewer.begin(&app).await?;
    let actor = super::keeper_actor(op.actor());
    // Given back before the keeper is asked.
    drop(op);
    let ask = look::Ask::Token {
        tenant_id: visit.id.as_uuid(),
        resource: resource.clone(),
        actor,
    };
    let token = match app.keeper.ask(Request::Look(ask)).await? {
        Reply::Looked(look::Answer::Token(token)) => Some(token),
        // It ended since the page was shown; the page says so.
        Reply::Refused(Refusal::NotThere) => None,
        Reply::Refused(refusal) => return Err(refusal.into()),
        _ => return Err(WebError::Keeper),
    };
    page(&app, &viewer, visit, chrome, &resource, token).await
}

async fn page(
    app: &App,
    viewer: &Viewer,
    visit: Visit,
    chrome: Chrome,
    resource: &str,
    token: Option<look::Token>,
) -> WebResult<Details> {
    let resource: Resource = resource.parse().map_err(|_| WebError::NotFound)?;
    let mut op = viewer.begin(app).await?;
    let now = op.now();
    let detail = connection::detail(&mut op, visit.scope(), visit.id).await?;
    let detail = detail.ok_or(WebError::NotFound)?;
    let line = detail
        .resources
        .iter()
        .find(|line| line.resource == resource)
        .ok_or(WebError::NotFound)?;
    Ok(Details {
        resource: resource.name(),
        held: HeldView::of(line, now),
        claims: token.map(|token| ClaimsView::of(token.parts)),
        action: visit.paths().token(resource.as_str()),
        chrome,
        visit,
    })
}

impl HeldView {
    fn of(line: &ResourceLine, now: OffsetDateTime) -> Option<Self> {
        let valid = line.state == Some(TokenState::Valid);
        let (issued, expires) = line.last_ok_at.zip(line.expires_at).filter(|_| valid)?;
        Some(Self {
            issued: When::new(issued, now),
            expires: When::new(expires, now),
            life: span(expires - issued),
        })
    }
}

impl ClaimsView {
    fn of(parts: Option<look::Parts>) -> Self {
        let Some(parts) = parts else {
            return Self {
                rows: Vec::new(),
                opaque: true,
            };
        };
        Self {
            rows: rows(parts.header).chain(rows(parts.claims)).collect(),
            opaque: false,
        }
    }
}

fn rows(fields: Map<String, Value>) -> impl Iterator<Item = ClaimView> {
    fields.into_iter().map(|(name, value)| ClaimView {
        instant: instant(&name, &value),
        meaning: meaning::of(&name),
        value: text(&value),
        name,
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn instant(name: &str, value: &Value) -> String {
    if !matches!(name, "iat" | "nbf" | "exp" | "auth_time") {
        return String::new();
    }
    let at = value
        .as_i64()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    at.map(exact).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn instants_are_read_as_such_and_lists_as_lists() {
        assert_eq!(
            instant("exp", &json!(1_790_000_000)),
            "2026-09-21 14:13 UTC"
        );
        assert_eq!(instant("exp", &json!(i64::MAX)), "");
        assert_eq!(instant("ver", &json!(1_790_000_000)), "");
        assert_eq!(text(&json!(["pwd", "mfa"])), "pwd, mfa");
        assert_eq!(text(&json!("x")), "x");
    }
}
