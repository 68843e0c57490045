//! What browsers have under way: interactions, one per sign-in, and sessions of people who are signed in. In memory
//! only; a restart of the simulator signs everybody out, as nothing that matters to tokens is kept here.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::start::Interaction;
use crate::simulator::directory::State;
use crate::simulator::tokens::opaque;

const COOKIE_NAME: &str = "simulated_session";
/// A browser session ends after so long at the latest.
const SESSION_LIFE: Duration = Duration::hours(24);
/// An interaction that nobody goes on with is forgotten.
const INTERACTION_LIFE: Duration = Duration::hours(1);

/// Interactions and sessions of all browsers.
#[derive(Default)]
pub struct Browsers {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    interactions: HashMap<String, Interaction>,
    sessions: HashMap<String, Session>,
}

/// A person signed in with a browser.
#[derive(Clone, Debug)]
pub struct Session {
    pub user: Uuid,
    pub at: OffsetDateTime,
    pub mfa_at: Option<OffsetDateTime>,
}

impl Browsers {
    /// Keep a new interaction; its id goes into the address.
    pub fn begin(&self, interaction: Interaction) -> String {
        let id = opaque::<16>();
        let mut open = self.lock();
        let now = interaction.started_at;
        open.interactions
            .retain(|_, i| now - i.started_at < INTERACTION_LIFE);
        open.interactions.insert(id.clone(), interaction);
        id
    }

    pub fn interaction(&self, id: &str) -> Option<Interaction> {
        self.lock().interactions.get(id).cloned()
    }

    pub fn put(&self, id: &str, interaction: Interaction) {
        self.lock().interactions.insert(id.to_owned(), interaction);
    }

    /// Open a session; the value of `Set-Cookie` comes back.
    pub fn sign_in(&self, session: Session) -> Option<HeaderValue> {
        let id = opaque::<24>();
        self.lock().sessions.insert(id.clone(), session);
        HeaderValue::from_str(&format!(
            "{COOKIE_NAME}={id}; Path=/; HttpOnly; SameSite=Lax"
        ))
        .ok()
    }

    /// Close the session of this browser; the value of `Set-Cookie` that forgets it comes back.
    pub fn sign_out(&self, headers: &HeaderMap) -> HeaderValue {
        if let Some(id) = cookie(headers) {
            self.lock().sessions.remove(&id);
        }
        HeaderValue::from_static("simulated_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
    }

    /// The session of this browser, if it still counts: the account stands and nothing was revoked since.
    pub fn session(
        &self,
        headers: &HeaderMap,
        state: &State,
        now: OffsetDateTime,
    ) -> Option<Session> {
        let session = self.lock().sessions.get(&cookie(headers)?)?.clone();
        let user = state.users.get(&session.user)?;
        let revoked = user
            .tokens_valid_from
            .is_some_and(|since| session.at < since);
        let usable = user.enabled && !user.deleted && !revoked;
        (usable && now - session.at < SESSION_LIFE).then_some(session)
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(COOKIE).iter();
    all.filter_map(|h| h.to_str().ok())
        .flat_map(|h| h.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE_NAME)
        .map(|(_, value)| value.to_owned())
}
