//! A key at the door. Looked up anew for every call, with its owner, so that whatever was taken from either counts at once.

use std::sync::Arc;

use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::seen::{Seen, SeenKeys};
use super::{ApiKey, KeySecret, Pepper, Standing, store};
use crate::clock::Clock;
use crate::config::KeyLimits;
use crate::domain::audit::{Entry, Outcome};
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::technician;

/// What came, and from where.
#[derive(Clone, Copy, Debug)]
pub struct Entrance<'a> {
    /// The key as sent.
    pub text: &'a str,
    pub ip: &'a str,
    pub request_id: &'a str,
}

/// A key that was let in.
#[derive(Clone, Debug)]
pub struct Holder {
    pub key: Arc<ApiKey>,
    pub counted: Counted,
}

/// How many of a minute's calls are used, this one with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub limit: i32,
    pub used: i32,
    /// Seconds until the minute is over.
    pub reset_s: i64,
}

/// Why nobody came in.
#[derive(Debug, thiserror::Error)]
pub enum NoEntry {
    /// No key, an unknown one, or one that does not work any more; only its owner is told which, by the page "API keys".
    #[error("the key is not valid")]
    Invalid,
    /// The key is whole and was suspended: its holder may know.
    #[error("the key is suspended")]
    Suspended,
    #[error("the key may not be used from this address")]
    Elsewhere,
    /// Too many wrong keys from this address.
    #[error("too many failures, the next attempt is in {wait}")]
    TooSoon { wait: Duration },
    /// Too many calls in this minute.
    #[error("too many calls")]
    TooMany(Counted),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl ApiKey {
    /// This key as the one who acts, from there.
    pub fn acting_from(&self, ip: &str) -> Actor {
        Actor::Key {
            id: self.id,
            name: self.actor_name(),
            owner: self.owner.id,
            ip: ip.to_owned(),
        }
    }
}

/// The minute that an instant lies in, by which calls are counted.
pub(super) fn minute(now: OffsetDateTime) -> OffsetDateTime {
    let seconds = now.unix_timestamp().rem_euclid(60);
    let past = Duration::seconds(seconds) + Duration::nanoseconds(now.nanosecond().into());
    now - past
}

impl Counted {
    pub fn new(limit: i32, used: i32, now: OffsetDateTime) -> Self {
        Self {
            limit,
            used,
            reset_s: 60 - now.unix_timestamp().rem_euclid(60),
        }
    }

    pub fn is_over(self) -> bool {
        self.used > self.limit
    }

    pub fn remaining(self) -> i32 {
        (self.limit - self.used).max(0)
    }
}

/// Let a key in and count its call. Wrong keys count as failed logins of their address.
pub async fn enter(
    pool: &PgPool,
    clock: &Clock,
    seen: &SeenKeys,
    limits: KeyLimits,
    entrance: Entrance<'_>,
) -> Result<Holder, NoEntry> {
    // What is no key cannot be guessed on with; the database is not asked for it.
    let Some(secret) = KeySecret::parse(entrance.text) else {
        return Err(NoEntry::Invalid);
    };
    let Some((found, mut op)) = known(pool, clock, entrance, &secret).await? else {
        seen.forget_secret(&secret, clock.now());
        return Err(refuse(pool, clock, entrance, None).await?);
    };
    let (now, key) = (op.now(), Arc::clone(&found.key));
    let standing = key.standing(now);
    if standing != Standing::Works || !key.admits(entrance.ip) {
        seen.forget(&key);
        // A refusal is written down in a transaction of its own; one at a time.
        op.roll_back().await?;
        return Err(turn_away(pool, clock, entrance, &key, standing).await?);
    }
    op.continue_as(key.acting_from(entrance.ip));
    let used = store::count_call(&mut op, key.id, entrance.ip, minute(now)).await?;
    op.commit().await?;
    let limit = key.rule.calls_per_minute.unwrap_or(limits.calls);
    let counted = Counted::new(limit, used, now);
    if counted.is_over() {
        return Err(NoEntry::TooMany(counted));
    }
    seen.note(found);
    Ok(Holder { key, counted })
}

/// The key with this secret, and a unit of work that reaches what the key reaches and no other key.
async fn known(
    pool: &PgPool,
    clock: &Clock,
    entrance: Entrance<'_>,
    secret: &KeySecret,
) -> Result<Option<(Seen, Op)>, sqlx::Error> {
    let Some(id) = store::id_of(pool, secret.public_id()).await? else {
        return Ok(None);
    };
    let actor = Actor::Visitor {
        ip: entrance.ip.to_owned(),
    };
    let scope = Scope::granted_to_key(id);
    let mut op = Op::begin_within(pool, clock, actor, scope)
        .await?
        .for_request(entrance.request_id);
    let Some(row) = store::row(&mut op, id).await? else {
        return Ok(None);
    };
    let pepper = Arc::new(Pepper::new(&store::pepper(op.db()).await?));
    let (mac, previous_mac) = (row.mac.clone(), row.previous_mac.clone());
    let seen = Seen {
        key: Arc::new(ApiKey::try_from(row)?),
        mac,
        previous_mac,
        pepper,
    };
    if seen.is(secret, op.now()) {
        Ok(Some((seen, op)))
    } else {
        op.roll_back().await?;
        Ok(None)
    }
}

/// The key is whole and does not work, or not from there.
async fn turn_away(
    pool: &PgPool,
    clock: &Clock,
    entrance: Entrance<'_>,
    key: &ApiKey,
    standing: Standing,
) -> Result<NoEntry, sqlx::Error> {
    match standing {
        Standing::Works => {
            deny(pool, clock, entrance, key, "network").await?;
            Ok(NoEntry::Elsewhere)
        }
        Standing::Suspended => Ok(NoEntry::Suspended),
        Standing::Revoked | Standing::Expired | Standing::OwnerGone => {
            refuse(pool, clock, entrance, Some(key)).await
        }
    }
}

/// Count the failure, and say in the audit log which dead key was tried.
async fn refuse(
    pool: &PgPool,
    clock: &Clock,
    entrance: Entrance<'_>,
    key: Option<&ApiKey>,
) -> Result<NoEntry, sqlx::Error> {
    let ip = entrance.ip.to_owned();
    let mut op = Op::begin(pool, clock, Actor::Visitor { ip })
        .await?
        .for_request(entrance.request_id);
    if let Some(wait) = technician::slow_down(&mut op, entrance.ip).await? {
        return Ok(NoEntry::TooSoon { wait });
    }
    let mut entry = Entry::new("api_key.refused")
        .outcome(Outcome::Denied)
        .detail("reason", "no such key");
    if let Some(key) = key {
        let why = match key.standing(op.now()) {
            Standing::Revoked => "revoked",
            Standing::Expired => "expired",
            Standing::OwnerGone => "owner disabled",
            Standing::Works | Standing::Suspended => "suspended",
        };
        entry = entry.object("api_key", key.id).detail("reason", why);
    }
    entry.write(&mut op).await?;
    op.commit().await?;
    Ok(NoEntry::Invalid)
}

async fn deny(
    pool: &PgPool,
    clock: &Clock,
    entrance: Entrance<'_>,
    key: &ApiKey,
    why: &'static str,
) -> Result<(), sqlx::Error> {
    let actor = key.acting_from(entrance.ip);
    let mut op = Op::begin_within(pool, clock, actor, key.scope())
        .await?
        .for_request(entrance.request_id);
    // A script that goes on trying would fill the log.
    let since = op.now() - Duration::MINUTE;
    if !store::was_refused(&mut op, key.id, entrance.ip, since).await? {
        Entry::new("api_key.refused")
            .object("api_key", key.id)
            .outcome(Outcome::Denied)
            .detail("reason", why)
            .write(&mut op)
            .await?;
    }
    op.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_a_minute_of_the_clock() {
        let at = |s| OffsetDateTime::from_unix_timestamp(s).unwrap();
        let late = at(179) + Duration::milliseconds(900);
        assert_eq!(minute(late), at(120));
        assert_eq!(minute(at(180)), at(180));
        let counted = Counted::new(60, 61, late);
        assert!(counted.is_over());
        assert_eq!((counted.remaining(), counted.reset_s), (0, 1));
    }
}
