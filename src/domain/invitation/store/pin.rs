//! SQL of an invitation's PIN.

use crate::domain::invitation::Invitation;
use crate::domain::op::Op;

/// Count a try if one is left; the hash to compare with, and how many were spent with this one.
pub(in super::super) async fn spend_pin_try(
    op: &mut Op,
    invitation: &Invitation,
    tries: i16,
) -> Result<Option<(String, i16)>, sqlx::Error> {
    let now = op.now();
    let row = sqlx::query!(
        r#"update invitations set pin_tries = pin_tries + 1
           where tenant_id = $1 and id = $2 and state = 'open' and expires_at > $3 and pin_hash is not null and pin_tries < $4
           returning pin_hash as "pin_hash!", pin_tries"#,
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
        now,
        tries,
    )
    .fetch_optional(op.db())
    .await?;
    Ok(row.map(|row| (row.pin_hash, row.pin_tries)))
}

pub(in super::super) async fn give_back_pin_try(
    op: &mut Op,
    invitation: &Invitation,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update invitations set pin_tries = pin_tries - 1 where tenant_id = $1 and id = $2 and pin_tries > 0",
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Its try is given back; wrong ones before it stay counted. False when the invitation is no longer good.
pub(in super::super) async fn accept_pin(
    op: &mut Op,
    invitation: &Invitation,
    pass_hash: &[u8],
) -> Result<bool, sqlx::Error> {
    let now = op.now();
    let done = sqlx::query!(
        "update invitations set pin_tries = greatest(pin_tries - 1, 0), pin_pass_hash = $4
         where tenant_id = $1 and id = $2 and state = 'open' and expires_at > $3 and pin_hash is not null",
        invitation.tenant_id.as_uuid(),
        invitation.id.as_uuid(),
        now,
        pass_hash,
    )
    .execute(op.db())
    .await?;
    Ok(done.rows_affected() == 1)
}
