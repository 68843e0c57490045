//! Handing deliveries to their channels: taken with a lease, sent outside any transaction, settled in another. Whoever is killed
//! in between leaves a lease that ends, and the message goes out again under the same id.

mod replay;
mod send;
mod settle;

use sqlx::PgPool;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use super::store;
use crate::clock::Clock;
use crate::domain::op::{Actor, Op};
use crate::domain::page_url::page_url;
use crate::keeper;
use crate::mail::Mailer;
use crate::outbound::guard::Guard;

pub use replay::{deliveries, hold_all, replay, replay_failed};
pub(in crate::domain::alert) use send::call;
pub use send::send;
pub use settle::settle;
pub use store::deliveries::Taken as Claimed;

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

/// A message to a channel, as people look at it.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: Uuid,
    pub channel_id: Uuid,
    pub channel: String,
    pub title: String,
    pub state: DeliveryState,
    pub created_at: OffsetDateTime,
    /// While it is pending, when it goes out (again).
    pub next_at: OffsetDateTime,
    pub attempts: i32,
    /// How the last attempt ended, in a word; empty before the first.
    pub outcome: String,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    Pending,
    Delivered,
    /// Given up: sent again by hand only.
    Failed,
}

impl DeliveryState {
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "pending" => Some(Self::Pending),
            "delivered" => Some(Self::Delivered),
            "failed" => Some(Self::Failed),
            _ => None,
        }
    }
}

/// How an attempt ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub ok: bool,
    pub word: &'static str,
}

impl Outcome {
    const fn failed(word: &'static str) -> Self {
        Self { ok: false, word }
    }
}

impl Courier {
    async fn begin(&self) -> Result<Op, sqlx::Error> {
        Op::begin(&self.pool, &self.clock, Actor::Worker(NAME)).await
    }

    fn channels_page(&self) -> String {
        page_url(&self.base_url, "/configuration/alerts/channels")
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
