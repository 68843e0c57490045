//! A run: one connection in hand, its resources one after another. Runs as a task of its own, never inside the future of
//! a request, so that nobody who loses patience can stop it between the answer and its commit.

use std::time::Duration;

use tokio::time::Instant;

use super::answer::{self, Asked, Outcome, Question};
use super::class::Class;
use super::decide::{Answer, Standing, decide};
use super::grant::{self, Grant};
use super::plan::{Wish, plan};
use super::report::{Line, Report};
use super::take::Taken;
use crate::entra::Challenge;
use crate::keeper::app::AppInUse;
use crate::keeper::core::{Core, jitter};
use crate::keeper::fault::{Point, reach};
use crate::keeper::gate::{Heard, Held, Lane, Pass};
use crate::keeper::message::Refusal;
use crate::keeper::resource::Resource;
use crate::keeper::seal::VaultError;
use crate::keeper::store::connections::Connection;
use crate::keeper::store::schedule::{self, Claim};
use crate::keeper::store::secrets::{self, Sealed};
use crate::keeper::store::tokens::TokenRow;
use crate::keeper::trouble::Trouble;

/// Everything of one run.
pub(super) struct Run<'a> {
    pub core: &'a Core,
    pub claim: &'a Claim,
    /// When the lease was last known to be ours for its whole length.
    pub claimed: Instant,
    pub by_hand: bool,
    pub connection: Connection,
    pub standing: Standing,
    pub app: AppInUse,
    pub sealed: Option<Sealed>,
    /// Opened, or just stored by us; none when it must be read again.
    pub grant: Option<Grant>,
    pub tokens: Vec<TokenRow>,
    pub lines: Vec<Line>,
    /// The last answer's commit gave the lease back.
    pub released: bool,
    pub challenge: Option<Challenge>,
}

/// Why a run ends before its last resource.
pub(super) enum Halt {
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
}

/// What the answer says about Microsoft and our application.
fn tell(asked: &Asked, pass: &Pass) {
    pass.told(match &asked.outcome {
        Outcome::Failed { class, .. } => class.heard(),
        Outcome::Tokens { .. } | Outcome::Foreign { .. } => Heard::Fine,
    });
}

/// Come again after so long.
pub(super) fn try_later(after: Duration) -> Refusal {
    Refusal::TryLater {
        retry_after_s: Some(after.as_secs().max(1)),
    }
}
