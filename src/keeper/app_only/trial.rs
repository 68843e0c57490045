//! A trial: every resource of the set by client credentials, and the tenant's answer at Graph. Nothing is stored but the
//! calls and their errors, so that a failed trial costs nothing.

use std::time::Duration;

use secrecy::SecretString;
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use super::claims::{Claims, Fit, fit, roles_as_scopes};
use super::verdict::{Verdict, word};
use crate::entra::{Failure, Tokens};
use crate::keeper::app::AppInUse;
use crate::keeper::core::Core;
use crate::keeper::gate::{Heard, Lane};
use crate::keeper::permission_set::{Kind, PermissionSet};
use crate::keeper::record;
use crate::keeper::refresh::Class;
use crate::keeper::resource::Resource;
use crate::keeper::store::app_only;
use crate::keeper::store::records::{Noted, Subject};
use crate::keeper::trouble::Trouble;

/// Leave to send is waited for so long.
const WAIT: Duration = Duration::from_secs(15);

/// What a trial brought.
pub(in crate::keeper) struct Trial {
    pub verdict: Verdict,
    /// The error that decided, when one did.
    pub error_id: Option<i64>,
    pub lines: Vec<Tried>,
}

/// One resource of the set.
pub(in crate::keeper) struct Tried {
    pub resource: Resource,
    pub outcome: Result<Acquired, Option<Noted>>,
}

/// An access token not stored yet.
pub(in crate::keeper) struct Acquired {
    pub tokens: Tokens,
    /// The instant of sending.
    pub sent_at: OffsetDateTime,
}

/// Ask for everything. Ends at the first required resource that cannot be had.
pub(in crate::keeper) async fn try_all(
    core: &Core,
    app: &AppInUse,
    entra_tenant_id: Uuid,
    subject: Subject,
) -> Result<Trial, Trouble> {
    let mut trial = Trial {
        verdict: Verdict::Works,
        error_id: None,
        lines: Vec::new(),
    };
    for (resource, required) in app_only::resource_set(&core.pool, subject.tenant_id).await? {
        let subject = Subject {
            resource: Some(resource),
            ..subject
        };
        let asker = Asker {
            core,
            app,
            entra_tenant_id,
            subject,
        };
        let (verdict, outcome) = asker.one(resource).await?;
        if required && verdict != Verdict::Works {
            trial.verdict = verdict;
            trial.error_id = outcome.err().flatten().map(|noted| noted.id);
            return Ok(trial);
        }
        trial.lines.push(Tried { resource, outcome });
    }
    Ok(trial)
}

struct Asker<'a> {
    core: &'a Core,
    app: &'a AppInUse,
    entra_tenant_id: Uuid,
    subject: Subject,
}

type Outcome = (Verdict, Result<Acquired, Option<Noted>>);

impl Asker<'_> {
    async fn one(&self, resource: Resource) -> Result<Outcome, Trouble> {
        let (mut asked, mut noted) = self.ask(self.app, resource).await?;
        // Of several credentials another one may be good.
        if let (Err(Some(failure)), Some(used)) = (&asked, self.app.credential_id)
            && let next = self
                .core
                .app
                .refused(self.core, self.app.registration_id, used, failure)
            && let Some(next) = next.await
        {
            (asked, noted) = self.ask(&next, resource).await?;
        }
        let acquired = match asked {
            Ok(acquired) => acquired,
            Err(Some(failure)) => return Ok((Verdict::of_refusal(&failure), Err(noted))),
            Err(None) => return Ok((Verdict::Passing, Err(None))),
        };
        let (verdict, noted) = self.judge(resource, &acquired.tokens.access_token).await?;
        Ok(match verdict {
            Verdict::Works => (verdict, Ok(acquired)),
            _ => (verdict, Err(noted)),
        })
    }

    /// One request; the failure, or none when it could not be sent.
    async fn ask(
        &self,
        app: &AppInUse,
        resource: Resource,
    ) -> Result<(Result<Acquired, Option<Box<Failure>>>, Option<Noted>), Trouble> {
        let lane = Lane {
            client_id: app.app.client_id,
            with_credential: true,
        };
        let Ok(pass) = self
            .core
            .gate
            .enter(lane, self.subject.tenant_id, Instant::now() + WAIT, true)
            .await
        else {
            return Ok((Err(None), None));
        };
        let uri = resource.uri(&self.core.endpoints);
        let entra = &self.core.entra;
        let exchange = entra
            .client_credentials(self.entra_tenant_id, &app.app, &uri, None)
            .await;
        // A credential on trial that is refused says nothing about those in use.
        match &exchange.outcome {
            Ok(_) => pass.told(Heard::Fine),
            Err(failure) => match Class::of(failure).heard() {
                Heard::RefusesUs => {}
                heard => pass.told(heard),
            },
        }
        drop(pass);
        let sent_at = exchange.call.started_at;
        let noted = record::note(self.core, &self.subject, &exchange).await?;
        Ok(match exchange.outcome {
            Ok(mut tokens) => {
                tokens.scopes = roles_as_scopes(&tokens.access_token);
                (Ok(Acquired { tokens, sent_at }), None)
            }
            Err(failure) => (Err(Some(failure)), noted),
        })
    }

    /// Is the token good for something: whole, with our permissions, and known at Graph?
    async fn judge(
        &self,
        resource: Resource,
        token: &SecretString,
    ) -> Result<(Verdict, Option<Noted>), Trouble> {
        let claims = Claims::read(token);
        match fit(
            claims.as_ref(),
            self.entra_tenant_id,
            self.app.app.client_id,
        ) {
            Fit::Whole | Fit::Silent => {}
            Fit::Spreading => return Ok((Verdict::SettingUp(word::CONSENT_NOT_SEEN), None)),
            Fit::Foreign => return Ok((Verdict::Failed(word::WRONG_TENANT), None)),
        }
        let set = PermissionSet::load(&self.core.pool).await?;
        let roles = roles_as_scopes(token);
        if !set.missing(resource, Kind::Application, &roles).is_empty() {
            return Ok((Verdict::SettingUp(word::PERMISSIONS_MISSING), None));
        }
        if resource != Resource::Graph {
            return Ok((Verdict::Works, None));
        }
        let exchange = self.core.entra.graph(token).organization().await;
        let noted = record::note(self.core, &self.subject, &exchange).await?;
        Ok(match exchange.outcome {
            Ok(found) if found.id == self.entra_tenant_id => (Verdict::Works, None),
            Ok(_) => (Verdict::Failed(word::WRONG_TENANT), None),
            Err(failure) => (Verdict::of_graph(&failure), noted),
        })
    }
}
