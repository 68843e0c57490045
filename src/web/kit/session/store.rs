//! Sessions in `login_sessions`. What a session is worth are columns, written when its id is made and never after.

use std::collections::HashMap;

use aws_lc_rs::digest;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::PgPool;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use uuid::Uuid;

use super::{
    ABSOLUTE, AGENT_KEY, BEGAN_KEY, COLUMNS, ENDS_KEY, FACTOR_AT_KEY, FACTOR_KEY, HALFWAY, IDLE,
    IP_KEY, RENEW_KEY, ROW_KEY, STAGE_KEY, Stage, TECHNICIAN_KEY, WHO_KEY,
};
use crate::clock::Clock;

/// See the module.
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
        let technician: Option<Uuid> = read(record, TECHNICIAN_KEY);
        let stage = read(record, STAGE_KEY).unwrap_or(Stage::Password);
        let began = read(record, BEGAN_KEY)
            .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
            .unwrap_or(now);
        let factor_at =
            read(record, FACTOR_AT_KEY).and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let ends = match (technician, stage) {
            (Some(_), Stage::Full) => (now + IDLE).min(began + ABSOLUTE),
            (Some(_), _) => now + HALFWAY,
            (None, _) => now + IDLE,
        };
        let done = sqlx::query!(
            "insert into login_sessions (id_hash, technician_id, data, created_at, expires_at, stage, factor, factor_at,
               user_agent, ip, last_seen_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             on conflict (id_hash) do nothing",
            hash(&record.id),
            technician,
            data(record)?,
            began,
            ends,
            stage.as_str(),
            read::<String>(record, FACTOR_KEY),
            factor_at,
            read::<String>(record, AGENT_KEY).unwrap_or_default(),
            read::<String>(record, IP_KEY).unwrap_or_default(),
            now,
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

    /// Never makes a row: a session that was ended while a request of it was still running stays ended. Nor does it change
    /// what the session is worth.
    async fn save(&self, record: &Record) -> Result<()> {
        sqlx::query!(
            "update login_sessions set data = $2 where id_hash = $1",
            hash(&record.id),
            data(record)?,
        )
        .execute(&self.pool)
        .await
        .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let row = sqlx::query!(
            r#"select s.data, s.id, s.stage, s.factor, s.factor_at, s.user_agent, s.ip, s.renew, s.created_at, s.expires_at,
                 case when t.id is not null then jsonb_build_object('id', t.id, 'email', t.email,
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
        let who = row.who.unwrap_or_default();
        let technician = who.get("id").cloned();
        let columns = [
            (TECHNICIAN_KEY, technician.unwrap_or_default()),
            (STAGE_KEY, json!(row.stage)),
            (FACTOR_KEY, json!(row.factor)),
            (
                FACTOR_AT_KEY,
                json!(row.factor_at.map(OffsetDateTime::unix_timestamp)),
            ),
            (BEGAN_KEY, json!(row.created_at.unix_timestamp())),
            (AGENT_KEY, json!(row.user_agent)),
            (IP_KEY, json!(row.ip)),
            (ROW_KEY, json!(row.id)),
            (RENEW_KEY, json!(row.renew)),
            (ENDS_KEY, json!(row.expires_at.unix_timestamp())),
            (WHO_KEY, who),
        ];
        data.extend(columns.map(|(key, value)| (key.to_owned(), value)));
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

/// A new id is due for this session; true for the one who is to make it.
pub(super) async fn claim_renewal(
    pool: &PgPool,
    row: Uuid,
) -> std::result::Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update login_sessions set renew = false where id = $1 and renew",
        row
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Delete what has ended; returns how many. Run by a worker.
pub async fn sweep(pool: &PgPool, now: OffsetDateTime) -> std::result::Result<u64, sqlx::Error> {
    let done = sqlx::query!("delete from login_sessions where expires_at < $1", now)
        .execute(pool)
        .await?;
    Ok(done.rows_affected())
}

pub(super) fn hash(id: &Id) -> Vec<u8> {
    digest::digest(&digest::SHA256, id.to_string().as_bytes())
        .as_ref()
        .to_vec()
}

fn read<T: DeserializeOwned>(record: &Record, key: &str) -> Option<T> {
    serde_json::from_value(record.data.get(key)?.clone()).ok()
}

fn data(record: &Record) -> Result<Value> {
    let kept: HashMap<&String, &Value> = record
        .data
        .iter()
        .filter(|(key, _)| !COLUMNS.contains(&key.as_str()))
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
