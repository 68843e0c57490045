//! The dead man's switch: another system is called every few minutes for as long as alerts are looked at, and raises the alarm
//! when we fall silent. A beat that fails is not repeated: the next one comes soon, and silence is what it is about.

use time::Duration;

use super::deliver::{Courier, call};
use super::{ChannelKind, Message, format, store};
use crate::domain::op::{Actor, Op};

/// Whoever evaluates must have done so since.
const ALIVE: Duration = Duration::minutes(5);

/// What a round of beats did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    pub called: usize,
    pub answered: usize,
    /// The worker that looks at events has not done so for a while: nobody was called.
    pub withheld: bool,
}

/// Call the switches whose time has come.
pub async fn beat(courier: &Courier) -> Result<Beat, sqlx::Error> {
    let begin = || {
        Op::begin(
            &courier.pool,
            &courier.clock,
            Actor::Worker("alert heartbeats"),
        )
    };
    let mut op = begin().await?;
    let now = op.now();
    if !store::channels::evaluator_lives(&mut op, now - ALIVE).await? {
        return Ok(Beat {
            withheld: true,
            ..Beat::default()
        });
    }
    let due = store::channels::claim_beats(&mut op).await?;
    op.commit().await?;
    let mut done = Beat::default();
    for channel in due {
        let link = courier.base_url.to_string();
        let body = format::webhook(&Message::heartbeat(link, now)).to_string();
        let id = crate::clock::ordered_uuid();
        let outcome = call(courier, channel, id, ChannelKind::Heartbeat, body).await;
        let mut op = begin().await?;
        store::channels::note_outcome(&mut op, channel, outcome.ok, outcome.word).await?;
        op.commit().await?;
        done.called += 1;
        done.answered += usize::from(outcome.ok);
    }
    Ok(done)
}
