//! What customers are told by itself: an invitation that lapses soon, what came of one, an authorisation that runs out. Looked
//! for in the rows and not heard of, so that nothing is lost with a process; keys keep it from being told twice.

use super::{Kind, NewMail, Queued, queue, store};
use crate::domain::op::{Op, Scope};

/// Queued in one run of the worker; the next goes on.
const BATCH: i64 = 200;
/// Of a receipt for an authorisation that is no news any more, e.g. because nobody ran this worker or the customer had no
/// address: a person decides whether it still goes out.
const TOO_LATE: &str = "it could not be sent within seven days of the authorisation";

/// Queue what is to be told now. Gives how many mails.
pub async fn queue_news(op: &mut Op) -> Result<u32, sqlx::Error> {
    let mut queued = 0;
    for (mail, is_late) in due(op).await? {
        if is_late {
            queue::leave_failed(op, &mail, TOO_LATE).await?;
        } else if let Queued::Queued(_) = queue::queue(op, Scope::all(), &mail).await? {
            queued += 1;
        }
    }
    Ok(queued)
}

async fn due(op: &mut Op) -> Result<Vec<(NewMail, bool)>, sqlx::Error> {
    let reminders = store::news::reminders(op, BATCH).await?;
    let completed = store::news::completed(op, BATCH).await?;
    let expiring = store::news::about_to_expire(op, BATCH).await?;
    let mails = reminders
        .into_iter()
        .map(|one| (one, Kind::Reminder))
        .chain(completed.into_iter().map(|one| (one, Kind::Completed)))
        .chain(expiring.into_iter().map(|one| (one, Kind::AboutToExpire)));
    Ok(mails
        .map(|(one, kind)| {
            let mail = NewMail {
                invitation: kind.has_link().then_some(one.about).map(Into::into),
                ..NewMail::new(one.tenant_id.into(), kind, one.to_address, one.key)
            };
            (mail, one.is_late)
        })
        .collect())
}
