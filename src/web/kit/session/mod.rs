//! Login sessions: tower-sessions over a table of ours. The cookie holds 128 random bits, the table only their SHA-256, so
//! a copy of the database opens no session. When a session ends is decided here and not by the cookie, which lasts as
//! long as the browser. A session is a login only once the second factor was proved; before, it is halfway to one.

mod alive;
mod challenge;
mod store;

use std::collections::HashMap;

use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, Session, SessionManagerLayer};
use uuid::Uuid;

use super::agent;
use super::error::WebError;
use super::peer::Asker;
use crate::app::App;
use crate::domain::technician::Technician;
use crate::domain::technician::factor::FactorKind;
use crate::storage::TechnicianId;

pub use alive::keep_alive;
pub use challenge::{keep_challenge, take_challenge};
pub use store::{Store, sweep};

/// Under this key a session holds its technician's id.
pub const TECHNICIAN_KEY: &str = "technician";
/// Under these keys: how far it is a login, what was proved last and when (seconds since 1970), when the login began, from
/// where; and in a session that was read the row's name, whether a new id is due, the idle end and the [`Technician`] as they
/// were at that moment. All of them are columns and not part of what is stored as data.
const STAGE_KEY: &str = "stage";
const FACTOR_KEY: &str = "factor";
const FACTOR_AT_KEY: &str = "factor_at";
const BEGAN_KEY: &str = "began";
const AGENT_KEY: &str = "agent";
const IP_KEY: &str = "ip";
const ROW_KEY: &str = "row";
const RENEW_KEY: &str = "renew";
const ENDS_KEY: &str = "ends";
const WHO_KEY: &str = "who";
const COLUMNS: [&str; 11] = [
    TECHNICIAN_KEY,
    STAGE_KEY,
    FACTOR_KEY,
    FACTOR_AT_KEY,
    BEGAN_KEY,
    AGENT_KEY,
    IP_KEY,
    ROW_KEY,
    RENEW_KEY,
    ENDS_KEY,
    WHO_KEY,
];
/// Under this key: whether this browser says which requests a person caused (`Sec-Fetch-User`).
const GESTURES_KEY: &str = "gestures";

/// A login ends after so long without a request.
pub const IDLE: Duration = Duration::minutes(30);
/// A login ends after so long in any case.
pub const ABSOLUTE: Duration = Duration::hours(12);
/// What has not become a login after so long never will.
const HALFWAY: Duration = Duration::minutes(20);
/// The idle end is moved at most this often, so that reading pages does not mean writing rows.
const RENEWAL: Duration = Duration::minutes(1);
/// A proof of the second factor is fresh for so long; dangerous acts ask for a fresh one.
pub const FRESH: Duration = Duration::minutes(5);

/// How far a session is a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The password was proved: the second factor may be proved, or the first one enrolled.
    Password,
    /// The second factor was proved, and something is still to be set up.
    Enrolling,
    /// A login.
    Full,
}

impl Stage {
    /// As in `login_sessions.stage`.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Enrolling => "enrolling",
            Self::Full => "full",
        }
    }
}

/// Whose session it is, and how far.
#[derive(Clone, Debug)]
pub struct Standing {
    /// As the same look at the database found them; active.
    pub technician: Technician,
    pub stage: Stage,
    /// What was proved last.
    pub factor: Option<FactorKind>,
    factor_at: Option<i64>,
    /// What the session is named by; says nothing about the cookie.
    pub row: Uuid,
    /// Something changed that calls for a new id.
    renew: bool,
}

impl Standing {
    pub fn is_full(&self) -> bool {
        self.stage == Stage::Full
    }

    /// Whether the second factor was proved in this session at all.
    pub fn has_proved(&self) -> bool {
        self.stage != Stage::Password
    }

    /// Whether it was proved within [`FRESH`].
    pub fn is_fresh(&self, now: OffsetDateTime) -> bool {
        self.is_full()
            && self
                .factor_at
                .is_some_and(|at| now.unix_timestamp() - at <= FRESH.whole_seconds())
    }
}

/// The session layer for this site: `__Host-sid`, Secure and Lax; plain `sid` only on http, as in the demo.
pub fn layer(app: &App) -> SessionManagerLayer<Store> {
    let secure = app.site.is_https();
    SessionManagerLayer::new(Store::new(app.pool.clone(), app.clock.clone()))
        .with_name(if secure { "__Host-sid" } else { "sid" })
        .with_secure(secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnSessionEnd)
}

/// The password was proved: nothing of the former session stays, and its id is worth nothing any more. Not yet a login.
pub async fn begin(
    session: &Session,
    technician: TechnicianId,
    headers: &HeaderMap,
    asker: &Asker,
    app: &App,
) -> Result<(), WebError> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(TECHNICIAN_KEY, technician).await?;
    session.insert(STAGE_KEY, Stage::Password).await?;
    let began = app.clock.now().unix_timestamp();
    session.insert(BEGAN_KEY, began).await?;
    session.insert(AGENT_KEY, agent::words(headers)).await?;
    session.insert(IP_KEY, &asker.ip).await?;
    session
        .insert(GESTURES_KEY, headers.contains_key("sec-fetch-user"))
        .await?;
    Ok(())
}

/// This second factor was proved at that moment: the session goes on under a new id, and the old one is worth nothing any more.
pub async fn advance(
    session: &Session,
    stage: Stage,
    (factor, proved_at): (FactorKind, OffsetDateTime),
) -> Result<(), WebError> {
    session.insert(STAGE_KEY, stage).await?;
    session.insert(FACTOR_KEY, factor).await?;
    let at = proved_at.unix_timestamp();
    session.insert(FACTOR_AT_KEY, at).await?;
    session.cycle_id().await?;
    Ok(())
}

/// The session goes on as it is, under a new id.
pub async fn renew(session: &Session) -> Result<(), WebError> {
    Ok(session.cycle_id().await?)
}

/// The same when something changed that calls for it; of two requests at once one renews it.
pub async fn renew_if_due(
    session: &Session,
    standing: &Standing,
    app: &App,
) -> Result<(), WebError> {
    if standing.renew && store::claim_renewal(&app.pool, standing.row).await? {
        renew(session).await?;
    }
    Ok(())
}

/// Whose session this is; none before the password was proved. The session of somebody who was disabled ends here.
pub async fn standing(session: &Session) -> Result<Option<Standing>, WebError> {
    let Some(technician) = session.get::<Option<Technician>>(WHO_KEY).await?.flatten() else {
        return Ok(None);
    };
    if !technician.is_active() {
        session.flush().await?;
        return Ok(None);
    }
    Ok(Some(Standing {
        technician,
        stage: session.get(STAGE_KEY).await?.unwrap_or(Stage::Password),
        factor: session
            .get::<Option<FactorKind>>(FACTOR_KEY)
            .await?
            .flatten(),
        factor_at: session.get::<Option<i64>>(FACTOR_AT_KEY).await?.flatten(),
        row: session.get(ROW_KEY).await?.unwrap_or_default(),
        renew: session.get(RENEW_KEY).await?.unwrap_or(false),
    }))
}

/// From where the session began: browser in short words, address.
pub async fn device(session: &Session) -> Result<(String, String), WebError> {
    let words = session.get(AGENT_KEY).await?.unwrap_or_default();
    Ok((words, session.get(IP_KEY).await?.unwrap_or_default()))
}

/// What the record of a login holds in which this factor was proved at `now`: for tests and benchmarks, which sign in without
/// a browser.
pub fn login_record(
    technician: TechnicianId,
    factor: FactorKind,
    now: OffsetDateTime,
) -> HashMap<String, Value> {
    [
        (TECHNICIAN_KEY, json!(technician)),
        (STAGE_KEY, json!(Stage::Full)),
        (FACTOR_KEY, json!(factor)),
        (FACTOR_AT_KEY, json!(now.unix_timestamp())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
