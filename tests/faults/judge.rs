//! The judge: what the store can open against what Microsoft accepts, by the simulator's ledger. Called after quiescence.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tenantry::keeper::inspect::{Inspected, refresh_tokens};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::world::World;

/// Every unavoidable loss must be seen by then, simulated time.
const FLAGGED_WITHIN: time::Duration = time::Duration::minutes(5);

/// What was found.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Entra tenants whose connection holds no token that works, though nothing excuses it or nobody was told.
    pub lost: Vec<(Uuid, String)>,
    /// Unavoidable losses that were told in time.
    pub flagged: Vec<Uuid>,
    /// Connections called dead or doubtful whose token works.
    pub accused: Vec<(Uuid, String)>,
    /// Connections looked at.
    pub seen: usize,
}

struct Stored {
    inspected: Inspected,
    entra_tenant: Uuid,
}

/// Look at every connection that is not known to be dead already (`buried`). `excused` are the Entra tenants whose newest
/// token no keeper could have kept.
pub async fn judge(world: &World, excused: &BTreeSet<Uuid>, buried: &BTreeSet<Uuid>) -> Verdict {
    let entra: Vec<(Uuid, Uuid)> = sqlx::query_as("select id, entra_tenant_id from connections")
        .fetch_all(&world.pool)
        .await
        .unwrap();
    let entra: BTreeMap<Uuid, Uuid> = entra.into_iter().collect();
    let stored: Vec<Stored> = refresh_tokens(&world.pool, world.keys())
        .await
        .unwrap()
        .into_iter()
        .map(|inspected| Stored {
            entra_tenant: entra[&inspected.connection_id],
            inspected,
        })
        .filter(|stored| !buried.contains(&stored.entra_tenant))
        .collect();
    let works = working(world, &stored).await;
    let mut verdict = Verdict {
        seen: stored.len(),
        ..Verdict::default()
    };
    let mut dead = Vec::new();
    for one in &stored {
        let (found, tenant) = (&one.inspected, one.entra_tenant);
        let alive = hashes(found).any(|hash| works.contains(hash));
        match (alive, found.state.as_str()) {
            (true, "active") => {}
            (true, state) => verdict.accused.push((tenant, state.to_owned())),
            (false, state) if !excused.contains(&tenant) => {
                verdict.lost.push((tenant, format!("not excused, {state}")));
            }
            (false, _) => dead.push(one),
        }
    }
    if !dead.is_empty() {
        told_in_time(world, &dead, &mut verdict).await;
    }
    verdict
}

fn hashes(found: &Inspected) -> impl Iterator<Item = &str> {
    [&found.current_sha256, &found.previous_sha256]
        .into_iter()
        .flatten()
        .map(String::as_str)
}

/// The hashes that Microsoft accepts.
async fn working(world: &World, stored: &[Stored]) -> BTreeSet<String> {
    let all: Vec<&str> = stored
        .iter()
        .flat_map(|one| hashes(&one.inspected))
        .collect();
    let mut works = BTreeSet::new();
    for some in all.chunks(10_000) {
        let checked = world
            .ask("POST", "ledger/check", Some(json!({"sha256": some})))
            .await;
        for one in checked.as_array().unwrap() {
            if one["works"] == json!(true) {
                works.insert(one["sha256"].as_str().unwrap().to_owned());
            }
        }
    }
    works
}

/// For what is dead for a reason: when it died, by the ledger, and when the keeper first said so, by its audit.
async fn told_in_time(world: &World, dead: &[&Stored], verdict: &mut Verdict) {
    let ledger = world.ask("GET", "ledger", None).await;
    let ledger: BTreeMap<&str, &Value> = ledger
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["sha256"].as_str().unwrap(), entry))
        .collect();
    let format = &time::format_description::well_known::Rfc3339;
    for one in dead {
        let died: Option<OffsetDateTime> = hashes(&one.inspected)
            .filter_map(|hash| ledger.get(hash)?["last_used"].as_str())
            .filter_map(|text| OffsetDateTime::parse(text, format).ok())
            .max();
        let told = told(world, one, died).await;
        let state = &one.inspected.state;
        match (died, told) {
            _ if state == "active" => verdict
                .lost
                .push((one.entra_tenant, "nobody was told".into())),
            (Some(died), Some(told)) if told - died <= FLAGGED_WITHIN => {
                verdict.flagged.push(one.entra_tenant);
            }
            (died, told) => verdict.lost.push((
                one.entra_tenant,
                format!("died {died:?}, told {told:?}, {state}"),
            )),
        }
    }
}

/// When a person could first read of it after `died`: the connection was called doubtful or dead; or it failed and was
/// one of the customers of an open incident.
async fn told(world: &World, one: &Stored, died: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
    sqlx::query_scalar(
        "select least(
           (select min(at) from audit_events where object_id = $1::text and action = 'token.refresh' and result = 'failed'
              and details->>'state' <> 'active' and at >= $2),
           (select min(greatest(i.opened_at, e.at)) from connections c
              join incident_tenants t on t.tenant_id = c.tenant_id
              join incidents i on i.id = t.incident_id
              join msal_errors e on e.tenant_id = c.tenant_id and e.connection_id = c.id and e.at >= $2
              where c.id = $1 and (i.closed_at is null or i.closed_at >= e.at)))",
    )
    .bind(one.inspected.connection_id)
    .bind(died)
    .fetch_one(&world.pool)
    .await
    .unwrap()
}
