//! The tenant's token lifetime policies, read at Graph with the token held for it. What the token may not read is not asked
//! for: a refusal would stand among the errors and tell nobody anything new.

use secrecy::SecretString;
use time::Duration;

use crate::entra::{Failure, LifetimePolicy, Meaning};
use crate::keeper::core::{Core, Shared};
use crate::keeper::message::{Actor, Refusal};
use crate::keeper::record;
use crate::keeper::refresh::{Wish, refresh};
use crate::keeper::resource::Resource;
use crate::keeper::seal::Purpose;
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::lifetimes::{self, Seen};
use crate::keeper::store::records::Subject;
use crate::keeper::store::{audit, tokens};
use crate::keeper::trouble::Trouble;
use crate::storage::TenantId;

/// A token that ends sooner is not begun with.
const LEAST: Duration = Duration::minutes(2);
/// With one of these the policies may be listed (Microsoft Graph, "List tokenLifetimePolicies").
const LISTS: [&str; 3] = [
    "Policy.Read.All",
    "Policy.Read.ApplicationConfiguration",
    "Policy.ReadWrite.ApplicationConfiguration",
];
/// Besides, to see which are assigned to our application ("List assigned tokenLifetimePolicies").
const ASSIGNED: [&str; 2] = ["Application.ReadWrite.All", "Application.ReadWrite.OwnedBy"];

/// A token for Graph and what it may do.
struct Key {
    token: SecretString,
    scopes: Vec<String>,
}

impl Key {
    fn may(&self, permissions: &[&str]) -> bool {
        self.scopes.iter().any(|scope| {
            let name = scope.rsplit_once('/').map_or(scope.as_str(), |(_, n)| n);
            permissions.iter().any(|one| one.eq_ignore_ascii_case(name))
        })
    }
}

/// Read them on somebody's request; gives the outcome's word.
pub(super) async fn look(
    core: &Shared,
    tenant_id: TenantId,
    actor: &Actor,
) -> Result<&'static str, Trouble> {
    let connection = connections::load_current(&core.pool, tenant_id).await?;
    let connection = connection.ok_or(Refusal::NotThere)?;
    if connection.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    let mut key = held(core, &connection).await?;
    if key.is_none() && connection.state.is_living() {
        refresh(core, tenant_id, connection.id, Wish::One(Resource::Graph)).await?;
        key = held(core, &connection).await?;
    }
    keep(core, &connection, key.as_ref(), actor).await
}

/// The same after a validation has just refreshed everything; trouble here is no trouble of the validation.
pub(in crate::keeper) async fn after_validation(core: &Core, connection: &Connection) {
    let looked = async {
        let key = held(core, connection).await?;
        keep(core, connection, key.as_ref(), &Actor::keeper()).await
    };
    if let Err(trouble) = looked.await {
        tracing::warn!(tenant.id = %connection.tenant_id, ?trouble, "token lifetime policies were not read");
    }
}

async fn held(core: &Core, connection: &Connection) -> Result<Option<Key>, Trouble> {
    let (tenant_id, id) = (connection.tenant_id, connection.id);
    let found = tokens::valid(&core.pool, tenant_id, id, Resource::Graph).await?;
    let Some(found) = found.filter(|one| one.expires_at >= core.clock.now() + LEAST) else {
        return Ok(None);
    };
    let row_id = tokens::row_id(id, Resource::Graph);
    let place = tokens::place(tenant_id, &row_id, found.acquired_at);
    let token = core
        .vault
        .open_text(Purpose::AccessToken, &place, &found.ct)
        .await?;
    let rows = tokens::list(&core.pool, tenant_id, id).await?;
    let graph = rows.into_iter().find(|row| row.resource == Resource::Graph);
    Ok(Some(Key {
        token,
        scopes: graph.map(|row| row.scopes).unwrap_or_default(),
    }))
}

async fn keep(
    core: &Core,
    connection: &Connection,
    key: Option<&Key>,
    actor: &Actor,
) -> Result<&'static str, Trouble> {
    let seen = match key {
        None => Seen::nothing("no_token"),
        Some(key) if !key.may(&LISTS) => Seen::nothing("not_permitted"),
        Some(key) => ask(core, connection, key).await?,
    };
    let now = core.clock.now();
    let mut tx = core.pool.begin().await?;
    lifetimes::keep(&mut *tx, connection.tenant_id, connection.id, &seen, now).await?;
    let entry = audit::Entry {
        tenant_id: Some(connection.tenant_id),
        actor,
        action: "policies.read",
        object_type: "connection",
        object_id: connection.id.to_string(),
        result: if seen.outcome == "read" {
            "done"
        } else {
            "failed"
        },
        details: serde_json::json!({ "outcome": seen.outcome, "policies": seen.policies.len() }),
    };
    audit::insert(&mut *tx, entry, now).await?;
    tx.commit().await?;
    Ok(seen.outcome)
}

async fn ask(core: &Core, connection: &Connection, key: &Key) -> Result<Seen, Trouble> {
    let subject = Subject {
        tenant_id: connection.tenant_id,
        connection_id: Some(connection.id),
        flow_id: None,
        resource: Some(Resource::Graph),
    };
    let listed = core.entra.graph(&key.token).lifetime_policies().await;
    record::note(core, &subject, &listed).await?;
    let found = match listed.outcome {
        Ok(found) => found.items,
        Err(failure) => return Ok(Seen::nothing(refused(&failure))),
    };
    let assigned = if found.is_empty() {
        Some(Vec::new())
    } else if key.may(&ASSIGNED) {
        assigned(core, connection, key, &subject).await?
    } else {
        None
    };
    let ids = assigned.as_deref().unwrap_or_default();
    Ok(Seen {
        outcome: "read",
        policies: found
            .iter()
            .map(|policy| policy.summary(ids.contains(&policy.id)))
            .collect(),
        assignment_known: assigned.is_some(),
    })
}

fn refused(failure: &Failure) -> &'static str {
    match failure.meaning {
        Meaning::Denied => "not_permitted",
        _ => "no_answer",
    }
}

/// The policies assigned to our application; none when that could not be seen.
async fn assigned(
    core: &Core,
    connection: &Connection,
    key: &Key,
    subject: &Subject,
) -> Result<Option<Vec<uuid::Uuid>>, Trouble> {
    let app = core.app.of(core, connection.app_registration_id).await?;
    let Some(app) = app else {
        return Ok(None);
    };
    let graph = core.entra.graph(&key.token);
    let listed = graph.assigned_lifetime_policies(app.app.client_id).await;
    record::note(core, subject, &listed).await?;
    let found = listed.outcome.ok();
    Ok(found.map(|found| {
        found
            .items
            .iter()
            .map(|one: &LifetimePolicy| one.id)
            .collect()
    }))
}
