//! How an attempt ended, written down: with the next attempt, or with giving up a message or a channel.

use time::OffsetDateTime;

use super::{Claimed, Courier, Outcome};
use crate::clock::random_bytes;
use crate::domain::alert::schedule::{GIVE_UP, next_attempt};
use crate::domain::alert::{Message, OWNERS, Step, store};
use crate::domain::audit::{Entry, Outcome as Acted};
use crate::domain::op::Op;

/// Write down how it ended, and when it is tried again.
pub async fn settle(
    courier: &Courier,
    claimed: &Claimed,
    outcome: &Outcome,
) -> Result<(), sqlx::Error> {
    let mut op = courier.begin().await?;
    let channel = claimed.channel_id;
    let failing_since =
        store::channels::note_outcome(&mut op, channel, outcome.ok, outcome.word).await?;
    if outcome.ok {
        store::deliveries::delivered(&mut op, claimed.id, outcome.word).await?;
        store::deliveries::pull_forward(&mut op, channel).await?;
        store::totals::add(&mut op, "delivered").await?;
        return op.commit().await;
    }
    let now = op.now();
    let is_over = |since: Option<OffsetDateTime>| since.is_some_and(|since| now - since >= GIVE_UP);
    let disables = is_over(failing_since);
    // A channel that takes other messages and never this one: given up, to be replayed by hand. While the channel itself is
    // in trouble nothing is given up: it waits.
    let gives_up = !disables && is_over(claimed.first_failed_at);
    let [chance] = random_bytes::<1>();
    let next = (!gives_up).then(|| now + next_attempt(claimed.attempts, chance));
    store::deliveries::failed(&mut op, claimed, outcome.word, next).await?;
    let word = if gives_up { "given_up" } else { "failed" };
    store::totals::add(&mut op, word).await?;
    if disables {
        disable(courier, &mut op, claimed, outcome.word).await?;
    }
    op.commit().await
}

/// It has taken nothing for days: no more attempts, its messages wait, and the owners hear of it.
async fn disable(
    courier: &Courier,
    op: &mut Op,
    claimed: &Claimed,
    why: &str,
) -> Result<(), sqlx::Error> {
    let channel = claimed.channel_id;
    // One that is disabled or off already was tried by hand: everybody knows.
    if !store::channels::disable(op, channel).await? {
        return Ok(());
    }
    Entry::new("alert_channel.gave_up")
        .object("alert_channel", channel)
        .outcome(Acted::Failed)
        .detail("name", claimed.channel.clone())
        .detail("reason", why)
        .write(op)
        .await?;
    if channel != OWNERS && courier.mailer.is_some() {
        let now = op.now();
        let notice =
            Message::disabled(&claimed.channel, channel, why, courier.channels_page(), now);
        store::deliveries::insert(op, OWNERS, None, Step::Notice, &notice, None).await?;
    }
    Ok(())
}
