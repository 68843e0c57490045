//! SQL of saved views.

use sqlx::PgExecutor;

use crate::domain::op::Op;
use crate::domain::technician::SavedView;
use crate::storage::{SavedViewId, TechnicianId};

pub async fn views(
    db: impl PgExecutor<'_>,
    technician: TechnicianId,
) -> Result<Vec<SavedView>, sqlx::Error> {
    sqlx::query_as!(
        SavedView,
        r#"select id as "id: SavedViewId", name, query, created_at from saved_views
           where technician_id = $1 order by lower(name), name"#,
        technician.as_uuid(),
    )
    .fetch_all(db)
    .await
}

pub async fn count_views(op: &mut Op, technician: TechnicianId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "n!" from saved_views where technician_id = $1"#,
        technician.as_uuid(),
    )
    .fetch_one(op.db())
    .await
}

/// Whether there is a view of this name, however it is capitalised.
pub async fn has_view(
    op: &mut Op,
    technician: TechnicianId,
    name: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from saved_views where technician_id = $1 and lower(name) = lower($2)) as "has!""#,
        technician.as_uuid(),
        name,
    )
    .fetch_one(op.db())
    .await
}

pub async fn insert_view(
    op: &mut Op,
    technician: TechnicianId,
    view: &SavedView,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into saved_views (technician_id, id, name, query, created_at) values ($1, $2, $3, $4, $5)",
        technician.as_uuid(),
        view.id.as_uuid(),
        view.name,
        view.query,
        view.created_at,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub async fn delete_view(
    op: &mut Op,
    technician: TechnicianId,
    id: SavedViewId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "delete from saved_views where technician_id = $1 and id = $2 returning name",
        technician.as_uuid(),
        id.as_uuid(),
    )
    .fetch_optional(op.db())
    .await
}
