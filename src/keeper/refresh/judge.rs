//! What follows from an answer within a run: decide by the pure rule, write, and go on from what was written.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::answer::{Asked, Outcome};
use super::class::Class;
use super::commit::{self, Good, Stored};
use super::decide::{Answer, Decision, Facts, Mark, decide, never};
use super::failure::{self, Failed, Written};
use super::grant::Grant;
use super::plan::renew_at;
use super::run::{Halt, Run, try_later};
use super::state::State;
use crate::entra::{Failure, Tokens};
use crate::keeper::core::jitter;
use crate::keeper::incident::Sign;
use crate::keeper::message::Refusal;
use crate::keeper::permission_set::{Kind, PermissionSet};
use crate::keeper::resource::Resource;
use crate::keeper::store::schedule;
use crate::keeper::store::tokens::TokenRow;
use crate::keeper::trouble::Trouble;

impl Run<'_> {
    pub(super) async fn judge(
        &mut self,
        resource: Resource,
        grant: Option<Grant>,
        asked: &Asked,
        more_to_come: bool,
    ) -> Result<Option<Halt>, Trouble> {
        let version = grant.as_ref().map(|grant| grant.version);
        match &asked.outcome {
            Outcome::Tokens {
                tokens,
                by_previous,
            } => {
                self.keep(resource, grant, asked, tokens, *by_previous, more_to_come)
                    .await
            }
            Outcome::Foreign { what } => {
                tracing::error!(connection.id = %self.connection.id, what, "the tokens became somebody else's: quarantined");
                let facts = self.facts(resource, more_to_come);
                let decision = decide(&self.standing, Answer::Foreign, &facts);
                self.fail(resource, None, &decision, Some(asked), "foreign", None)
                    .await?;
                Ok(Some(Halt::Refused(Refusal::Quarantined)))
            }
            Outcome::Failed { failure, class } => {
                let mut facts = self.facts(resource, more_to_come);
                facts.mass_trouble = self.is_mass(failure, *class, facts.required).await?;
                let decision = decide(&self.standing, Answer::Fails(*class), &facts);
                let told = Some((*class, &**failure));
                self.fail(
                    resource,
                    version,
                    &decision,
                    Some(asked),
                    class.as_str(),
                    told,
                )
                .await?;
                self.grant = grant;
                Ok(decision.stop.then_some(Halt::Decided))
            }
        }
    }

    /// A grant that is still being obtained fails for reasons of its own.
    async fn is_mass(&self, failure: &Failure, class: Class, required: bool) -> sqlx::Result<bool> {
        if !self.standing.state.is_living() {
            return Ok(false);
        }
        let sign = Sign {
            tenant_id: self.connection.tenant_id,
            class,
            code: failure.code(),
            required,
        };
        let core = self.core;
        core.guard
            .is_mass(&core.pool, &sign, core.clock.now())
            .await
    }

    /// Store a good answer, and go on from it.
    async fn keep(
        &mut self,
        resource: Resource,
        grant: Option<Grant>,
        asked: &Asked,
        tokens: &Tokens,
        by_previous: bool,
        more_to_come: bool,
    ) -> Result<Option<Halt>, Trouble> {
        let short = self.is_short(resource, &tokens.scopes).await?;
        let answer = if short {
            Answer::Fails(Class::ConsentMissing)
        } else {
            Answer::Works
        };
        let facts = self.facts(resource, more_to_come);
        let decision = decide(&self.standing, answer, &facts);
        let good = Good {
            short,
            claim: self.claim,
            connection: &self.connection,
            resource,
            decision: &decision,
            tokens,
            by_previous,
            version: grant.as_ref().map_or(0, |grant| grant.version),
            credential_ends_at: self.app.ends_at,
            last: !more_to_come,
            asked,
        };
        let ours = match commit::store(self.core, &good).await {
            Stored::AsSent { leased } => {
                self.released = !more_to_come;
                self.claimed = Instant::now();
                self.grant = grant
                    .filter(|_| !by_previous)
                    .map(|grant| grant.next(tokens));
                leased || !more_to_come
            }
            // Which token is there now must be read; whether the lease is ours, too.
            Stored::There => {
                self.claimed = Instant::now();
                schedule::renew(&self.core.pool, self.claim).await?
            }
            Stored::Erased => return Ok(Some(Halt::Refused(Refusal::NotThere))),
            Stored::Lost => return Ok(Some(Halt::Refused(try_later(Duration::from_mins(1))))),
        };
        let life = tokens.expires_in.unwrap_or_default();
        let (from, to) = (asked.sent_at, asked.sent_at + life);
        self.works(resource, from, to, &tokens.scopes);
        if short {
            self.gone(|token| token.resource == resource);
        }
        self.follow(&decision);
        // Somebody else has it in hand by now: he asks for the rest.
        Ok((!ours).then(|| Halt::Refused(try_later(Duration::from_secs(5)))))
    }

    pub(super) fn facts(&self, resource: Resource, more_to_come: bool) -> Facts {
        let now = self.core.clock.now();
        let others = || {
            self.tokens
                .iter()
                .filter(|token| token.resource != resource)
        };
        Facts {
            now,
            required: self
                .tokens
                .iter()
                .any(|token| token.resource == resource && token.required),
            other_required_failed: others().any(|token| token.required && token.has_failed()),
            other_works: others().any(TokenRow::is_valid),
            more_to_come,
            mass_trouble: false,
            renew_at: renew_at(&self.tokens, now).map(|at| at.max(now + Duration::from_mins(1))),
            jitter: jitter(),
        }
    }

    pub(super) async fn fail(
        &mut self,
        resource: Resource,
        version: Option<i64>,
        decision: &Decision,
        asked: Option<&Asked>,
        class: &'static str,
        told: Option<(Class, &Failure)>,
    ) -> Result<(), Trouble> {
        let failed = Failed {
            claim: self.claim,
            connection: &self.connection,
            resource,
            version,
            decision,
            class,
        };
        let Written { noted, counts } = failure::commit(self.core, &failed, asked).await?;
        if !counts {
            return Ok(());
        }
        let gone = decision.mark == Mark::Failed;
        self.gone(|token| decision.all_failed || (gone && token.resource == resource));
        for line in &mut self.lines {
            if line.resource == resource {
                line.failure = told.map(|(class, failure)| (class, failure.clone(), noted.clone()));
            }
        }
        self.follow(decision);
        Ok(())
    }

    /// A grant that is still waiting for consent counts for a resource only with all permissions of the set. One that worked
    /// before lives on what Tenantry itself needs: a permission that was newly required must end nobody's access.
    async fn is_short(&self, resource: Resource, scopes: &[String]) -> sqlx::Result<bool> {
        if self.connection.app_only {
            return Ok(!resource.missing_as_app(scopes).is_empty());
        }
        Ok(match self.standing.state {
            State::Pending => {
                let set = PermissionSet::load(&self.core.pool).await?;
                !set.missing(resource, Kind::Delegated, scopes).is_empty()
            }
            State::NeedsConsent => !resource.missing(scopes).is_empty(),
            _ => false,
        })
    }

    fn gone(&mut self, which: impl Fn(&TokenRow) -> bool) {
        for (token, line) in self.tokens.iter_mut().zip(&mut self.lines) {
            if which(token) {
                "failed".clone_into(&mut token.state);
                line.valid = false;
            }
        }
    }

    fn works(
        &mut self,
        resource: Resource,
        acquired_at: OffsetDateTime,
        expires_at: OffsetDateTime,
        scopes: &[String],
    ) {
        for (token, line) in self.tokens.iter_mut().zip(&mut self.lines) {
            if token.resource == resource {
                "valid".clone_into(&mut token.state);
                token.acquired_at = Some(acquired_at);
                token.expires_at = Some(expires_at);
                scopes.clone_into(&mut token.scopes);
                line.valid = true;
                line.expires_at = Some(expires_at);
            }
        }
    }

    /// The next resource of the run starts from what this one left.
    fn follow(&mut self, decision: &Decision) {
        self.connection.state = decision.state;
        self.standing.state = decision.state;
        self.standing.suspect_checks = decision.suspect_checks;
        self.standing.trouble_since = decision.trouble_since;
        if decision.next_refresh_at != never() {
            self.standing.next_refresh_at = decision.next_refresh_at;
        }
    }
}
