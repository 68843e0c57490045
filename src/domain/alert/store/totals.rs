//! `alert_totals`, and what waits: for whoever watches this installation.

use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::alert::{ChannelKind, Open};
use crate::domain::op::{Op, Scope};
use crate::storage::Inconsistent;

/// Figures of deliveries.
#[derive(Clone, Debug)]
pub struct Sums {
    /// Attempts by outcome: `delivered`, `failed`, `given_up`.
    pub outcomes: Vec<(String, u64)>,
    /// Since when the oldest message that is due waits.
    pub oldest_pending: Option<OffsetDateTime>,
    pub open: Open,
    pub traffic: Vec<Traffic>,
}

/// The channels of one kind, together.
#[derive(Clone, Debug)]
pub struct Traffic {
    pub kind: ChannelKind,
    pub channels: i64,
    /// Of these, how many fail, were disabled, or are held since a restore.
    pub troubled: i64,
    /// When one of them last took a message.
    pub last_ok_at: Option<OffsetDateTime>,
    /// Messages that are to go out.
    pub waiting: i64,
    /// Messages that were tried in vain and not taken since, also those that were given up.
    pub refused: i64,
}

pub async fn add(op: &mut Op, outcome: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into alert_totals as t (outcome, count) values ($1, 1)
         on conflict (outcome) do update set count = t.count + 1",
        outcome
    )
    .execute(op.db())
    .await?;
    Ok(())
}

/// Everything at once.
pub async fn sums(op: &mut Op) -> Result<Sums, sqlx::Error> {
    let rows = sqlx::query!("select outcome, count from alert_totals order by outcome")
        .fetch_all(op.db())
        .await?;
    let now = op.now();
    let oldest_pending = sqlx::query_scalar!(
        "select min(d.created_at) from alert_deliveries d join alert_channels c on c.id = d.channel_id
         where d.state = 'pending' and c.state <> 'off' and (d.next_at <= $1 or d.attempts > 0)",
        now
    )
    .fetch_one(op.db())
    .await?;
    Ok(Sums {
        outcomes: rows
            .into_iter()
            .map(|row| (row.outcome, row.count.unsigned_abs()))
            .collect(),
        oldest_pending,
        open: super::alerts::count_open(op, Scope::all()).await?,
        traffic: traffic(op).await?,
    })
}

/// What goes through the channels, by kind; kinds without a channel are left out.
pub async fn traffic(op: &mut Op) -> Result<Vec<Traffic>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select c.kind, count(*) as "channels!", max(c.last_ok_at) as last_ok_at,
             count(*) filter (where c.state in ('held', 'disabled') or c.state = 'active' and c.failing_since is not null)
               as "troubled!",
             sum(d.waiting)::bigint as "waiting!", sum(d.refused)::bigint as "refused!"
           from alert_channels c
           cross join lateral (
             select count(*) filter (where m.state = 'pending') as waiting,
               count(*) filter (where m.state = 'failed' or m.attempts > 0) as refused
             from alert_deliveries m where m.channel_id = c.id and m.state <> 'delivered') d
           group by c.kind order by c.kind"#
    )
    .fetch_all(op.db())
    .await?;
    rows.into_iter()
        .map(|row| {
            let wrong = || Inconsistent::new("alert_channels", "kind", Uuid::nil());
            Ok(Traffic {
                kind: ChannelKind::from_word(&row.kind).ok_or_else(wrong)?,
                channels: row.channels,
                troubled: row.troubled,
                last_ok_at: row.last_ok_at,
                waiting: row.waiting,
                refused: row.refused,
            })
        })
        .collect()
}
