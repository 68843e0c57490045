//! Single sign-on in the browser: `leave` prepares the trip to the provider, `back` takes its end, `own` ties one's own login to
//! the provider, `again` has somebody prove there again who they are, `words` says what went wrong. Nothing of it is there when `sso.issuer` is not set.

pub(super) mod again;
pub(super) mod back;
pub(super) mod leave;
pub(super) mod own;
mod words;

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use crate::app::App;
use crate::domain::sign_on::{BrowserSecret, Sso};
use crate::web::kit::error::{WebError, WebResult};

/// Under this key a login session holds what ties trips to its browser.
const AWAY_KEY: &str = "sign_on";

/// The choice beside the password.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// "Sign in with {name}".
    pub name: String,
    /// Passwords are for owners in an emergency.
    pub only: bool,
}

/// Of a browser that is away, in its login session.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Away {
    browser: BrowserSecret,
    /// Whether it says which requests a person caused; the way back alone does not tell.
    gestures: bool,
    /// Where somebody who is signed in reads what did not work.
    #[serde(default)]
    origin: String,
}

pub(super) fn choice(app: &App) -> Option<Choice> {
    app.sso.as_ref().map(|sso| Choice {
        name: sso.name.clone(),
        only: sso.only,
    })
}

/// Single sign-on, or 404 where there is none.
fn configured(app: &App) -> WebResult<&Sso> {
    app.sso.as_deref().ok_or(WebError::NotFound)
}

impl Away {
    async fn of(session: &Session) -> WebResult<Option<Self>> {
        Ok(session.get(AWAY_KEY).await?)
    }

    /// The session's own, made if it has none.
    async fn begin(session: &Session, headers: &HeaderMap, origin: String) -> WebResult<Self> {
        let known = Self::of(session).await?;
        if let Some(away) = known.as_ref().filter(|away| away.origin == origin) {
            return Ok(away.clone());
        }
        let away = Self {
            browser: known.map_or_else(BrowserSecret::new, |away| away.browser),
            gestures: headers.contains_key("sec-fetch-user"),
            origin,
        };
        session.insert(AWAY_KEY, &away).await?;
        Ok(away)
    }
}
