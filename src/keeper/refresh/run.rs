//! A run: one connection in hand, its resources one after another. Runs as a task of its own, never inside the future of
//! a request, so that nobody who loses patience can stop it between the answer and its commit.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::answer::{self, Asked, Outcome};
use super::class::Class;
use super::commit::{self, Good, Stored};
use super::decide::{Answer, Decision, Facts, Mark, Standing, decide, never};
use super::failure::{self, Failed};
use super::grant::{self, Grant};
use super::plan::{Wish, plan, renew_at};
use super::report::{Line, Report};
use super::state::State;
use crate::entra::Failure;
use crate::keeper::app::AppInUse;
use crate::keeper::core::{Core, jitter};
use crate::keeper::fault::{Point, reach};
use crate::keeper::gate::{Held, Lane, Pass};
use crate::keeper::message::Refusal;
use crate::keeper::resource::Resource;
use crate::keeper::seal::VaultError;
use crate::keeper::store::connections::{self, Connection};
use crate::keeper::store::schedule::{self, Claim};
use crate::keeper::store::tokens::{self, TokenRow};
use crate::keeper::trouble::Trouble;

/// Everything of one run.
struct Run<'a> {
    core: &'a Core,
    claim: &'a Claim,
    claimed: Instant,
    by_hand: bool,
    connection: Connection,
    standing: Standing,
    app: AppInUse,
    tokens: Vec<TokenRow>,
    lines: Vec<Line>,
}

/// Why a run ends before its last resource.
enum Halt {
    /// The decision said so.
    Decided,
    /// Given back unasked.
    Refused(Refusal),
}

/// Run what was claimed. The claim is given back at the end.
pub(super) async fn run(core: &Core, claim: &Claim, wish: Wish) -> Result<Report, Trouble> {
    let report = attempt(core, claim, wish).await;
    let now = core.clock.now();
    let retry = report.is_err() && claim.next_refresh_at <= now;
    let retry = retry.then(|| now + Duration::from_mins(1));
    schedule::release(&core.pool, claim, retry).await?;
    report
}

async fn attempt(core: &Core, claim: &Claim, wish: Wish) -> Result<Report, Trouble> {
    let claimed = Instant::now();
    reach(Point::Claimed);
    let (tenant_id, id) = (claim.tenant_id, claim.connection_id);
    let connection = connections::load(&core.pool, tenant_id, id)
        .await?
        .ok_or(Refusal::NotThere)?;
    if connection.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    let app = core.app.get(&core.pool, &core.vault).await?;
    let app = app.ok_or(Refusal::NoApp)?;
    if !connection.public_class && app.app.credential.is_none() {
        return Err(Refusal::NoApp.into());
    }
    let tokens = tokens::list(&core.pool, tenant_id, id).await?;
    let run = Run {
        core,
        claim,
        claimed,
        by_hand: wish != Wish::Due,
        standing: standing(&connection, claim),
        connection,
        app,
        lines: tokens.iter().map(Line::of).collect(),
        tokens,
    };
    run.go(wish).await
}

fn standing(connection: &Connection, claim: &Claim) -> Standing {
    Standing {
        state: connection.state,
        suspect_checks: connection.suspect_checks,
        trouble_since: connection.trouble_since,
        attempt: claim.attempt,
        due_at: claim.next_refresh_at,
        next_refresh_at: claim.next_refresh_at,
    }
}

impl Run<'_> {
    async fn go(mut self, wish: Wish) -> Result<Report, Trouble> {
        let wanted = plan(&self.tokens, wish, self.core.clock.now());
        let mut refusal = None;
        for (at, resource) in wanted.iter().enumerate() {
            let more_to_come = at + 1 < wanted.len();
            match self.one(*resource, at > 0, more_to_come).await? {
                None => {}
                Some(Halt::Decided) => break,
                Some(Halt::Refused(why)) => {
                    refusal = Some(why);
                    break;
                }
            }
        }
        Ok(Report {
            lines: self.lines,
            refusal,
        })
    }

    /// One resource: open, gate, send once, decide, commit.
    async fn one(
        &mut self,
        resource: Resource,
        again: bool,
        more_to_come: bool,
    ) -> Result<Option<Halt>, Trouble> {
        let grant = match self.open().await {
            Ok(Some(grant)) => grant,
            Ok(None) => return Ok(Some(Halt::Refused(Refusal::NotThere))),
            Err(VaultError::Shut(why)) => {
                tracing::error!(connection.id = %self.connection.id, %why, "a refresh token does not open: quarantined");
                let decision = decide(&self.standing, Answer::Shut, &self.facts(resource, false));
                self.fail(resource, &decision, None, "shut", None).await?;
                return Ok(Some(Halt::Refused(Refusal::Quarantined)));
            }
            Err(error) => return Err(error.into()),
        };
        reach(Point::Opened);
        if again {
            if !schedule::renew(&self.core.pool, self.claim).await? {
                return Ok(Some(Halt::Refused(try_later(Duration::from_secs(5)))));
            }
            self.claimed = Instant::now();
        }
        let pass = match self.pass().await {
            Ok(pass) => pass,
            Err(held) => {
                let next = self.core.clock.now() + held.retry_after.mul_f64(1.0 + jitter());
                let next = self.connection.state.is_living().then_some(next);
                schedule::release(&self.core.pool, self.claim, next).await?;
                return Ok(Some(Halt::Refused(try_later(held.retry_after))));
            }
        };
        reach(Point::Gated);
        let scope = resource.scope(&self.core.endpoints);
        let asked = answer::ask(
            &self.core.entra,
            &self.app,
            &self.connection,
            &grant,
            &scope,
        )
        .await;
        reach(Point::Received);
        self.judge(resource, &grant, &asked, &pass, more_to_come)
            .await
    }

    async fn open(&self) -> Result<Option<Grant>, VaultError> {
        let (tenant_id, id) = (self.connection.tenant_id, self.connection.id);
        grant::open(&self.core.pool, &self.core.vault, tenant_id, id).await
    }

    /// Leave to send, in time: later the lease might end while the call is under way.
    async fn pass(&self) -> Result<Pass, Held> {
        let lane = Lane {
            client_id: self.app.app.client_id,
            with_credential: !self.connection.public_class,
        };
        let deadline = self.claimed + self.core.settings.send_within;
        let pass = self.core.gate.enter(lane, deadline, self.by_hand).await?;
        if Instant::now() > deadline || self.core.stop.is_cancelled() {
            return Err(Held {
                retry_after: Duration::from_secs(5),
            });
        }
        Ok(pass)
    }

    async fn judge(
        &mut self,
        resource: Resource,
        grant: &Grant,
        asked: &Asked,
        pass: &Pass,
        more_to_come: bool,
    ) -> Result<Option<Halt>, Trouble> {
        let mut facts = self.facts(resource, more_to_come);
        match &asked.outcome {
            Outcome::Tokens {
                tokens,
                by_previous,
            } => {
                pass.accepted_us();
                let short = self.is_short(resource, &tokens.scopes);
                let answer = if short {
                    Answer::Fails(Class::ConsentMissing)
                } else {
                    Answer::Works
                };
                let decision = decide(&self.standing, answer, &facts);
                let good = Good {
                    short,
                    claim: self.claim,
                    connection: &self.connection,
                    resource,
                    decision: &decision,
                    tokens,
                    by_previous: *by_previous,
                    version: grant.version,
                    credential_ends_at: self.app.ends_at,
                    asked,
                };
                match commit::store(self.core, &good).await {
                    Stored::Yes => {}
                    Stored::Erased => return Ok(Some(Halt::Refused(Refusal::NotThere))),
                    Stored::Lost => {
                        return Ok(Some(Halt::Refused(try_later(Duration::from_mins(1)))));
                    }
                }
                let life = tokens.expires_in.unwrap_or_default();
                self.works(
                    resource,
                    asked.sent_at,
                    asked.sent_at + life,
                    &tokens.scopes,
                );
                if short {
                    self.gone(|token| token.resource == resource);
                }
                self.follow(&decision);
                Ok(None)
            }
            Outcome::Foreign { what } => {
                tracing::error!(connection.id = %self.connection.id, what, "the tokens became somebody else's: quarantined");
                let decision = decide(&self.standing, Answer::Foreign, &facts);
                self.fail(resource, &decision, Some(asked), "foreign", None)
                    .await?;
                Ok(Some(Halt::Refused(Refusal::Quarantined)))
            }
            Outcome::Failed { failure, class } => {
                facts.mass_trouble = self.core.guard.is_mass(*class, self.connection.tenant_id);
                let decision = decide(&self.standing, Answer::Fails(*class), &facts);
                match class {
                    Class::AppLevel => pass.refused_us(),
                    Class::Throttled(_) | Class::Transient => {}
                    _ => pass.accepted_us(),
                }
                let told = Some((*class, &**failure));
                self.fail(resource, &decision, Some(asked), class.as_str(), told)
                    .await?;
                Ok(decision.stop.then_some(Halt::Decided))
            }
        }
    }

    fn facts(&self, resource: Resource, more_to_come: bool) -> Facts {
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

    async fn fail(
        &mut self,
        resource: Resource,
        decision: &Decision,
        asked: Option<&Asked>,
        class: &'static str,
        told: Option<(Class, &Failure)>,
    ) -> Result<(), Trouble> {
        let failed = Failed {
            claim: self.claim,
            connection: &self.connection,
            resource,
            decision,
            class,
        };
        let noted = failure::commit(self.core, &failed, asked).await?;
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

    /// A grant that is still waiting for consent counts for a resource only with all permissions that we need.
    fn is_short(&self, resource: Resource, scopes: &[String]) -> bool {
        matches!(self.standing.state, State::Pending | State::NeedsConsent)
            && !resource.missing(scopes).is_empty()
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

fn try_later(after: Duration) -> Refusal {
    Refusal::TryLater {
        retry_after_s: Some(after.as_secs().max(1)),
    }
}
