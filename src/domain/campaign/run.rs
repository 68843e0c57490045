//! The worker's turn: who is due is asked or reminded, one transaction each with its invitation and its mail; who has
//! authorised us is checked; what is over ends. It may be killed anywhere, and several may run at once.

mod ask;
mod fate;
mod remind;

use sqlx::PgPool;

use super::store;
use super::{Campaign, State};
use crate::clock::Clock;
use crate::domain::audit::Entry;
use crate::domain::op::{Actor, Op, Scope};
use crate::domain::{connection, customer_mail};
use crate::keeper;
use crate::storage::CampaignId;

/// Rounds of one turn; each asks one tenant of every campaign that is due.
const ROUNDS: usize = 500;
/// Checks of one turn; each may take a minute when Microsoft is slow.
const CHECKS: i64 = 20;

/// What a turn needs.
#[derive(Clone, Debug)]
pub struct Runner {
    pub pool: PgPool,
    pub clock: Clock,
    pub keeper: keeper::Client,
}

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub asked: u32,
    pub reminded: u32,
    /// Could not be asked, or need not be any more.
    pub left_out: u32,
    pub checked: u32,
    /// Campaigns that ended.
    pub ended: u32,
}

/// How one step went.
enum Step {
    Asked,
    Reminded,
    LeftOut,
    /// Somebody else did it, or there is nothing to do now.
    Nothing,
    /// The keeper is away: nobody can be asked.
    Away,
}

impl Runner {
    /// Everything that is due, until nothing is or the turn is full.
    pub async fn sweep(&self) -> Result<Swept, sqlx::Error> {
        let mut swept = Swept::default();
        swept.ended += self.end_lapsed().await?;
        for _ in 0..ROUNDS {
            let mut op = self.begin().await?;
            let due = store::ready(&mut op).await?;
            drop(op);
            let mut moved = false;
            for one in due {
                match self.step(one).await? {
                    Step::Asked => swept.asked += 1,
                    Step::Reminded => swept.reminded += 1,
                    Step::LeftOut => swept.left_out += 1,
                    Step::Nothing => continue,
                    Step::Away => return Ok(swept),
                }
                moved = true;
            }
            if !moved {
                break;
            }
        }
        swept.checked += self.check().await?;
        swept.ended += self.end_finished().await?;
        Ok(swept)
    }

    async fn begin(&self) -> Result<Op, sqlx::Error> {
        Op::begin(&self.pool, &self.clock, Actor::Worker("campaigns")).await
    }

    async fn step(&self, id: CampaignId) -> Result<Step, sqlx::Error> {
        let mut op = self.begin().await?;
        let Some(campaign) = store::find(&mut op, Scope::all(), id).await? else {
            return Ok(Step::Nothing);
        };
        let opens = campaign.pace.opens(op.now());
        if opens > op.now() {
            // Its hours were over before the worker came to it.
            if store::lock_running(&mut op, campaign.id).await?.is_some() {
                store::plan_next(&mut op, campaign.id, opens).await?;
                op.commit().await?;
            }
            return Ok(Step::Nothing);
        }
        let (waiting, reminder) = match store::waiting(&mut op, campaign.id).await? {
            Some(tenant) => (Some(tenant), None),
            None => (None, store::due_reminder(&mut op, campaign.id).await?),
        };
        drop(op);
        match (waiting, reminder) {
            (Some(tenant), _) => self.ask(&campaign, tenant).await,
            (None, Some(due)) => self.remind(&campaign, due).await,
            (None, None) => Ok(Step::Nothing),
        }
    }

    /// "Validate" for whoever has authorised us since they were asked.
    async fn check(&self) -> Result<u32, sqlx::Error> {
        let mut op = self.begin().await?;
        let due = store::due_checks(&mut op, CHECKS).await?;
        drop(op);
        let mut checked = 0;
        for (campaign, tenant) in due {
            let mut op = self.begin().await?;
            if !store::begin_check(&mut op, campaign, tenant).await? {
                continue;
            }
            op.commit().await?;
            let (look, scope) = (self.begin().await?, Scope::all());
            let done =
                connection::validate(look, &self.pool, &self.clock, &self.keeper, scope, tenant);
            match done.await {
                Ok(_) => checked += 1,
                Err(error) => {
                    tracing::info!(%error, tenant.id = %tenant, "a campaign's check could not be made");
                }
            }
        }
        Ok(checked)
    }

    async fn end_lapsed(&self) -> Result<u32, sqlx::Error> {
        let mut op = self.begin().await?;
        let lapsed = store::lapsed(&mut op).await?;
        drop(op);
        let mut ended = 0;
        for id in lapsed {
            let mut op = self.begin().await?;
            let why = "The deadline has passed";
            if self.end(&mut op, id, why).await? {
                customer_mail::cancel_campaign(&mut op, Scope::all(), id.as_uuid()).await?;
                store::stop_tenants(&mut op, id, why, true).await?;
                op.commit().await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn end_finished(&self) -> Result<u32, sqlx::Error> {
        let mut op = self.begin().await?;
        let candidates = store::finished(&mut op).await?;
        drop(op);
        let mut ended = 0;
        for id in candidates {
            let mut op = self.begin().await?;
            // Nobody is tried again meanwhile.
            store::lock(&mut op, id).await?;
            if store::unfinished(&mut op, id).await? == 0
                && self.end(&mut op, id, "Nobody is left to ask").await?
            {
                op.commit().await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    async fn end(&self, op: &mut Op, id: CampaignId, why: &str) -> Result<bool, sqlx::Error> {
        let live = [State::Running, State::Paused];
        if !store::change_state(op, id, &live, State::Done, None, why).await? {
            return Ok(false);
        }
        Entry::new("campaign.ended")
            .object("campaign", id)
            .detail("why", why)
            .write(op)
            .await?;
        Ok(true)
    }
}

/// When the next mail of this campaign may go out, after one now.
async fn count_mail(op: &mut Op, campaign: &Campaign) -> Result<bool, sqlx::Error> {
    let Some(planned) = store::lock_running(op, campaign.id).await? else {
        return Ok(false);
    };
    let next = campaign.pace.after(planned, op.now());
    store::plan_next(op, campaign.id, next).await?;
    Ok(true)
}
