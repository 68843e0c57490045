//! Hand-out of access tokens: what is stored as long as it lives long enough, else a refresh, joined with the one that is
//! under way. The audit entry is committed before a token leaves; a connection that was ended hands out nothing from the
//! same instant on.

use time::{Duration, OffsetDateTime};

use super::core::Shared;
use super::message::Refusal;
use super::message::hand_out::{HandedOut, Request};
use super::refresh::{Report, State, Wish, refresh, refresh_for};
use super::resource::Resource;
use super::seal::Purpose;
use super::store::connections::{self, Connection};
use super::store::{audit, tokens};
use super::text::Text;
use super::trouble::Trouble;
use crate::entra::Challenge;
use crate::storage::TenantId;

/// Nobody is given a token that ends sooner.
const LEAST: Duration = Duration::minutes(5);
/// Entra's shortest access tokens live for an hour; more than this cannot be promised.
const MOST: Duration = Duration::minutes(55);

/// Hand one out.
pub(super) async fn hand_out(core: &Shared, request: Request) -> Result<HandedOut, Trouble> {
    let resource: Resource = request.resource.parse().map_err(|_| Refusal::NotThere)?;
    let wanted = Duration::seconds(i64::try_from(request.min_ttl_s).unwrap_or(i64::MAX));
    if wanted > MOST {
        return Err(Refusal::TtlTooLong {
            possible_s: MOST.whole_seconds().unsigned_abs(),
        }
        .into());
    }
    let challenge = request.challenge.as_ref();
    let challenge =
        challenge.map(|text| Challenge::read(text.expose()).ok_or(Refusal::BadChallenge));
    let challenge = challenge.transpose()?;
    let tenant_id: TenantId = request.tenant_id.into();
    let connection = living(core, tenant_id).await?;
    note(core, &request, &connection, challenge.is_some()).await?;
    let until = core.clock.now() + wanted.max(LEAST);
    if let Some(challenge) = challenge {
        let id = connection.id;
        let report = refresh_for(core, tenant_id, id, resource, challenge).await?;
        refuse(core, tenant_id, resource, &report).await?;
        return stored(core, &connection, resource, core.clock.now())
            .await?
            .ok_or(later());
    }
    // Twice: a refresh that was under way may have been for another resource.
    for _ in 0..2 {
        if let Some(token) = stored(core, &connection, resource, until).await? {
            return Ok(token);
        }
        let wish = Wish::Until(resource, until);
        let report = refresh(core, tenant_id, connection.id, wish).await?;
        refuse(core, tenant_id, resource, &report).await?;
    }
    stored(core, &connection, resource, until)
        .await?
        .ok_or(later())
}

fn later() -> Trouble {
    Refusal::TryLater {
        retry_after_s: Some(5),
    }
    .into()
}

/// The tenant's connection, if it is alive.
async fn living(core: &Shared, tenant_id: TenantId) -> Result<Connection, Trouble> {
    let connection = connections::load_current(&core.pool, tenant_id).await?;
    let connection = connection.ok_or(Refusal::NotThere)?;
    if connection.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    if !connection.state.is_living() {
        return Err(dead(connection.state, connection.cause).into());
    }
    Ok(connection)
}

fn dead(state: State, cause: Option<String>) -> Refusal {
    Refusal::NeedsPerson {
        state: state.as_str().to_owned(),
        cause,
    }
}

/// Committed before anything is given.
async fn note(
    core: &Shared,
    request: &Request,
    connection: &Connection,
    challenged: bool,
) -> sqlx::Result<()> {
    let entry = audit::Entry {
        tenant_id: Some(connection.tenant_id),
        actor: &request.actor,
        action: "token.hand_out",
        object_type: "connection",
        object_id: connection.id.to_string(),
        result: "done",
        details: serde_json::json!({
            "resource": request.resource,
            "min_ttl_s": request.min_ttl_s,
            "challenged": challenged,
            "reason": request.reason,
        }),
    };
    audit::insert(&core.pool, entry, core.clock.now()).await
}

/// The stored token, if it lives until then. It counts as used.
async fn stored(
    core: &Shared,
    connection: &Connection,
    resource: Resource,
    until: OffsetDateTime,
) -> Result<Option<HandedOut>, Trouble> {
    let (tenant_id, id) = (connection.tenant_id, connection.id);
    let found = tokens::valid(&core.pool, tenant_id, id, resource).await?;
    let Some(found) = found.filter(|found| found.expires_at >= until) else {
        return Ok(None);
    };
    let row_id = tokens::row_id(id, resource);
    let place = tokens::place(tenant_id, &row_id, found.acquired_at);
    let token = core
        .vault
        .open_text(Purpose::AccessToken, &place, &found.ct)
        .await?;
    tokens::touch(&core.pool, tenant_id, id, resource, core.clock.now()).await?;
    Ok(Some(HandedOut {
        access_token: Text::new(secrecy::ExposeSecret::expose_secret(&token)),
        expires_at: found.expires_at,
    }))
}

/// Did the refresh say that there will be no token?
async fn refuse(
    core: &Shared,
    tenant_id: TenantId,
    resource: Resource,
    report: &Report,
) -> Result<(), Trouble> {
    if let Some(refusal) = &report.refusal {
        return Err(refusal.clone().into());
    }
    let line = report.lines.iter().find(|line| line.resource == resource);
    let line = line.ok_or(Refusal::NotThere)?;
    if line.failure.is_none() {
        return Ok(());
    }
    let connection = living(core, tenant_id).await?;
    if line.valid {
        return Err(later());
    }
    Err(dead(connection.state, connection.cause).into())
}
