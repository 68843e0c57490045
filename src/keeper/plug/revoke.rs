//! Taking our permission back at Microsoft, as far as we may: consent to delegated permissions, application permissions, and
//! our enterprise application itself. What is not there counts as taken away, so that the step may begin again anywhere.
//!
//! An application of the customer's own is left alone: it is not ours to delete, and others may use it.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::access::{Answer, Ended, Mute, Way};
use super::run::{Came, Outcome, Work};
use super::tally::{Taken, passes};
use crate::entra::{Exchange, Failure, Graph, Listing, Meaning};
use crate::keeper::core::Core;
use crate::keeper::record;
use crate::keeper::resource::Resource;
use crate::keeper::store::apps;
use crate::keeper::store::records::Subject;
use crate::keeper::trouble::Trouble;

/// Objects of one kind that are taken away in one go; the enterprise application takes the rest with it.
const MOST: usize = 50;

pub(super) async fn step(work: &Work<'_>) -> Result<Came, Trouble> {
    let ended = match Ended::load(work).await? {
        Ok(ended) => ended,
        Err(Mute::Nothing) => return Ok(came("nothing", Value::default())),
        Err(Mute::NoToken) => return Ok(came("no_token", Value::default())),
    };
    if is_their_own(work.core, &ended).await? {
        return Ok(came("own_application", Value::default()));
    }
    let token = match token(work, &ended).await? {
        Ok(token) => token,
        Err(came) => return Ok(came),
    };
    let taking = Taking {
        core: work.core,
        subject: ended.subject(Resource::Graph),
        token: &token,
    };
    let taken = taking.all(ended.app.app.client_id).await?;
    if taken.is_passing() && !work.is_late {
        return Ok(Came::Later(None));
    }
    Ok(came(taken.word(), json!(taken)))
}

fn came(word: &'static str, details: Value) -> Came {
    Came::To(Outcome::new(word, details))
}

/// The registration was made in this very Entra tenant: the customer's own, or our own home.
async fn is_their_own(core: &Core, ended: &Ended) -> sqlx::Result<bool> {
    let registration = apps::find(&core.pool, ended.connection.app_registration_id).await?;
    Ok(registration.is_some_and(|registration| {
        registration.tenant_id.is_some()
            || registration.entra_tenant_id == Some(ended.connection.entra_tenant_id)
    }))
}

/// An access token for Graph: a fresh one, the last one stored, or one of the application itself.
async fn token(work: &Work<'_>, ended: &Ended) -> Result<Result<SecretString, Came>, Trouble> {
    let mut passing = false;
    let mut last = (None, None);
    for way in ended.ways(Resource::Graph) {
        match ended.ask(work, Resource::Graph, *way).await? {
            Answer::Tokens(tokens) => return Ok(Ok(tokens.access_token)),
            Answer::Held => passing = true,
            Answer::Refused(failure, error_id) => {
                passing |= passes(&failure);
                last = (failure.code(), error_id);
            }
        }
        if *way == Way::AsStanding
            && let Some(stored) = ended.stored(work).await?
        {
            return Ok(Ok(stored));
        }
    }
    if passing && !work.is_late {
        return Ok(Err(Came::Later(None)));
    }
    let word = if passing { "unreachable" } else { "no_token" };
    let (code, error_id) = last;
    let details = json!({ "code": code, "error_id": error_id });
    Ok(Err(came(word, details)))
}

struct Taking<'a> {
    core: &'a Core,
    subject: Subject,
    token: &'a SecretString,
}

/// A failed call with the number of its record.
type Refused = (Box<Failure>, Option<i64>);

impl<'a> Taking<'a> {
    async fn all(&self, client_id: uuid::Uuid) -> Result<Taken, Trouble> {
        let mut taken = Taken::default();
        let found = self
            .ask(async |graph| graph.service_principal(client_id).await)
            .await?;
        match found {
            Ok(found) => {
                self.grants(found.id, &mut taken).await?;
                self.roles(found.id, &mut taken).await?;
            }
            Err((failure, error_id)) if failure.meaning == Meaning::NotFound => {
                taken.application.refused(&failure, error_id);
                return Ok(taken);
            }
            // The application may be deleted without its object id.
            Err((failure, error_id)) => taken.grants.refused(&failure, error_id),
        }
        let gone = self
            .ask(async |graph| graph.delete_service_principal(client_id).await)
            .await?;
        match gone {
            Ok(()) => taken.application.removed(),
            Err((failure, error_id)) => taken.application.refused(&failure, error_id),
        }
        Ok(taken)
    }

    async fn grants(&self, principal: uuid::Uuid, taken: &mut Taken) -> Result<(), Trouble> {
        let tally = &mut taken.grants;
        let listed = self
            .ask(async |graph| graph.permission_grants(principal).await)
            .await?;
        let all = match listed {
            Ok(Listing { items, .. }) => items,
            Err((failure, error_id)) => {
                tally.refused(&failure, error_id);
                return Ok(());
            }
        };
        for one in all.iter().take(MOST) {
            match self
                .ask(async |graph| graph.delete_permission_grant(&one.id).await)
                .await?
            {
                Ok(()) => tally.removed(),
                Err((failure, error_id)) => tally.refused(&failure, error_id),
            }
        }
        Ok(())
    }

    async fn roles(&self, principal: uuid::Uuid, taken: &mut Taken) -> Result<(), Trouble> {
        let tally = &mut taken.roles;
        let listed = self
            .ask(async |graph| graph.app_roles(principal).await)
            .await?;
        let all = match listed {
            Ok(Listing { items, .. }) => items,
            Err((failure, error_id)) => {
                tally.refused(&failure, error_id);
                return Ok(());
            }
        };
        for one in all.iter().take(MOST) {
            match self
                .ask(async |graph| graph.delete_app_role(principal, &one.id).await)
                .await?
            {
                Ok(()) => tally.removed(),
                Err((failure, error_id)) => tally.refused(&failure, error_id),
            }
        }
        Ok(())
    }

    /// One call, recorded.
    async fn ask<T, F>(
        &self,
        call: impl FnOnce(Graph<'a>) -> F,
    ) -> Result<Result<T, Refused>, Trouble>
    where
        F: Future<Output = Exchange<T>>,
    {
        let exchange = call(self.core.entra.graph(self.token)).await;
        let noted = record::note(self.core, &self.subject, &exchange).await?;
        Ok(exchange
            .outcome
            .map_err(|failure| (failure, noted.map(|noted| noted.id))))
    }
}
