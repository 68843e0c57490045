//! Login sessions: tower-sessions over a table of ours. The cookie holds 128 random bits, the table only their SHA-256, so
//! a copy of the database opens no session.

use aws_lc_rs::digest;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};
use tower_sessions::cookie::SameSite;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};
use uuid::Uuid;

use crate::app::App;

/// Under this key a session holds its technician's id.
pub const TECHNICIAN_KEY: &str = "technician";
/// A login ends after so long without a request.
pub const IDLE: Duration = Duration::minutes(30);
/// A login ends after so long in any case.
pub const ABSOLUTE: Duration = Duration::hours(12);

/// The address of the browser, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Peer(pub String);

/// Layer: note the peer's address for audit entries.
pub async fn note_peer(State(_): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()
        .map(|info| info.0.ip().to_string())
        .unwrap_or_default();
    request.extensions_mut().insert(Peer(peer));
    next.run(request).await
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
        .with_expiry(Expiry::OnInactivity(IDLE))
}

/// Sessions in `login_sessions`.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    clock: crate::clock::Clock,
}

fn hash(id: &Id) -> Vec<u8> {
    digest::digest(&digest::SHA256, id.to_string().as_bytes())
        .as_ref()
        .to_vec()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn backend(error: sqlx::Error) -> Error {
    Error::Backend(error.to_string())
}

/// The technician in a record, so that sessions can be listed and ended by person.
fn technician(record: &Record) -> Option<Uuid> {
    record.data.get(TECHNICIAN_KEY)?.as_str()?.parse().ok()
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

    async fn save(&self, record: &Record) -> Result<()> {
        let (data, now) = (
            serde_json::to_value(&record.data).map_err(encode)?,
            self.clock.now(),
        );
        sqlx::query!(
            "insert into login_sessions (id_hash, technician_id, data, created_at, expires_at) values ($1, $2, $3, $4, $5)
             on conflict (id_hash) do update set technician_id = excluded.technician_id, data = excluded.data,
               expires_at = least(excluded.expires_at, login_sessions.created_at + make_interval(hours => 12))",
            hash(&record.id),
            technician(record),
            data,
            now,
            self.expiry(record),
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row = sqlx::query!(
            "select data, expires_at from login_sessions where id_hash = $1 and expires_at > $2",
            hash(id),
            self.clock.now(),
        )
        .fetch_optional(&self.pool)
        .await
        .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let data =
            serde_json::from_value(row.data).map_err(|error| Error::Decode(error.to_string()))?;
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

impl Store {
    pub fn new(pool: PgPool, clock: crate::clock::Clock) -> Self {
        Self { pool, clock }
    }

    async fn insert(&self, record: &Record) -> Result<bool> {
        let (data, now) = (
            serde_json::to_value(&record.data).map_err(encode)?,
            self.clock.now(),
        );
        let done = sqlx::query!(
            "insert into login_sessions (id_hash, technician_id, data, created_at, expires_at) values ($1, $2, $3, $4, $5)
             on conflict (id_hash) do nothing",
            hash(&record.id),
            technician(record),
            data,
            now,
            self.expiry(record),
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(done.rows_affected() == 1)
    }

    /// The idle end by our clock; the library computed `expiry_date` by the system's, which the demo may leave behind.
    fn expiry(&self, _record: &Record) -> OffsetDateTime {
        self.clock.now() + IDLE
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn encode(error: serde_json::Error) -> Error {
    Error::Encode(error.to_string())
}

/// Delete what has ended; returns how many. Run by a worker.
pub async fn sweep(pool: &PgPool, now: OffsetDateTime) -> std::result::Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "delete from login_sessions where expires_at < $1 or created_at < $2",
        now,
        now - ABSOLUTE,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}
