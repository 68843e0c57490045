//! SQL of `branding`.

use uuid::Uuid;

use super::Brand;
use crate::domain::op::Op;

pub(super) async fn read(op: &mut Op) -> Result<Brand, sqlx::Error> {
    sqlx::query_as!(
        Brand,
        "select display_name, legal_name, contact, accent, logo_id as logo from branding"
    )
    .fetch_one(op.db())
    .await
}

pub(super) async fn logo(op: &mut Op, id: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    let found = sqlx::query_scalar!("select logo from branding where logo_id = $1", id)
        .fetch_optional(op.db())
        .await?;
    Ok(found.flatten())
}

pub(super) async fn change(op: &mut Op, brand: &Brand) -> Result<(), sqlx::Error> {
    let now = op.now();
    sqlx::query!(
        "update branding set display_name = $1, legal_name = $2, contact = $3, accent = $4, updated_at = $5",
        brand.display_name,
        brand.legal_name,
        brand.contact,
        brand.accent,
        now,
    )
    .execute(op.db())
    .await?;
    Ok(())
}

pub(super) async fn set_logo(op: &mut Op, logo: Option<(&[u8], Uuid)>) -> Result<(), sqlx::Error> {
    let now = op.now();
    let (png, id) = logo.unzip();
    sqlx::query!(
        "update branding set logo = $1, logo_id = $2, updated_at = $3",
        png,
        id,
        now
    )
    .execute(op.db())
    .await?;
    Ok(())
}
