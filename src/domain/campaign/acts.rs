//! What technicians do with a campaign: start, pause, resume, stop, discard, try again. Whoever does not see all its tenants
//! does none of it.

use super::{Campaign, Stage, State, store};
use crate::domain::audit::Entry;
use crate::domain::op::{Op, Scope};
use crate::domain::{customer_mail, invitation};
use crate::storage::CampaignId;

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("no such campaign")]
    NotThere,
    /// It has tenants that the asker does not see.
    #[error("it concerns tenants out of reach")]
    NotWhole,
    /// It is not in a state in which that can be done.
    #[error("the campaign is not in that state")]
    WrongState,
    /// Its deadline has passed.
    #[error("the deadline has passed")]
    TooLate,
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// What a stop ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stopped {
    /// Tenants that are asked no more.
    pub tenants: u64,
    /// Mails that were queued and do not go out.
    pub mails: u64,
    /// Links that nobody had opened and that are good no more.
    pub links: u64,
}

async fn whole(op: &mut Op, scope: Scope, id: CampaignId) -> Result<Campaign, ActError> {
    let found = store::find(op, scope, id)
        .await?
        .ok_or(ActError::NotThere)?;
    if found.is_whole {
        Ok(found)
    } else {
        Err(ActError::NotWhole)
    }
}

async fn note(op: &mut Op, action: &'static str, campaign: &Campaign) -> Result<(), sqlx::Error> {
    Entry::new(action)
        .object("campaign", campaign.id)
        .detail("name", campaign.name.as_str())
        .detail("tenants", campaign.tenants)
        .write(op)
        .await
}

/// From draft to running: from now on mails go out.
pub async fn start(op: &mut Op, scope: Scope, id: CampaignId) -> Result<(), ActError> {
    run(op, scope, id, State::Draft, "campaign.started").await
}

/// From paused to running.
pub async fn resume(op: &mut Op, scope: Scope, id: CampaignId) -> Result<(), ActError> {
    run(op, scope, id, State::Paused, "campaign.resumed").await
}

async fn run(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    from: State,
    action: &'static str,
) -> Result<(), ActError> {
    let campaign = whole(op, scope, id).await?;
    let now = op.now();
    if campaign.deadline.is_some_and(|end| end <= now) {
        return Err(ActError::TooLate);
    }
    let next = Some(campaign.pace.opens(now));
    if !store::change_state(op, id, &[from], State::Running, next, "").await? {
        return Err(ActError::WrongState);
    }
    Ok(note(op, action, &campaign).await?)
}

/// Nobody is asked or reminded until it is resumed; mails that are queued already go out.
pub async fn pause(op: &mut Op, scope: Scope, id: CampaignId) -> Result<(), ActError> {
    let campaign = whole(op, scope, id).await?;
    if !store::change_state(op, id, &[State::Running], State::Paused, None, "").await? {
        return Err(ActError::WrongState);
    }
    Ok(note(op, "campaign.paused", &campaign).await?)
}

/// End it. Mails that are queued do not go out; with `links`, links that nobody has opened are good no more.
pub async fn stop(
    op: &mut Op,
    scope: Scope,
    id: CampaignId,
    links: bool,
) -> Result<Stopped, ActError> {
    let campaign = whole(op, scope, id).await?;
    let live = [State::Running, State::Paused];
    if !store::change_state(op, id, &live, State::Stopped, None, "Stopped").await? {
        return Err(ActError::WrongState);
    }
    let mut stopped = Stopped {
        mails: customer_mail::cancel_campaign(op, scope, id.as_uuid()).await?,
        ..Stopped::default()
    };
    if links {
        for invitation in store::untouched(op, id).await? {
            match invitation::revoke(op, scope, invitation).await {
                // Nobody has opened it, so no attempt ends with it.
                Ok(_) => stopped.links += 1,
                Err(invitation::EndError::NotGood | invitation::EndError::NotThere) => {}
                Err(invitation::EndError::Database(error)) => return Err(error.into()),
            }
        }
    }
    let before = stopped_so_far(op, scope, id).await?;
    store::stop_tenants(op, id, "The campaign was stopped", false).await?;
    // Who was through stays so on the board, and is not counted.
    stopped.tenants = stopped_so_far(op, scope, id).await?.saturating_sub(before);
    Entry::new("campaign.stopped")
        .object("campaign", id)
        .detail("name", campaign.name.as_str())
        .detail("tenants", stopped.tenants)
        .detail("stopped", stopped.mails)
        .detail("links_ended", stopped.links)
        .write(op)
        .await?;
    Ok(stopped)
}

async fn stopped_so_far(op: &mut Op, scope: Scope, id: CampaignId) -> Result<u64, sqlx::Error> {
    let counts = store::counts(op, scope, id).await?;
    let stopped = counts.get(&Stage::Stopped).copied().unwrap_or_default();
    Ok(stopped.unsigned_abs())
}

/// Forget a draft.
pub async fn discard(op: &mut Op, scope: Scope, id: CampaignId) -> Result<(), ActError> {
    let campaign = whole(op, scope, id).await?;
    if !store::delete_draft(op, id).await? {
        return Err(ActError::WrongState);
    }
    Ok(note(op, "campaign.discarded", &campaign).await?)
}

/// Those that could not be asked, for want of an address for example, wait again; gives how many. A campaign that was over
/// because nobody else was left runs on, up to its deadline.
pub async fn retry(op: &mut Op, scope: Scope, id: CampaignId) -> Result<u64, ActError> {
    // Neither its end nor a stop comes between the look and the act.
    store::lock(op, id).await?;
    let campaign = whole(op, scope, id).await?;
    let now = op.now();
    if campaign.deadline.is_some_and(|end| end <= now) {
        return Err(ActError::TooLate);
    }
    if !campaign.may_try_again(now) {
        return Err(ActError::WrongState);
    }
    let again = store::retry(op, id).await?;
    if again > 0 && campaign.state == State::Done {
        // Not before the pace allows the next mail.
        let soonest = campaign
            .next_send_at
            .map_or(now, |planned| planned.max(now));
        let next = Some(campaign.pace.opens(soonest));
        store::change_state(op, id, &[State::Done], State::Running, next, "").await?;
    }
    if again > 0 {
        Entry::new("campaign.retried")
            .object("campaign", id)
            .detail("name", campaign.name.as_str())
            .detail("tenants", again)
            .write(op)
            .await?;
    }
    Ok(again)
}

/// After a restore: none goes on by itself. Who was asked since the backup would be asked again.
pub async fn pause_all(op: &mut Op) -> Result<u64, sqlx::Error> {
    store::pause_all(op).await
}
