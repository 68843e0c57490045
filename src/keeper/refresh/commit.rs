//! A good answer into the tables, whatever it takes. The new refresh token is held in memory until it is known to be
//! stored: by us, by the commit whose answer was lost, or because a newer one is there.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;
use tokio::time::Instant;

use super::answer::Asked;
use super::decide::Decision;
use super::failure::record_calls;
use super::grant;
use super::lapse::{Known, lapse};
use crate::entra::Tokens;
use crate::keeper::core::Core;
use crate::keeper::fault::{Point, reach};
use crate::keeper::message::Actor;
use crate::keeper::resource::Resource;
use crate::keeper::seal::{Purpose, VaultError};
use crate::keeper::store::connections::Connection;
use crate::keeper::store::records::Subject;
use crate::keeper::store::schedule::Claim;
use crate::keeper::store::secrets::NewSecret;
use crate::keeper::store::tokens::NewToken;
use crate::keeper::store::{audit, connections, flows, schedule, secrets, tokens};

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
    pub asked: &'a Asked,
}

/// How it ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// The store holds this answer, or a newer one.
    Yes,
    /// The connection's secrets were erased meanwhile: it was disconnected or replaced.
    Erased,
    /// The database did not take it within the time allowed.
    Lost,
}

enum Attempt {
    Done,
    VersionMoved,
}

/// Store it.
pub(super) async fn store(core: &Core, good: &Good<'_>) -> Stored {
    let deadline = Instant::now() + core.settings.commit_for;
    let mut pause = FIRST_PAUSE;
    let mut version = good.version;
    loop {
        let trouble = match attempt(core, good, version).await {
            Ok(Attempt::Done) => return Stored::Yes,
            Ok(Attempt::VersionMoved) => None,
            Err(error) => Some(error),
        };
        if let Some(error) = &trouble {
            tracing::warn!(connection.id = %good.connection.id, %error, "an answer is not stored yet");
        }
        // Either the version moved, or nobody knows whether the commit arrived: read what is there.
        match settle(core, good).await {
            Ok(Settled::There) => return Stored::Yes,
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
    }
}

enum Settled {
    There,
    Erased,
    Again { from: i64 },
}

/// What the store holds, when our last attempt did not tell.
async fn settle(core: &Core, good: &Good<'_>) -> Result<Settled, VaultError> {
    let (tenant_id, id) = (good.connection.tenant_id, good.connection.id);
    let Some(row) = secrets::load(&core.pool, tenant_id, id).await? else {
        return Ok(Settled::Erased);
    };
    let there = match &good.tokens.refresh_token {
        Some(token) => grant::holds(&core.vault, &row, token).await?,
        None => false,
    };
    let newer = row.version > good.version && row.obtained_at >= good.asked.sent_at;
    Ok(if there || newer {
        Settled::There
    } else {
        Settled::Again { from: row.version }
    })
}

async fn attempt(core: &Core, good: &Good<'_>, version: i64) -> Result<Attempt, VaultError> {
    let now = core.clock.now();
    let (tenant_id, id) = (good.connection.tenant_id, good.connection.id);
    // Sealing may need the database: before the transaction, not within.
    let secret = match &good.tokens.refresh_token {
        Some(token) => Some(sealed(core, good, version, token).await?),
        None => None,
    };
    let access = access_token(core, good).await?;
    let subject = Subject {
        tenant_id,
        connection_id: Some(id),
        flow_id: None,
        resource: Some(good.resource),
    };
    let mut tx = core.pool.begin().await?;
    let moved = match &secret {
        Some(secret) => {
            !secrets::swap(&mut *tx, tenant_id, id, version, secret, good.by_previous).await?
        }
        // The answer held no new refresh token: the one at hand has worked.
        None if good.by_previous => false,
        None => !secrets::prove(&mut *tx, tenant_id, id, version).await?,
    };
    reach(Point::Proven);
    if moved {
        return Ok(Attempt::VersionMoved);
    }
    tokens::mark_valid(&mut *tx, tenant_id, id, good.resource, &access).await?;
    if good.short {
        tokens::mark_short(&mut *tx, tenant_id, id, good.resource).await?;
    }
    let lapse = lapse(&known(good, now));
    connections::note_success(&mut *tx, tenant_id, id, good.decision, lapse, now).await?;
    let next = good.decision.next_refresh_at;
    schedule::note(&mut *tx, good.claim, next, Some(now), None).await?;
    record_calls(&mut tx, &subject, good.asked, now).await?;
    flows::touch(&mut *tx, id, tenant_id, now).await?;
    audit::insert(&mut *tx, entry(good, version, &Actor::keeper()), now).await?;
    reach(Point::BeforeCommit);
    tx.commit().await?;
    reach(Point::Committed);
    Ok(Attempt::Done)
}

async fn sealed(
    core: &Core,
    good: &Good<'_>,
    version: i64,
    token: &SecretString,
) -> Result<NewSecret, VaultError> {
    let (tenant_id, id) = (good.connection.tenant_id, good.connection.id);
    let at = good.asked.sent_at;
    grant::seal(&core.vault, tenant_id, id, version + 1, token, at).await
}

async fn access_token(core: &Core, good: &Good<'_>) -> Result<NewToken, VaultError> {
    seal_access_token(
        core,
        good.connection,
        good.resource,
        good.tokens,
        good.asked.sent_at,
    )
    .await
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

fn known(good: &Good<'_>, now: OffsetDateTime) -> Known {
    Known {
        obtained_at: good.connection.obtained_at,
        last_ok_at: now,
        public_class: good.connection.public_class,
        federated: good.connection.federated,
        sign_in_frequency_s: good.connection.sign_in_frequency_s,
        credential_ends_at: good.credential_ends_at,
    }
}

fn entry<'a>(good: &Good<'_>, version: i64, actor: &'a Actor) -> audit::Entry<'a> {
    audit::Entry {
        tenant_id: Some(good.connection.tenant_id),
        actor,
        action: "token.refresh",
        object_type: "connection",
        object_id: good.connection.id.to_string(),
        result: "done",
        details: serde_json::json!({
            "resource": good.resource.as_str(),
            "version": version + i64::from(good.tokens.refresh_token.is_some()),
            "by_previous": good.by_previous,
        }),
    }
}
