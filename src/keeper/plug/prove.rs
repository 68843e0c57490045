//! The proof: a last request for every resource, as the standing and as the application itself, that must be refused for
//! want of our permission. Where it is not, that is what is told.

use serde_json::{Value, json};
use time::Duration;

use super::access::{Answer, Ended, Mute, Way};
use super::run::{Came, Outcome, Work};
use super::verdict::Proof;
use crate::entra::Tokens;
use crate::keeper::store::{disconnections, tokens};
use crate::keeper::trouble::Trouble;

/// What was taken away may be unknown to another of Microsoft's machines for so long.
const SPREADS_FOR: Duration = Duration::minutes(10);
const LOOK_AGAIN: Duration = Duration::seconds(30);

pub(super) async fn step(work: &Work<'_>) -> Result<Came, Trouble> {
    let ended = match Ended::load(work).await? {
        Ok(ended) => ended,
        Err(Mute::Nothing) => return Ok(came("nothing", Value::default())),
        Err(Mute::NoToken) => return Ok(came("no_token", Value::default())),
    };
    let mut proofs = Vec::new();
    let mut lines = Vec::new();
    let connection = &ended.connection;
    for row in tokens::list(&work.core.pool, connection.tenant_id, connection.id).await? {
        for way in ended.ways(row.resource) {
            let (proof, code, error_id) = match ended.ask(work, row.resource, *way).await? {
                Answer::Tokens(tokens) => (issued(&tokens), None, None),
                Answer::Refused(failure, error_id) => {
                    (Proof::of(&failure), failure.code(), error_id)
                }
                Answer::Held => (Proof::Unreachable, None, None),
            };
            lines.push(json!({
                "resource": row.resource.as_str(),
                "as_application": *way == Way::AsApplication,
                "proof": proof.as_str(),
                "code": code,
                "error_id": error_id,
            }));
            proofs.push(proof);
        }
    }
    let proof = Proof::least(&proofs).unwrap_or(Proof::Unreachable);
    match proof {
        Proof::Unreachable if !work.is_late => return Ok(Came::Later(None)),
        Proof::Stands if !work.is_late && is_spreading(work).await? => {
            return Ok(Came::Later(Some(LOOK_AGAIN)));
        }
        _ => {}
    }
    Ok(came(proof.as_str(), json!({ "resources": lines })))
}

fn came(word: &'static str, details: Value) -> Came {
    Came::To(Outcome::new(word, details))
}

/// A token for the application itself may be issued and carry no permission at all: it opens nothing.
fn issued(tokens: &Tokens) -> Proof {
    if tokens.scopes == [".default"] {
        Proof::Gone
    } else {
        Proof::Stands
    }
}

/// Something was taken away a moment ago.
async fn is_spreading(work: &Work<'_>) -> Result<bool, Trouble> {
    let revoked = disconnections::revocation(&work.core.pool, work.one).await?;
    Ok(revoked.is_some_and(|(word, at)| {
        matches!(word.as_str(), "removed" | "permissions_removed" | "partly")
            && work.core.clock.now() < at + SPREADS_FOR
    }))
}
