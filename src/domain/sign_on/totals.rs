//! How sign-ons and emergency logins ended, as counted for monitoring.

use super::store;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::Op;
use crate::domain::technician::Technician;

/// One way in, one end, how often since the first ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Total {
    /// `sso` or `break_glass`.
    pub way: String,
    /// `done`, `denied` or `failed`.
    pub result: String,
    pub total: i64,
}

/// All of them.
pub async fn totals(op: &mut Op) -> Result<Vec<Total>, sqlx::Error> {
    store::totals(op).await
}

/// An owner came in by password where single sign-on is the rule: counted, and written down by itself.
pub async fn emergency(op: &mut Op, owner: &Technician) -> Result<(), sqlx::Error> {
    store::count(op, "break_glass", Outcome::Done).await?;
    Entry::new("technician.break_glass")
        .object("technician", owner.id)
        .write(op)
        .await
}

/// A sign-on ended so.
pub(super) async fn count(op: &mut Op, outcome: Outcome) -> Result<(), sqlx::Error> {
    store::count(op, "sso", outcome).await
}
