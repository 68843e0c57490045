//! `alert_channel_secrets`: sealed addresses and keys of the channels of alerts.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::keeper::seal::Place;

/// An address, or a key.
pub struct Secret {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub is_url: bool,
    pub ct: Vec<u8>,
}

/// A secret opens for its channel and its row alone.
pub fn row_id(channel: Uuid, id: Uuid) -> String {
    format!("{channel}/{id}")
}

pub fn place(row_id: &str) -> Place<'_> {
    Place {
        table: "alert_channel_secrets",
        column: "ct",
        tenant_id: Uuid::nil(),
        row_id,
        row_version: 0,
    }
}

/// Those of a channel that are valid now, the newest key first.
pub async fn of_channel(
    db: impl PgExecutor<'_>,
    channel: Uuid,
    now: OffsetDateTime,
) -> sqlx::Result<Vec<Secret>> {
    sqlx::query_as!(
        Secret,
        r#"select id, channel_id, kind = 'url' as "is_url!", ct from alert_channel_secrets
           where channel_id = $1 and (until is null or until > $2) order by created_at desc, id desc"#,
        channel,
        now
    )
    .fetch_all(db)
    .await
}

/// Of every channel; few.
pub async fn all(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Secret>> {
    sqlx::query_as!(
        Secret,
        r#"select id, channel_id, kind = 'url' as "is_url!", ct from alert_channel_secrets order by id"#
    )
    .fetch_all(db)
    .await
}

/// Those that this data key seals.
pub async fn sealed_by(db: impl PgExecutor<'_>, key: Uuid) -> sqlx::Result<Vec<Secret>> {
    sqlx::query_as!(
        Secret,
        r#"select id, channel_id, kind = 'url' as "is_url!", ct from alert_channel_secrets where sealed_by(ct) = $1"#,
        key
    )
    .fetch_all(db)
    .await
}

/// The new record in place of the old one, unless somebody was faster.
pub async fn replace(db: impl PgExecutor<'_>, old: &Secret, ct: &[u8]) -> sqlx::Result<()> {
    sqlx::query!(
        "update alert_channel_secrets set ct = $3 where id = $1 and ct = $2",
        old.id,
        old.ct,
        ct
    )
    .execute(db)
    .await?;
    Ok(())
}
