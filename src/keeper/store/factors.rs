//! `technician_factors`, as far as authenticator apps go: the sealed seed and the last step that was accepted.

use sqlx::PgExecutor;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::keeper::seal::Place;

/// An authenticator app.
pub struct Factor {
    pub id: Uuid,
    pub technician_id: Uuid,
    pub seed_ct: Vec<u8>,
    /// It has shown a right code; until then its seed may be looked at.
    pub is_confirmed: bool,
}

/// A seed opens for its technician and its factor alone.
pub fn row_id(technician_id: Uuid, factor_id: Uuid) -> String {
    format!("{technician_id}/{factor_id}")
}

pub fn place(row_id: &str) -> Place<'_> {
    Place {
        table: "technician_factors",
        column: "seed_ct",
        tenant_id: Uuid::nil(),
        row_id,
        row_version: 0,
    }
}

pub async fn find(
    db: impl PgExecutor<'_>,
    technician_id: Uuid,
    factor_id: Uuid,
) -> sqlx::Result<Option<Factor>> {
    sqlx::query_as!(
        Factor,
        r#"select id, technician_id, seed_ct as "seed_ct!", confirmed_at is not null as "is_confirmed!"
           from technician_factors where technician_id = $1 and id = $2 and kind = 'totp'"#,
        technician_id,
        factor_id
    )
    .fetch_optional(db)
    .await
}

/// Of everybody; few.
pub async fn seeds(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Factor>> {
    sqlx::query_as!(
        Factor,
        r#"select id, technician_id, seed_ct as "seed_ct!", confirmed_at is not null as "is_confirmed!"
           from technician_factors where seed_ct is not null order by id"#
    )
    .fetch_all(db)
    .await
}

/// Use a step up; false when this or a later one was used before. One statement, so that of fifty who type the same code
/// one gets in.
pub async fn accept(
    db: impl PgExecutor<'_>,
    factor: &Factor,
    step: i64,
    now: OffsetDateTime,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update technician_factors set last_step = $3, last_used_at = $4
         where technician_id = $1 and id = $2 and kind = 'totp' and last_step < $3",
        factor.technician_id,
        factor.id,
        step,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
