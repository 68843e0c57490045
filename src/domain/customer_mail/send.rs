//! Send what is queued: take one, commit, open its link, hand it to the mail server, write down how it went. After a status
//! 4xx, or while the server or the keeper is away, a mail is tried again after 1, 2, 4 … minutes, at most an hour, for 24
//! hours; a status 5xx fails it at once. What failed is seen, and can be sent again.

use sqlx::PgPool;
use time::Duration;
use url::Url;

use super::letter::{Prepared, prepare};
use super::store::Ended;
use super::{Taken, store};
use crate::clock::Clock;
use crate::domain::invitation::{self, LinkError, LinkToken};
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::{audit, operations};
use crate::keeper;
use crate::mail::{Mailer, SendError};
use crate::storage::TenantId;

/// Sent in one run of the worker; the next follows within seconds.
const BATCH: usize = 500;
const LONGEST_PAUSE_MINUTES: i64 = 60;

/// What sending needs.
#[derive(Clone, Debug)]
pub struct Sender {
    pub pool: PgPool,
    pub clock: Clock,
    pub keeper: keeper::Client,
    /// None: no mail server is set up.
    pub mailer: Option<Mailer>,
    /// Under which links stand.
    pub base_url: Url,
    pub msp_name: String,
    pub report_to: String,
    /// The application's name as Microsoft shows it; empty when not told.
    pub app_name: String,
    /// In whose name a mail goes out, and for which request: the worker's, or a technician's who waits for it.
    pub actor: Actor,
    pub request_id: String,
}

/// What a run of the worker did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub sent: u32,
    pub later: u32,
    pub failed: u32,
    pub cancelled: u32,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// It will be tried again.
    Later(String),
    Failed(String),
    /// What it tells of is over.
    Cancelled(&'static str),
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotSent {
    #[error("no mail server is set up")]
    NoServer,
    #[error("{0}")]
    Moot(&'static str),
    #[error("the link cannot be opened right now")]
    Link(#[from] LinkError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl NotSent {
    /// Would the same happen to every other mail now?
    const fn concerns_all(&self) -> bool {
        matches!(
            self,
            Self::NoServer
                | Self::Link(LinkError::Keeper(_))
                | Self::Send(SendError::Unreachable(_))
        )
    }

    const fn is_final(&self) -> bool {
        !matches!(
            self,
            Self::Send(SendError::Unreachable(_))
                | Self::NoServer
                | Self::Link(LinkError::Keeper(_))
                | Self::Database(_)
        )
    }
}

impl Sender {
    /// Send what is due, until nothing is, the batch is full, or nothing would go out.
    pub async fn sweep(&self) -> Result<Swept, sqlx::Error> {
        let mut swept = Swept::default();
        for _ in 0..BATCH {
            let mut op = Op::begin(&self.pool, &self.clock, self.actor.clone()).await?;
            let taken = store::take_next(&mut op).await?;
            op.commit().await?;
            let Some(mail) = taken else { break };
            let (outcome, go_on) = self.attempt(&mail, None, true).await?;
            match outcome {
                Outcome::Sent => swept.sent += 1,
                Outcome::Later(_) => swept.later += 1,
                Outcome::Failed(_) => swept.failed += 1,
                Outcome::Cancelled(_) => swept.cancelled += 1,
            }
            if !go_on {
                break;
            }
        }
        Ok(swept)
    }

    /// Send this one now and once, for somebody who waits to hear how it goes: what cannot go out now has failed. `link`
    /// spares asking the keeper for what the caller has in hand.
    pub async fn once(
        &self,
        mail: &Taken,
        link: Option<&LinkToken>,
    ) -> Result<Outcome, sqlx::Error> {
        Ok(self.attempt(mail, link, false).await?.0)
    }

    async fn begin(&self, tenant: TenantId) -> Result<Op, sqlx::Error> {
        let scope = Scope::one(tenant);
        let op = Op::begin_within(&self.pool, &self.clock, self.actor.clone(), scope).await?;
        Ok(op.for_request(&self.request_id))
    }

    async fn attempt(
        &self,
        mail: &Taken,
        link: Option<&LinkToken>,
        again: bool,
    ) -> Result<(Outcome, bool), sqlx::Error> {
        match self.hand_over(mail, link).await {
            Ok(prepared) => {
                self.note_sent(mail, &prepared).await?;
                Ok((Outcome::Sent, true))
            }
            Err(NotSent::Database(error)) => Err(error),
            Err(NotSent::Moot(why)) => {
                self.note_cancelled(mail, why).await?;
                Ok((Outcome::Cancelled(why), true))
            }
            Err(error) => {
                tracing::warn!(error = ?error, customer_mail.id = %mail.id, "a mail to a customer did not go out");
                let outcome = self.note_failed(mail, &error, again).await?;
                Ok((outcome, !error.concerns_all()))
            }
        }
    }

    async fn hand_over(&self, mail: &Taken, link: Option<&LinkToken>) -> Result<Prepared, NotSent> {
        let mut op = self.begin(mail.tenant).await?;
        let mut prepared = prepare(&mut op, self, mail).await?;
        // The network is asked outside any transaction.
        drop(op);
        let mailer = self.mailer.as_ref().ok_or(NotSent::NoServer)?;
        if let Some(invitation) = &prepared.invitation {
            let url = match link {
                Some(token) => token.auth_url(&self.base_url),
                None => invitation::reveal(&self.keeper, invitation)
                    .await?
                    .auth_url(&self.base_url),
            };
            prepared.letter.link = Some(url);
        }
        let letter = prepared.letter.compose()?;
        mailer.send_as(letter, Some(mail.id.as_uuid())).await?;
        Ok(prepared)
    }

    async fn note_sent(&self, mail: &Taken, prepared: &Prepared) -> Result<(), sqlx::Error> {
        let mut op = self.begin(mail.tenant).await?;
        if !store::settle(&mut op, mail, Ended::Sent).await? {
            return Ok(());
        }
        match &prepared.invitation {
            Some(invitation) => invitation::record_sent(&mut op, invitation).await?,
            None => self.note(&mut op, mail, "customer_mail.sent", "").await?,
        }
        operations::record_mail(&mut op, Some(mail.tenant), mail.kind.as_str(), "").await?;
        op.commit().await
    }

    async fn note_cancelled(&self, mail: &Taken, why: &'static str) -> Result<(), sqlx::Error> {
        let mut op = self.begin(mail.tenant).await?;
        if store::settle(&mut op, mail, Ended::Cancelled(why)).await? {
            self.note(&mut op, mail, "customer_mail.cancelled", why)
                .await?;
        }
        op.commit().await
    }

    async fn note_failed(
        &self,
        mail: &Taken,
        error: &NotSent,
        again: bool,
    ) -> Result<Outcome, sqlx::Error> {
        let why = error.to_string();
        let mut op = self.begin(mail.tenant).await?;
        let next = op.now() + pause(mail.attempts);
        let over = error.is_final() || !again || next > mail.give_up_at;
        let ended = if over {
            Ended::Failed(&why)
        } else {
            Ended::Later(next, &why)
        };
        if store::settle(&mut op, mail, ended).await? {
            operations::record_mail(&mut op, Some(mail.tenant), mail.kind.as_str(), &why).await?;
            if over {
                self.note(&mut op, mail, "customer_mail.failed", &why)
                    .await?;
            }
        }
        op.commit().await?;
        Ok(if over {
            Outcome::Failed(why)
        } else {
            Outcome::Later(why)
        })
    }

    async fn note(
        &self,
        op: &mut Op,
        mail: &Taken,
        action: &'static str,
        why: &str,
    ) -> Result<(), sqlx::Error> {
        let mut entry = audit::Entry::new(action)
            .tenant(mail.tenant)
            .object("customer_mail", mail.id)
            .detail("kind", mail.kind.as_str())
            .detail("to", mail.to.as_str());
        if action == "customer_mail.failed" {
            entry = entry.outcome(audit::Outcome::Failed);
        }
        if !why.is_empty() {
            entry = entry.detail("why", why);
        }
        entry.write(op).await
    }
}

/// Until the next attempt after so many.
fn pause(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 7) - 1).unwrap_or_default();
    Duration::minutes((1_i64 << doublings).min(LONGEST_PAUSE_MINUTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let minutes = [1, 2, 3, 6, 7, 30].map(|attempts| pause(attempts).whole_minutes());
        assert_eq!(minutes, [1, 2, 4, 32, 60, 60]);
    }
}
