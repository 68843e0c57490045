//! Why a connection is in trouble: the recorded error with everything known about its tenant brought before the rules of
//! `diagnosis`. Gathers and decides nothing by itself.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::state::ShownState;
use super::{status, store};
use crate::domain::diagnosis::{
    self, Diagnosis, Facts, Life, Method, OurApp, Realm, Seen, Shared, TokenClass,
};
use crate::domain::msal_error::{self, MsalError};
use crate::domain::op::{Op, Scope};
use crate::storage::{ConnectionId, MsalErrorId, TenantId};

const ONE_RUN: Duration = Duration::minutes(2);
/// Ended authorisations that are looked at; a rhythm shows itself in a few.
const LIVES: i64 = 12;

/// A grant as a diagnosis needs it, whatever became of it.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub account: String,
    pub obtained_at: OffsetDateTime,
    pub obtained_by: Method,
    pub class: Option<TokenClass>,
    pub realm: Realm,
    pub last_ok_at: Option<OffsetDateTime>,
    /// The latest end of the access tokens held.
    pub access_until: Option<OffsetDateTime>,
    pub last_error_at: Option<OffsetDateTime>,
    /// Replaced or disconnected.
    pub is_history: bool,
    pub app: OurApp,
}

/// Why the tenant's connection is in trouble; none while it works, is not there or only waits.
pub async fn diagnose(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
) -> Result<Option<Diagnosis>, sqlx::Error> {
    let Some(row) = status::one(op, scope, tenant).await? else {
        return Ok(None);
    };
    let in_trouble = matches!(row.state, ShownState::Expired | ShownState::Retrying);
    match row.last_error.filter(|_| in_trouble && !row.quarantined) {
        Some(error) => diagnose_error(op, scope, error.id).await,
        None => Ok(None),
    }
}

/// Why this error happened; none when it is absent or out of scope.
pub async fn diagnose_error(
    op: &mut Op,
    scope: Scope,
    id: MsalErrorId,
) -> Result<Option<Diagnosis>, sqlx::Error> {
    match msal_error::find(op, scope, id).await? {
        Some(error) => Ok(Some(diagnose_recorded(op, scope, &error).await?)),
        None => Ok(None),
    }
}

/// The same for an error at hand.
pub async fn diagnose_recorded(
    op: &mut Op,
    scope: Scope,
    error: &MsalError,
) -> Result<Diagnosis, sqlx::Error> {
    let facts = facts(op, scope, error).await?;
    Ok(diagnosis::decide(&error.reading(), &facts))
}

async fn facts(op: &mut Op, scope: Scope, error: &MsalError) -> Result<Facts, sqlx::Error> {
    let tenant = error.row.tenant_id;
    let now = op.now();
    let shared = shared(op, error).await?;
    let bare = Facts {
        now: Some(now),
        failed_at: Some(error.row.at),
        shared,
        ..Facts::default()
    };
    let Some(id) = error.connection_id else {
        return Ok(bare);
    };
    let Some(grant) = store::grant(op, scope, tenant, id).await? else {
        return Ok(bare);
    };
    // One run meets an error per resource.
    let is_last = !grant.is_history
        && grant
            .last_error_at
            .is_none_or(|last| error.row.at >= last - ONE_RUN);
    Ok(Facts {
        obtained_at: Some(grant.obtained_at),
        obtained_by: Some(grant.obtained_by),
        token_class: grant.class,
        realm: grant.realm,
        last_ok_at: grant.last_ok_at.filter(|at| *at <= error.row.at),
        account: Some(grant.account).filter(|name| !name.is_empty()),
        access_until: grant.access_until.filter(|_| is_last),
        others_work: is_last && others_work(op, error, id).await?,
        past: past(op, scope, tenant, &grant.obtained_at).await?,
        // What was seen later says nothing about an error of long ago.
        seen: if is_last {
            store::seen(op, scope, tenant, id).await?
        } else {
            Seen::default()
        },
        our_app: grant.app,
        ..bare
    })
}

async fn others_work(
    op: &mut Op,
    error: &MsalError,
    id: ConnectionId,
) -> Result<bool, sqlx::Error> {
    if error.row.resource.is_empty() {
        return Ok(false);
    }
    store::others_work(
        op,
        error.row.tenant_id,
        id,
        &error.row.resource,
        error.row.at,
    )
    .await
}

/// Lives up to the one obtained at that instant.
async fn past(
    op: &mut Op,
    scope: Scope,
    tenant: TenantId,
    obtained_at: &OffsetDateTime,
) -> Result<Vec<Life>, sqlx::Error> {
    let mut lives = store::lives(op, scope, tenant, LIVES).await?;
    lives.retain(|life| life.obtained_at <= *obtained_at);
    Ok(lives)
}

async fn shared(op: &mut Op, error: &MsalError) -> Result<Option<Shared>, sqlx::Error> {
    store::shared(op, error.row.at, &error.class, error.row.code).await
}

/// The client id as texts want it.
pub(super) const fn our_app(client_id: Uuid, credential_ends_at: Option<OffsetDateTime>) -> OurApp {
    OurApp {
        client_id: Some(client_id),
        credential_ends_at,
    }
}
