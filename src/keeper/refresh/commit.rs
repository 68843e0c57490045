//! A good answer into the tables, whatever it takes. The new refresh token is held in memory until it is known to be
//! stored: by us, by the commit whose answer was lost, or because a newer one is there.

use std::time::Duration;

use secrecy::ExposeSecret;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::answer::Asked;
use super::committer::Written;
use super::decide::Decision;
use super::failure::record_failures;
use super::grant;
use super::lapse::lapse_of;
use super::settle::{Ours, Seen, Settled, settle};
use super::state::State;
use crate::entra::Tokens;
use crate::keeper::core::Core;
use crate::keeper::fault::{Point, reach};
use crate::keeper::resource::Resource;
use crate::keeper::seal::{Purpose, VaultError};
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::records::Subject;
use crate::keeper::store::schedule::Claim;
use crate::keeper::store::successes::{self, Success};
use crate::keeper::store::tokens::NewToken;
use crate::keeper::store::{flows, schedule, secrets, tokens};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A good answer on its way into the store.
pub(super) struct Good<'a> {
    pub claim: &'a Claim,
    pub connection: &'a Connection,
    pub resource: Resource,
    pub decision: &'a Decision,
    pub tokens: &'a Tokens,
    pub by_previous: bool,
    /// It lacks permissions that we need: the grant is kept, the access token does not count.
    pub short: bool,
    /// The row's version that the grant was opened from.
    pub version: i64,
    pub credential_ends_at: Option<OffsetDateTime>,
    /// Nothing more is asked for in this run.
    pub last: bool,
    pub asked: &'a Asked,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// As it was sent, upon the version it was opened from; `leased`: the claim is still ours.
    AsSent { leased: bool },
    /// The store holds this answer, or a newer one; which, must be read.
    There,
    /// The connection's secrets were erased meanwhile: it was disconnected or replaced.
    Erased,
    /// The database did not take it within the time allowed.
    Lost,
}

/// Store it.
pub(super) async fn store(core: &Core, good: &Good<'_>) -> Stored {
    let deadline = Instant::now() + core.settings.commit_for;
    let mut pause = FIRST_PAUSE;
    let mut version = good.version;
    let mut written = together(core, good).await;
    loop {
        match written {
            Ok(Written::Stored { leased }) if version == good.version => {
                return Stored::AsSent { leased };
            }
            Ok(Written::Stored { .. }) => return Stored::There,
            Ok(Written::Moved | Written::Unknown) => {}
            Err(error) => {
                tracing::warn!(connection.id = %good.connection.id, %error, "an answer is not stored yet");
            }
        }
        // Either the version moved, or nobody knows whether the commit arrived: read what is there.
        match look(core, good).await {
            Ok(Settled::There) => return Stored::There,
            Ok(Settled::Erased) => return Stored::Erased,
            Ok(Settled::Again { from }) => version = from,
            Err(error) => {
                tracing::warn!(connection.id = %good.connection.id, %error, "the store cannot be read");
            }
        }
        if Instant::now() >= deadline {
            tracing::error!(
                connection.id = %good.connection.id,
                "the database took no new refresh token within the time allowed: it is given up"
            );
            return Stored::Lost;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        // Nobody else should use the token before meanwhile; if they do, the newer answer wins.
        let _ = schedule::renew(&core.pool, good.claim).await;
        written = alone(core, good, version).await;
    }
}

/// With the other answers of this moment, when there is nothing else to write for it.
async fn together(core: &Core, good: &Good<'_>) -> Result<Written, VaultError> {
    let plain =
        !good.short && !good.asked.has_failures() && good.connection.state != State::Pending;
    if !plain {
        return alone(core, good, good.version).await;
    }
    let success = success(core, good, good.version).await?;
    Ok(core.committer.write(success).await)
}

/// In a transaction of its own.
async fn alone(core: &Core, good: &Good<'_>, version: i64) -> Result<Written, VaultError> {
    // Sealing may need the database: before the transaction, not within.
    let success = success(core, good, version).await?;
    let (tenant_id, id) = (good.connection.tenant_id, good.connection.id);
    let subject = Subject {
        tenant_id,
        connection_id: Some(id),
        flow_id: None,
        resource: Some(good.resource),
    };
    let mut tx = core.pool.begin().await?;
    let accepted = successes::insert(&mut *tx, &[&success]).await?;
    reach(Point::Proven);
    let Some(accepted) = accepted.first() else {
        return Ok(Written::Moved);
    };
    if good.short {
        tokens::mark_short(&mut *tx, tenant_id, id, good.resource).await?;
    }
    record_failures(&mut tx, &subject, good.asked, success.at).await?;
    flows::touch(&mut *tx, id, tenant_id, success.at).await?;
    reach(Point::BeforeCommit);
    tx.commit().await?;
    reach(Point::Committed);
    Ok(Written::Stored {
        leased: accepted.leased,
    })
}

/// What the store holds, when our last attempt did not tell.
async fn look(core: &Core, good: &Good<'_>) -> Result<Settled, VaultError> {
    let (tenant_id, id) = (good.connection.tenant_id, good.connection.id);
    let sent_at = good.asked.sent_at;
    if good.connection.app_only {
        let living = connections::load(&core.pool, tenant_id, id).await?;
        if living.is_none_or(|found| found.state == State::Revoked) {
            return Ok(Settled::Erased);
        }
        let stored = tokens::valid(&core.pool, tenant_id, id, good.resource).await?;
        let there = stored.is_some_and(|stored| stored.acquired_at >= sent_at);
        return Ok(if there {
            Settled::There
        } else {
            Settled::Again { from: 0 }
        });
    }
    let seen = match secrets::load(&core.pool, tenant_id, id).await? {
        None => None,
        Some(row) => Some(Seen {
            version: row.version,
            obtained_at: row.obtained_at,
            is_ours: match &good.tokens.refresh_token {
                Some(token) => grant::holds(&core.vault, &row, token).await?,
                None => false,
            },
        }),
    };
    let ours = Ours {
        version: good.version,
        sent_at,
    };
    Ok(settle(seen, ours))
}

/// The answer, sealed for `version` of its row.
async fn success(core: &Core, good: &Good<'_>, version: i64) -> Result<Success, VaultError> {
    let connection = good.connection;
    let (tenant_id, connection_id) = (connection.tenant_id, connection.id);
    let sent_at = good.asked.sent_at;
    let secret = match &good.tokens.refresh_token {
        Some(token) if !connection.app_only => Some(
            grant::seal(
                &core.vault,
                tenant_id,
                connection_id,
                version + 1,
                token,
                sent_at,
            )
            .await?,
        ),
        _ => None,
    };
    let at = core.clock.now();
    Ok(Success {
        tenant_id,
        connection_id,
        version,
        secret,
        by_previous: good.by_previous,
        app_only: connection.app_only,
        resource: good.resource,
        token: seal_access_token(core, connection, good.resource, good.tokens, sent_at).await?,
        decision: *good.decision,
        lapse: lapse_of(good.connection, at, good.credential_ends_at),
        lease_id: good.claim.lease_id,
        last: good.last,
        at,
        calls: good.asked.good_calls().cloned().collect(),
    })
}

/// Seal an access token for its row.
pub(in crate::keeper) async fn seal_access_token(
    core: &Core,
    connection: &Connection,
    resource: Resource,
    tokens: &Tokens,
    sent_at: OffsetDateTime,
) -> Result<NewToken, VaultError> {
    let row_id = tokens::row_id(connection.id, resource);
    let place = tokens::place(connection.tenant_id, &row_id, sent_at);
    let plain = tokens.access_token.expose_secret().as_bytes();
    Ok(NewToken {
        ct: core.vault.seal(Purpose::AccessToken, &place, plain).await?,
        scopes: tokens.scopes.clone(),
        acquired_at: sent_at,
        // Without a sensible life the token counts as over at once.
        expires_at: sent_at + tokens.expires_in.unwrap_or_default(),
    })
}
