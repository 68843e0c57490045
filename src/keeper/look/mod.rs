//! Looking closer, on somebody's request: what an access token says of itself, and the tenant's token lifetime policies.
//! Changes no standing; every look is in the audit log.

mod claims;
mod policies;
mod token;

use super::core::Shared;
use super::message::look::{Answer, Ask};
use super::trouble::Trouble;

pub(super) use policies::after_validation;

/// Answer one question.
pub(super) async fn answer(core: &Shared, ask: Ask) -> Result<Answer, Trouble> {
    match ask {
        Ask::Token {
            tenant_id,
            resource,
            actor,
        } => {
            let token = token::look(core, tenant_id.into(), &resource, &actor).await?;
            Ok(Answer::Token(token))
        }
        Ask::Policies { tenant_id, actor } => {
            let outcome = policies::look(core, tenant_id.into(), &actor).await?;
            Ok(Answer::Policies {
                outcome: outcome.to_owned(),
            })
        }
    }
}
