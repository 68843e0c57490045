//! Handing deliveries to their channels: taken with a lease, sent outside any transaction, settled in another. Whoever is killed
//! in between leaves a lease that ends, and the message goes out again under the same id.

use sqlx::PgPool;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::schedule::{GIVE_UP, next_attempt};
use super::{ChannelKind, ChannelState, Message, OWNERS, Step, format, store};
use crate::clock::{Clock, random_bytes};
use crate::domain::audit::{Entry, Outcome as Acted};
use crate::domain::op::{Actor, Op, Scope};
use crate::keeper;
use crate::keeper::message::alerts::{Answer, Ask};
use crate::keeper::message::{Reply, Request};
use crate::mail::{AlertLetter, Mailer, SendError};
use crate::outbound::guard::Guard;

pub use store::deliveries::{Row as Delivery, Taken as Claimed};

/// One run hands so many to one channel, so that a stop need not wait long.
const BATCH: usize = 50;
const NAME: &str = "alert deliveries";

/// What it takes to deliver.
#[derive(Clone, Debug)]
pub struct Courier {
    pub pool: PgPool,
    pub clock: Clock,
    pub keeper: keeper::Client,
    pub mailer: Option<Mailer>,
    pub guard: Guard,
    pub base_url: Url,
    pub msp_name: String,
}

/// How an attempt ended, in a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub ok: bool,
    pub word: String,
}

impl Outcome {
    fn failed(word: &str) -> Self {
        Self {
            ok: false,
            word: word.to_owned(),
        }
    }
}

impl Courier {
    async fn begin(&self) -> Result<Op, sqlx::Error> {
        Op::begin(&self.pool, &self.clock, Actor::Worker(NAME)).await
    }

    fn alerts_page(&self) -> String {
        let base = self.base_url.as_str().trim_end_matches('/');
        format!("{base}/configuration/alerts/channels")
    }
}

/// Channels that are owed something now.
pub async fn channels_due(courier: &Courier) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut op = courier.begin().await?;
    store::deliveries::channels_due(&mut op).await
}

/// Deliver what is due, each channel by itself: one that stalls holds up no other. Gives how many were taken and how many not.
pub async fn deliver(courier: &Courier) -> Result<(usize, usize), sqlx::Error> {
    let channels = channels_due(courier).await?;
    let runs = channels
        .into_iter()
        .map(|channel| one_channel(courier, channel));
    let mut sums = (0, 0);
    for done in futures_util::future::join_all(runs).await {
        let (taken, not) = done?;
        sums = (sums.0 + taken, sums.1 + not);
    }
    Ok(sums)
}

async fn one_channel(courier: &Courier, channel: Uuid) -> Result<(usize, usize), sqlx::Error> {
    for taken in 0..BATCH {
        let Some(claimed) = claim(courier, channel, None).await? else {
            return Ok((taken, 0));
        };
        let outcome = send(courier, &claimed).await;
        settle(courier, &claimed, &outcome).await?;
        if !outcome.ok {
            // The others of this channel would fail alike; they have their turn at the next run.
            return Ok((taken, 1));
        }
    }
    Ok((BATCH, 0))
}

/// Take the next delivery of a channel (or this one) for a minute.
pub async fn claim(
    courier: &Courier,
    channel: Uuid,
    only: Option<Uuid>,
) -> Result<Option<Claimed>, sqlx::Error> {
    let mut op = courier.begin().await?;
    let claimed = store::deliveries::take(&mut op, channel, only).await?;
    op.commit().await?;
    Ok(claimed)
}

/// Send it. Nothing is written.
pub async fn send(courier: &Courier, claimed: &Claimed) -> Outcome {
    let (Some(kind), Ok(message)) = (
        ChannelKind::from_word(&claimed.kind),
        serde_json::from_value::<Message>(claimed.content.clone()),
    ) else {
        return Outcome::failed("not readable");
    };
    if kind.is_mail() {
        mail(courier, claimed, kind, &message).await
    } else {
        post(courier, claimed, kind, &message).await
    }
}

async fn mail(
    courier: &Courier,
    claimed: &Claimed,
    kind: ChannelKind,
    message: &Message,
) -> Outcome {
    let Some(mailer) = &courier.mailer else {
        return Outcome::failed("no mail server");
    };
    let to = match recipients(courier, claimed, kind).await {
        Ok(to) if to.is_empty() => return Outcome::failed("no recipient"),
        Ok(to) => to,
        Err(error) => {
            tracing::warn!(%error, "recipients cannot be read");
            return Outcome::failed("database");
        }
    };
    let letter = AlertLetter {
        to,
        subject: subject(kind, message),
        title: message.title.clone(),
        text: message.text.clone(),
        facts: message.facts.clone(),
        link: message.link.clone(),
        msp_name: courier.msp_name.clone(),
        id: claimed.id.to_string(),
        thread: message.ticket.to_lowercase(),
    };
    match mailer.send_alert(&letter).await {
        Ok(()) => Outcome {
            ok: true,
            word: "accepted".into(),
        },
        Err(SendError::Unreachable(_)) => Outcome::failed("mail server unreachable"),
        Err(SendError::Refused(_)) => Outcome::failed("mail server refused"),
        Err(SendError::Address(_) | SendError::Composition(_)) => Outcome::failed("address"),
    }
}

async fn recipients(
    courier: &Courier,
    claimed: &Claimed,
    kind: ChannelKind,
) -> Result<Vec<String>, sqlx::Error> {
    if kind != ChannelKind::Owners {
        return Ok(claimed.recipients.clone());
    }
    let mut op = courier.begin().await?;
    store::channels::owners(&mut op).await
}

/// A ticket's subject begins with its key, by which a PSA finds the ticket, and says when to close it.
fn subject(kind: ChannelKind, message: &Message) -> String {
    match (kind.is_ticket(), message.step) {
        (true, Step::Closed) => format!("[{}] Closed: {}", message.ticket, message.title),
        (true, _) => format!("[{}] {}", message.ticket, message.title),
        (false, _) => message.title.clone(),
    }
}

async fn post(
    courier: &Courier,
    claimed: &Claimed,
    kind: ChannelKind,
    message: &Message,
) -> Outcome {
    let body = match kind {
        ChannelKind::Teams => format::teams(message),
        ChannelKind::Slack => format::slack(message),
        ChannelKind::TicketWebhook => format::ticket(message),
        _ => format::webhook(message),
    }
    .to_string();
    call(courier, claimed.channel_id, claimed.id, kind, body).await
}

/// Have the keeper name the address and sign, and call it.
pub(super) async fn call(
    courier: &Courier,
    channel: Uuid,
    id: Uuid,
    kind: ChannelKind,
    body: String,
) -> Outcome {
    let message_id = format!("msg_{}", id.simple());
    // Receivers compare it with the clock on their wall.
    let timestamp = courier.clock.wall().unix_timestamp();
    let ask = Ask::Prepare {
        channel_id: channel,
        message_id: message_id.clone(),
        timestamp,
        body: body.clone(),
    };
    let (url, signature) = match courier.keeper.ask(Request::Alerts(ask)).await {
        Ok(Reply::Alerts(Answer::Prepared { url, signature })) => (url, signature),
        Ok(_) => return Outcome::failed("address cannot be opened"),
        Err(_) => return Outcome::failed("keeper away"),
    };
    let timestamp = timestamp.to_string();
    let headers = [
        ("webhook-id", message_id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    let headers = if kind.is_signed() { &headers[..] } else { &[] };
    let called = courier.guard.post(url.expose(), headers, body).await;
    Outcome {
        ok: called.is_ok(),
        word: called.word().to_owned(),
    }
}

/// Write down how it ended, and when it is tried again.
pub async fn settle(
    courier: &Courier,
    claimed: &Claimed,
    outcome: &Outcome,
) -> Result<(), sqlx::Error> {
    let mut op = courier.begin().await?;
    let channel = claimed.channel_id;
    let failing_since =
        store::channels::note_outcome(&mut op, channel, outcome.ok, &outcome.word).await?;
    if outcome.ok {
        store::deliveries::delivered(&mut op, claimed.id, &outcome.word).await?;
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
    store::deliveries::failed(&mut op, claimed.id, &outcome.word, next).await?;
    let word = if gives_up { "given_up" } else { "failed" };
    store::totals::add(&mut op, word).await?;
    if disables {
        disable(courier, &mut op, claimed, &outcome.word).await?;
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
    store::channels::set_state(op, channel, ChannelState::Disabled).await?;
    Entry::new("alert_channel.gave_up")
        .object("alert_channel", channel)
        .outcome(Acted::Failed)
        .detail("name", claimed.channel.clone())
        .detail("reason", why)
        .write(op)
        .await?;
    if channel != OWNERS && courier.mailer.is_some() {
        let now = op.now();
        let notice = Message::disabled(&claimed.channel, channel, why, courier.alerts_page(), now);
        store::deliveries::insert(op, OWNERS, None, Step::Notice, &notice, None).await?;
    }
    Ok(())
}

/// The newest deliveries within `scope`, of a channel or an alert.
pub async fn deliveries(
    op: &mut Op,
    scope: Scope,
    of: (Option<Uuid>, Option<Uuid>),
    before: Option<(OffsetDateTime, Uuid)>,
    limit: i64,
) -> Result<Vec<Delivery>, sqlx::Error> {
    let reach = (scope.tenant(), scope.technician());
    store::deliveries::latest(op, reach, of, before, limit).await
}

/// Send one again, whatever became of it; under the same id, so that the receiver knows it.
pub async fn replay(op: &mut Op, channel: Uuid, id: Uuid) -> Result<bool, sqlx::Error> {
    let found = store::deliveries::replay(op, channel, Some(id)).await? == 1;
    if found {
        Entry::new("alert_delivery.replayed")
            .object("alert_delivery", id)
            .write(op)
            .await?;
    }
    Ok(found)
}

/// Send everything again that a channel did not take, and let the channel go if it was disabled or held.
pub async fn replay_failed(op: &mut Op, channel: Uuid) -> Result<u64, sqlx::Error> {
    let found = store::deliveries::replay(op, channel, None).await?;
    store::channels::set_state(op, channel, ChannelState::Active).await?;
    Entry::new("alert_channel.replayed")
        .object("alert_channel", channel)
        .detail("count", found)
        .write(op)
        .await?;
    Ok(found)
}

/// After a restore: every channel waits until somebody lets it go.
pub async fn hold_all(op: &mut Op) -> Result<u64, sqlx::Error> {
    store::channels::hold(op).await
}
