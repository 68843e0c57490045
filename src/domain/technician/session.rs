//! Login sessions as their owner, and who manages people, sees them: where they are, and ending them.

use time::OffsetDateTime;
use uuid::Uuid;

use super::factor::FactorKind;
use super::store;
use crate::domain::audit::Entry;
use crate::domain::op::Op;
use crate::storage::TechnicianId;

/// A login that has not ended.
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// What it is named by; says nothing about the cookie.
    pub id: Uuid,
    /// Browser and system in short words, e.g. `Firefox on Windows`; empty when unknown.
    pub user_agent: String,
    /// Address of the browser at the login.
    pub ip: String,
    pub began_at: OffsetDateTime,
    /// To the minute.
    pub last_seen_at: Option<OffsetDateTime>,
    /// What was proved last.
    pub factor: Option<FactorKind>,
}

/// The open logins of a technician, the newest first.
pub async fn open_sessions(
    op: &mut Op,
    technician: TechnicianId,
) -> Result<Vec<OpenSession>, sqlx::Error> {
    store::sessions(op, technician).await
}

/// Of everybody: how many logins are open, and the kinds of their factors.
pub async fn sessions_of_everybody(
    op: &mut Op,
) -> Result<Vec<(TechnicianId, i64, Vec<FactorKind>)>, sqlx::Error> {
    let all = store::sessions_of_all(op).await?;
    let read = |kinds: Vec<String>| {
        kinds
            .iter()
            .filter_map(|kind| FactorKind::from_word(kind))
            .collect()
    };
    Ok(all
        .into_iter()
        .map(|(id, sessions, kinds)| (id, sessions, read(kinds)))
        .collect())
}

/// End one login of this technician; false when there is none of this name.
pub async fn end_session(
    op: &mut Op,
    technician: TechnicianId,
    id: Uuid,
) -> Result<bool, sqlx::Error> {
    if !store::end_session(op, technician, id).await? {
        return Ok(false);
    }
    Entry::new("session.ended")
        .object("session", id)
        .detail("technician", technician.to_string())
        .write(op)
        .await?;
    Ok(true)
}

/// End every login of this technician but `keep`; gives how many there were.
pub async fn end_other_sessions(
    op: &mut Op,
    technician: TechnicianId,
    keep: Uuid,
) -> Result<u64, sqlx::Error> {
    let ended = store::end_other_sessions(op, technician, keep).await?;
    if ended > 0 {
        Entry::new("technician.logins_ended")
            .object("technician", technician)
            .detail("logins", ended.to_string())
            .write(op)
            .await?;
    }
    Ok(ended)
}
