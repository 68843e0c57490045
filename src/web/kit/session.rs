//! Login sessions: tower-sessions over a table of ours. The cookie holds 128 random bits, the table only their SHA-256, so
//! a copy of the database opens no session. When a session ends is decided here and not by the cookie, which lasts as
//! long as the browser.

use std::collections::HashMap;

use aws_lc_rs::digest;
use axum::http::{HeaderMap, header};
use serde_json::Value;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};
use uuid::Uuid;

use super::error::WebError;
use crate::app::App;
use crate::clock::Clock;
use crate::domain::technician::Technician;
use crate::storage::TechnicianId;

/// Under this key a session holds its technician's id.
pub const TECHNICIAN_KEY: &str = "technician";
/// Under this key: whether this browser says which requests a person caused (`Sec-Fetch-User`).
const GESTURES_KEY: &str = "gestures";
/// Under this key a session that was read holds its idle end, in seconds since 1970. It is never stored.
const ENDS_KEY: &str = "ends";
/// Under this key a session that was read holds its [`Technician`] as they were at that moment. It is never stored.
const WHO_KEY: &str = "who";
/// A login ends after so long without a request.
pub const IDLE: Duration = Duration::minutes(30);
/// A login ends after so long in any case.
pub const ABSOLUTE: Duration = Duration::hours(12);
/// The idle end is moved at most this often, so that reading pages does not mean writing rows.
const RENEWAL: Duration = Duration::minutes(1);

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

/// Sign the technician in: nothing of the former session stays, and its id is worth nothing any more.
pub async fn begin(
    session: &Session,
    technician: TechnicianId,
    headers: &HeaderMap,
) -> std::result::Result<(), WebError> {
    session.clear().await;
    session.cycle_id().await?;
    session.insert(TECHNICIAN_KEY, technician).await?;
    session
        .insert(GESTURES_KEY, headers.contains_key("sec-fetch-user"))
        .await?;
    Ok(())
}

/// Whose session this is, as the same look at the database found them; none before the login.
pub async fn technician_of(
    session: &Session,
) -> std::result::Result<Option<Technician>, tower_sessions::session::Error> {
    Ok(session.get::<Option<Technician>>(WHO_KEY).await?.flatten())
}

/// Somebody is still there: move the idle end. What a page does by itself (a live stream, a reload by script) does not
/// count.
pub async fn keep_alive(
    session: &Session,
    headers: &HeaderMap,
    app: &App,
) -> std::result::Result<(), WebError> {
    let tells_gestures = session.get(GESTURES_KEY).await?.unwrap_or(false);
    let Some(id) = session.id() else {
        return Ok(());
    };
    if !is_by_hand(headers, tells_gestures) {
        return Ok(());
    }
    let now = app.clock.now();
    let due = (now + IDLE - RENEWAL).unix_timestamp();
    if session
        .get::<i64>(ENDS_KEY)
        .await?
        .is_some_and(|ends| ends > due)
    {
        return Ok(());
    }
    sqlx::query!(
        "update login_sessions set expires_at = least($2, created_at + make_interval(secs => $3))
         where id_hash = $1 and expires_at < $4",
        hash(&id),
        now + IDLE,
        ABSOLUTE.as_seconds_f64(),
        now + IDLE - RENEWAL,
    )
    .execute(&app.pool)
    .await?;
    Ok(())
}

/// Whether a person caused this request. Browsers that tell it mark navigations begun by a person with `Sec-Fetch-User`
/// (W3C Fetch Metadata section 2.4); of the others every navigation counts.
fn is_by_hand(headers: &HeaderMap, tells_gestures: bool) -> bool {
    let is = |name: &str, wanted: &[u8]| {
        headers
            .get(name)
            .is_none_or(|value| value.as_bytes() == wanted)
    };
    let is_stream = headers
        .get(header::ACCEPT)
        .is_some_and(|kinds| kinds.as_bytes().starts_with(b"text/event-stream"));
    !is_stream
        && is("sec-fetch-mode", b"navigate")
        && (!tells_gestures || headers.contains_key("sec-fetch-user"))
}

/// Sessions in `login_sessions`.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    clock: Clock,
}

impl Store {
    pub fn new(pool: PgPool, clock: Clock) -> Self {
        Self { pool, clock }
    }

    async fn insert(&self, record: &Record) -> Result<bool> {
        let now = self.clock.now();
        let done = sqlx::query!(
            "insert into login_sessions (id_hash, technician_id, data, created_at, expires_at) values ($1, $2, $3, $4, $5)
             on conflict (id_hash) do nothing",
            hash(&record.id),
            technician(record),
            data(record)?,
            now,
            now + IDLE,
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(done.rows_affected() == 1)
    }
}

#[async_trait::async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // 128 random bits do not collide; if they ever do, take others rather than another's session.
        while !self.insert(record).await? {
            record.id = Id::default();
        }
        Ok(())
    }

    /// Never makes a row: a session that was ended while a request of it was still running stays ended.
    async fn save(&self, record: &Record) -> Result<()> {
        sqlx::query!(
            "update login_sessions set technician_id = $2, data = $3 where id_hash = $1",
            hash(&record.id),
            technician(record),
            data(record)?,
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row = sqlx::query!(
            r#"select s.data, s.expires_at, case when t.id is not null then jsonb_build_object('id', t.id, 'email', t.email,
                 'display_name', t.display_name, 'role', t.role, 'disabled', t.state = 'disabled',
                 'limited', t.limited and t.role <> 'owner') end as who
               from login_sessions s left join technicians t on t.id = s.technician_id
               where s.id_hash = $1 and s.expires_at > $2"#,
            hash(id),
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let mut data: HashMap<String, Value> =
            serde_json::from_value(row.data).map_err(|error| Error::Decode(error.to_string()))?;
        data.insert(ENDS_KEY.to_owned(), row.expires_at.unix_timestamp().into());
        data.insert(WHO_KEY.to_owned(), row.who.unwrap_or_default());
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date: row.expires_at,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query!("delete from login_sessions where id_hash = $1", hash(id))
            .execute(&self.pool)
            .await
            .map_err(backend)?;
        Ok(())
    }
}

fn hash(id: &Id) -> Vec<u8> {
    digest::digest(&digest::SHA256, id.to_string().as_bytes())
        .as_ref()
        .to_vec()
}

/// The technician in a record, so that sessions can be listed and ended by person.
fn technician(record: &Record) -> Option<Uuid> {
    record.data.get(TECHNICIAN_KEY)?.as_str()?.parse().ok()
}

fn data(record: &Record) -> Result<Value> {
    let kept: HashMap<&String, &Value> = record
        .data
        .iter()
        .filter(|(key, _)| ![ENDS_KEY, WHO_KEY].contains(&key.as_str()))
        .collect();
    serde_json::to_value(kept).map_err(|error| Error::Encode(error.to_string()))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

/// Delete what has ended; returns how many. Run by a worker.
pub async fn sweep(pool: &PgPool, now: OffsetDateTime) -> std::result::Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from login_sessions where expires_at < $1", now)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_hand(pairs: &[(&'static str, &'static str)], tells_gestures: bool) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        is_by_hand(&headers, tells_gestures)
    }

    #[test]
    fn what_a_person_does_keeps_the_login_alive() {
        let click = [("sec-fetch-mode", "navigate"), ("sec-fetch-user", "?1")];
        assert!(by_hand(&click, true));
        assert!(by_hand(&click[..1], false), "a browser that never tells");
        assert!(by_hand(&[], false), "an old browser");
    }

    #[test]
    fn what_a_page_does_by_itself_does_not() {
        assert!(
            !by_hand(&[("sec-fetch-mode", "navigate")], true),
            "a reload by script"
        );
        assert!(!by_hand(
            &[("sec-fetch-mode", "cors"), ("accept", "text/event-stream")],
            false
        ));
        assert!(!by_hand(&[("accept", "text/event-stream")], false));
        assert!(!by_hand(&[("sec-fetch-mode", "cors")], false));
    }
}
