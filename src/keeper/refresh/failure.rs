//! A failed answer into the tables: the error whole, the call, and what the decision makes of connection and token, in
//! one transaction.

use sqlx::PgConnection;
use time::OffsetDateTime;

use super::answer::Asked;
use super::class::Class;
use super::decide::{Decision, Mark};
use super::lapse::FEDERATED_LIMIT_S;
use super::settle::counts;
use super::state::State;
use crate::entra::{CallRecord, Failure};
use crate::keeper::core::Core;
use crate::keeper::message::Actor;
use crate::keeper::reading::{Reading, read};
use crate::keeper::resource::Resource;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::records::{Noted, Subject};
use crate::keeper::store::schedule::Claim;
use crate::keeper::store::{audit, connections, flows, records, schedule, secrets, tokens};

/// Record one failed call: its error row and its call row.
pub(in crate::keeper) async fn record_failure(
    tx: &mut PgConnection,
    subject: &Subject,
    call: &CallRecord,
    failure: &Failure,
    class: &str,
    at: OffsetDateTime,
) -> sqlx::Result<(Noted, Reading)> {
    let reading = read(failure);
    let operation = call.operation.as_str();
    let noted = records::insert_error(tx, subject, operation, failure, &reading, class, at).await?;
    records::insert_call(tx, subject, call, class, Some(noted.id)).await?;
    Ok((noted, reading))
}

/// Record the calls of an answer that failed. Gives the first failure, which is the current token's and decides.
pub(super) async fn record_failures(
    tx: &mut PgConnection,
    subject: &Subject,
    asked: &Asked,
    at: OffsetDateTime,
) -> sqlx::Result<Option<(Noted, Reading)>> {
    let mut first = None;
    for (call, failure) in &asked.calls {
        if let Some(failure) = failure {
            let class = Class::of(failure).as_str();
            let noted = record_failure(tx, subject, call, failure, class, at).await?;
            first.get_or_insert(noted);
        }
    }
    Ok(first)
}

/// What a failure did, for those who asked.
pub(super) struct Failed<'a> {
    pub claim: &'a Claim,
    pub connection: &'a Connection,
    pub resource: Resource,
    /// The row's version that the refused grant was opened from; none when no grant was refused.
    pub version: Option<i64>,
    pub decision: &'a Decision,
    /// As in `last_error_class`.
    pub class: &'static str,
}

/// A failure as written.
pub(super) struct Written {
    pub noted: Option<Noted>,
    /// False: a newer token was stored meanwhile, so that the refusal of the one before it changes nothing.
    pub counts: bool,
}

/// Write a failure and what follows from it. Without an answer (`asked` empty) nothing was asked: the token does not open.
pub(super) async fn commit(
    core: &Core,
    failed: &Failed<'_>,
    asked: Option<&Asked>,
) -> sqlx::Result<Written> {
    let now = core.clock.now();
    let (tenant_id, id) = (failed.connection.tenant_id, failed.connection.id);
    let subject = Subject {
        tenant_id,
        connection_id: Some(id),
        flow_id: None,
        resource: Some(failed.resource),
    };
    let mut tx = core.pool.begin().await?;
    let counts = match failed.version {
        Some(opened) => counts(secrets::version(&mut *tx, tenant_id, id).await?, opened),
        None => true,
    };
    let recorded = match asked {
        Some(asked) => {
            for call in asked.good_calls() {
                records::insert_call(&mut *tx, &subject, call, "ok", None).await?;
            }
            record_failures(&mut tx, &subject, asked, now).await?
        }
        None => None,
    };
    let (noted, limit) = match recorded {
        Some((noted, reading)) => {
            let limit = limit(failed.connection, &reading);
            (Some(noted), limit)
        }
        None => (None, None),
    };
    if !counts {
        tx.commit().await?;
        return Ok(Written { noted, counts });
    }
    let decision = failed.decision;
    connections::note_failure(
        &mut *tx,
        tenant_id,
        id,
        decision,
        noted.as_ref(),
        limit,
        now,
    )
    .await?;
    if let Some(noted) = &noted {
        let gone = decision.mark == Mark::Failed;
        tokens::note_error(&mut *tx, tenant_id, id, failed.resource, noted, gone).await?;
    }
    if decision.all_failed {
        let cause = noted.as_ref().map(|noted| noted.category.as_str());
        tokens::mark_all_failed(&mut *tx, tenant_id, id, cause).await?;
    }
    let next = decision.next_refresh_at;
    schedule::note_failure(&mut *tx, failed.claim, next, failed.class).await?;
    flows::touch(&mut *tx, id, tenant_id, now).await?;
    audit::insert(&mut *tx, entry(failed, noted.as_ref()), now).await?;
    tx.commit().await?;
    if matches!(decision.state, State::Suspect | State::NeedsConsent) {
        core.looks_wanted.notify_one();
    }
    Ok(Written { noted, counts })
}

/// The life that Microsoft's policy allows, as far as this refusal tells it. Federated accounts whose password dates are
/// not synchronised are told by number alone (KB 4025960).
fn limit(connection: &Connection, reading: &Reading) -> Option<i32> {
    const FIXED_LIFE_OVER: i32 = 700_081;
    let federated = connection.federated && reading.code == Some(FIXED_LIFE_OVER);
    federated
        .then_some(FEDERATED_LIMIT_S)
        .or(reading.max_lifetime_s)
}

fn entry<'a>(failed: &Failed<'_>, noted: Option<&Noted>) -> audit::Entry<'a> {
    static KEEPER: std::sync::LazyLock<Actor> = std::sync::LazyLock::new(Actor::keeper);
    audit::Entry {
        tenant_id: Some(failed.connection.tenant_id),
        actor: &KEEPER,
        action: "token.refresh",
        object_type: "connection",
        object_id: failed.connection.id.to_string(),
        result: "failed",
        details: serde_json::json!({
            "resource": failed.resource.as_str(),
            "class": failed.class,
            "state_before": failed.connection.state.as_str(),
            "state": failed.decision.state.as_str(),
            "error_id": noted.map(|noted| noted.id),
        }),
    }
}
