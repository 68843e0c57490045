//! A run: one connection in hand, its resources one after another. Runs as a task of its own, never inside the future of
//! a request, so that nobody who loses patience can stop it between the answer and its commit.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::answer::{self, Asked, Outcome, Question};
use super::class::Class;
use super::commit::{self, Good, Stored};
use super::decide::{Answer, Decision, Facts, Mark, Standing, decide, never};
use super::failure::{self, Failed, Written};
use super::grant::{self, Grant};
use super::plan::{Wish, plan, renew_at};
use super::report::{Line, Report};
use super::state::State;
use super::take::Taken;
use crate::entra::{Challenge, Failure, Tokens};
use crate::keeper::app::AppInUse;
use crate::keeper::core::{Core, jitter};
use crate::keeper::fault::{Point, reach};
use crate::keeper::gate::{Heard, Held, Lane, Pass};
use crate::keeper::incident::Sign;
use crate::keeper::message::Refusal;
use crate::keeper::resource::Resource;
use crate::keeper::seal::VaultError;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::schedule::{self, Claim};
use crate::keeper::store::secrets::{self, Sealed};
use crate::keeper::store::tokens::TokenRow;
use crate::keeper::trouble::Trouble;

/// Everything of one run.
struct Run<'a> {
    core: &'a Core,
    claim: &'a Claim,
    /// When the lease was last known to be ours for its whole length.
    claimed: Instant,
    by_hand: bool,
    connection: Connection,
    standing: Standing,
    app: AppInUse,
    sealed: Option<Sealed>,
    /// Opened, or just stored by us; none when it must be read again.
    grant: Option<Grant>,
    tokens: Vec<TokenRow>,
    lines: Vec<Line>,
    /// The last answer's commit gave the lease back.
    released: bool,
    challenge: Option<Challenge>,
}

/// Why a run ends before its last resource.
enum Halt {
    /// The decision said so.
    Decided,
    /// Given back unasked.
    Refused(Refusal),
}

/// Run what was claimed. The claim is given back at the end.
pub(super) async fn run(core: &Core, taken: Taken, wish: Wish) -> Result<Report, Trouble> {
    let claim = &taken.claim;
    let read = (taken.connection, taken.sealed, taken.tokens);
    let report = attempt(core, claim, read, (wish, taken.challenge)).await;
    let now = core.clock.now();
    let retry = report.is_err() && claim.next_refresh_at <= now;
    let retry = retry.then(|| now + Duration::from_mins(1));
    match report {
        Ok((report, true)) => Ok(report),
        other => {
            schedule::release(&core.pool, claim, retry).await?;
            other.map(|(report, _)| report)
        }
    }
}

type Read = (Option<Connection>, Option<Sealed>, Vec<TokenRow>);

/// The report, and whether the lease is given back already.
async fn attempt(
    core: &Core,
    claim: &Claim,
    (connection, sealed, tokens): Read,
    (wish, challenge): (Wish, Option<Challenge>),
) -> Result<(Report, bool), Trouble> {
    let claimed = Instant::now();
    reach(Point::Claimed);
    let connection = connection.ok_or(Refusal::NotThere)?;
    if connection.tenant_state != "active" {
        return Err(Refusal::Suspended.into());
    }
    let app = core.app.of(core, connection.app_registration_id).await?;
    let app = app.ok_or(Refusal::NoApp)?;
    if !connection.public_class && app.app.credential.is_none() {
        return Err(Refusal::NoApp.into());
    }
    let run = Run {
        core,
        claim,
        claimed,
        by_hand: wish != Wish::Due,
        standing: standing(&connection, claim),
        connection,
        app,
        sealed,
        grant: None,
        lines: tokens.iter().map(Line::of).collect(),
        tokens,
        released: false,
        challenge,
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
    async fn go(mut self, wish: Wish) -> Result<(Report, bool), Trouble> {
        let wanted = plan(&self.tokens, wish, self.core.clock.now());
        let mut refusal = None;
        for (at, resource) in wanted.iter().enumerate() {
            let more_to_come = at + 1 < wanted.len();
            match self.one(*resource, more_to_come).await? {
                None => {}
                Some(Halt::Decided) => break,
                Some(Halt::Refused(why)) => {
                    refusal = Some(why);
                    break;
                }
            }
        }
        let report = Report {
            lines: self.lines,
            refusal,
        };
        Ok((report, self.released))
    }

    /// One resource: open, gate, send once, decide, commit.
    async fn one(
        &mut self,
        resource: Resource,
        more_to_come: bool,
    ) -> Result<Option<Halt>, Trouble> {
        if !self.connection.app_only && self.grant.is_none() {
            match self.open().await {
                Ok(Some(grant)) => self.grant = Some(grant),
                Ok(None) => return Ok(Some(Halt::Refused(Refusal::NotThere))),
                Err(VaultError::Shut(why)) => {
                    tracing::error!(connection.id = %self.connection.id, %why, "a refresh token does not open: quarantined");
                    let facts = self.facts(resource, false);
                    let decision = decide(&self.standing, Answer::Shut, &facts);
                    self.fail(resource, None, &decision, None, "shut", None)
                        .await?;
                    return Ok(Some(Halt::Refused(Refusal::Quarantined)));
                }
                Err(error) => return Err(error.into()),
            }
        }
        reach(Point::Opened);
        let pass = match self.pass().await {
            Ok(pass) => pass,
            Err(held) => {
                let next = self.core.clock.now() + held.retry_after.mul_f64(1.0 + jitter());
                // What was asked for ahead of its time keeps its time.
                let due = self.claim.next_refresh_at <= self.core.clock.now();
                let next = (due && self.connection.state.is_living()).then_some(next);
                schedule::release(&self.core.pool, self.claim, next).await?;
                self.released = true;
                return Ok(Some(Halt::Refused(try_later(held.retry_after))));
            }
        };
        reach(Point::Gated);
        let grant = self.grant.take();
        let mut asked = self.ask(resource, grant.as_ref()).await;
        if let Some(next) = self.other_credential(&asked).await {
            self.app = next;
            asked = asked.followed_by(self.ask(resource, grant.as_ref()).await);
        }
        reach(Point::Received);
        tell(&asked, &pass);
        // The way is free for the next request before this answer is stored.
        drop(pass);
        self.judge(resource, grant, &asked, more_to_come).await
    }

    async fn ask(&self, resource: Resource, grant: Option<&Grant>) -> Asked {
        let question = Question {
            app: &self.app,
            connection: &self.connection,
            resource,
            challenge: self.challenge.as_ref(),
        };
        answer::ask(self.core, &question, grant).await
    }

    /// Microsoft refused the credential that we showed: another one of the registration, if there is one, so that a
    /// rotation leaves no gap.
    async fn other_credential(&self, asked: &Asked) -> Option<AppInUse> {
        let (shown, registration) = (self.app.credential_id?, self.app.registration_id);
        if self.connection.public_class {
            return None;
        }
        match &asked.outcome {
            Outcome::Failed { failure, class } if *class == Class::AppLevel => {
                let app = &self.core.app;
                app.refused(self.core, registration, shown, failure).await
            }
            Outcome::Tokens { .. } => {
                self.core.app.worked(self.core, &self.app).await;
                None
            }
            _ => None,
        }
    }

    /// The tokens as they were read with the claim, or as they are by now.
    async fn open(&mut self) -> Result<Option<Grant>, VaultError> {
        let (tenant_id, id) = (self.connection.tenant_id, self.connection.id);
        let sealed = match self.sealed.take() {
            Some(sealed) => Some(sealed),
            None => secrets::load(&self.core.pool, tenant_id, id).await?,
        };
        match sealed {
            Some(sealed) => Ok(Some(
                grant::open(&self.core.vault, tenant_id, id, &sealed).await?,
            )),
            None => Ok(None),
        }
    }

    /// Leave to send, in time: later the lease might end while the call is under way.
    async fn pass(&self) -> Result<Pass, Held> {
        let lane = Lane {
            client_id: self.app.app.client_id,
            with_credential: !self.connection.public_class,
        };
        let deadline = self.claimed + self.core.settings.send_within;
        let pass = self
            .core
            .gate
            .enter(lane, self.connection.tenant_id, deadline, self.by_hand)
            .await?;
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
        let short = self.is_short(resource, &tokens.scopes);
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

    /// A grant that is still waiting for consent counts for a resource only with all permissions that we need.
    fn is_short(&self, resource: Resource, scopes: &[String]) -> bool {
        if self.connection.app_only {
            return !resource.missing_as_app(scopes).is_empty();
        }
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

/// What the answer says about Microsoft and our application.
fn tell(asked: &Asked, pass: &Pass) {
    pass.told(match &asked.outcome {
        Outcome::Failed { class, .. } => class.heard(),
        Outcome::Tokens { .. } | Outcome::Foreign { .. } => Heard::Fine,
    });
}

fn try_later(after: Duration) -> Refusal {
    Refusal::TryLater {
        retry_after_s: Some(after.as_secs().max(1)),
    }
}
